// Signatures of the AUTH payload: the algorithms of RFC 7427 by their AlgorithmIdentifier, and the
// older methods that fix one (RFC 7296 §3.8, RFC 4754). RSA is computed on libuv's threads.
import { constants, type KeyObject, sign, verify } from 'node:crypto';

export type Padding = 'pkcs1' | 'pss';

export interface SignatureAlgorithm {
  /** For people: `rsa-pss-sha256`. */
  readonly name: string;
  readonly key: 'rsa' | 'ec' | 'ed25519';
  /** node:crypto's digest; undefined: the algorithm has its own. */
  readonly digest: string | undefined;
  readonly padding?: Padding;
  readonly saltBytes?: number;
}

// ---- hashes (RFC 7427 §7, RFC 8420 §3) -----------------------------------------------------------

interface Hash {
  readonly id: number;
  readonly name: 'sha256' | 'sha384' | 'sha512';
  readonly bytes: number;
  /** Last byte of the OIDs of the hash itself, of RSA with it, of ECDSA with it. */
  readonly oid: number;
  readonly rsa: number;
  readonly ecdsa: number;
}
const HASHES: readonly Hash[] = [
  { id: 2, name: 'sha256', bytes: 32, oid: 1, rsa: 0x0b, ecdsa: 2 },
  { id: 3, name: 'sha384', bytes: 48, oid: 2, rsa: 0x0c, ecdsa: 3 },
  { id: 4, name: 'sha512', bytes: 64, oid: 3, rsa: 0x0d, ecdsa: 4 },
];
const HASH_IDENTITY = 5;

/** SIGNATURE_HASH_ALGORITHMS: what we verify, and sign with. No SHA-1. */
export const SIGNATURE_HASHES: Uint8Array = Uint8Array.from(
  [...HASHES.map(({ id }) => id), HASH_IDENTITY].flatMap((id) => [id >> 8, id & 255]),
);

/** The hash ids of a peer's notification. */
export const readHashes = (data: Uint8Array): number[] =>
  Array.from({ length: data.length >> 1 }, (_, at) => data[2 * at]! * 256 + data[2 * at + 1]!);

// ---- AlgorithmIdentifier (RFC 7427 appendix A, RFC 8410 §3) --------------------------------------

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const sequence = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, body.length), body]);
};
const NULL = hex('05 00');
const NOTHING = hex('');
const OID_RSA = '06 09 2a864886f70d0101';
const OID_MGF1 = hex('06 09 2a864886f70d010108');
const hashId = ({ oid }: Hash, parameters: Buffer): Buffer =>
  sequence(0x30, hex('06 09 608648016503040200'.replace(/00$/, `0${oid}`)), parameters);
const byte = (value: number): string => value.toString(16).padStart(2, '0');

/** RSASSA-PSS-params of RFC 4055 §3.1; the trailer field is the default. */
function pssId(hash: Hash, parameters: Buffer, saltBytes: number): Buffer {
  const id = hashId(hash, parameters);
  const params = sequence(
    0x30,
    sequence(0xa0, id),
    sequence(0xa1, sequence(0x30, OID_MGF1, id)),
    sequence(0xa2, Buffer.of(2, 1, saltBytes)),
  );
  return sequence(0x30, hex(`${OID_RSA}0a`), params);
}

interface Row {
  readonly algorithm: SignatureAlgorithm;
  readonly hash: number;
  /** The first is what we send. */
  readonly ids: readonly Buffer[];
}

const ROWS: readonly Row[] = [
  ...HASHES.flatMap((hash): Row[] => [
    {
      algorithm: { name: `rsa-${hash.name}`, key: 'rsa', digest: hash.name, padding: 'pkcs1' },
      hash: hash.id,
      ids: [NULL, NOTHING].map((p) => sequence(0x30, hex(`${OID_RSA}${byte(hash.rsa)}`), p)),
    },
    {
      algorithm: {
        name: `rsa-pss-${hash.name}`,
        key: 'rsa',
        digest: hash.name,
        padding: 'pss',
        saltBytes: hash.bytes,
      },
      hash: hash.id,
      ids: [NULL, NOTHING].map((p) => pssId(hash, p, hash.bytes)),
    },
    {
      algorithm: { name: `ecdsa-${hash.name}`, key: 'ec', digest: hash.name },
      hash: hash.id,
      ids: [sequence(0x30, hex(`06 08 2a8648ce3d0403 0${hash.ecdsa}`))],
    },
  ]),
  {
    algorithm: { name: 'ed25519', key: 'ed25519', digest: undefined },
    hash: HASH_IDENTITY,
    ids: [hex('30 05 06 03 2b6570')],
  },
];

/** `ASN.1 Length | AlgorithmIdentifier | Signature Value` of RFC 7427 §3. */
export const buildSignature = (algorithm: SignatureAlgorithm, value: Uint8Array): Uint8Array => {
  const id = ROWS.find((row) => row.algorithm === algorithm)!.ids[0]!;
  return Buffer.concat([Buffer.of(id.length), id, value]);
};

/** Undefined: an algorithm that we do not announce. */
export function readSignature(
  data: Uint8Array,
): { algorithm: SignatureAlgorithm; value: Uint8Array } | undefined {
  const end = 1 + (data[0] ?? 0);
  const id = Buffer.from(data.subarray(1, end));
  const row = ROWS.find(({ ids }) => ids.some((known) => known.equals(id)));
  return row && { algorithm: row.algorithm, value: data.subarray(end) };
}

// ---- the choice ----------------------------------------------------------------------------------

type KeyKind = SignatureAlgorithm['key'] | undefined;

/** What of ours the key is for; `rsa-pss` is an RSA key that does nothing else. */
function keyKind({ asymmetricKeyType }: KeyObject): KeyKind {
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss') return 'rsa';
  return asymmetricKeyType === 'ec' || asymmetricKeyType === 'ed25519'
    ? asymmetricKeyType
    : undefined;
}

/** The hash as strong as the key, for those that leave the choice. */
function wantedHash(key: KeyObject): number {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (namedCurve === 'secp521r1' || modulusLength > 7680) return 4;
  return namedCurve === 'secp384r1' || modulusLength > 3072 ? 3 : 2;
}

/** The algorithm for our key among those whose hash the peer announced; undefined: none. */
export function chooseSignature(
  key: KeyObject,
  hashes: readonly number[],
  padding: Padding,
): SignatureAlgorithm | undefined {
  const kind = keyKind(key);
  const wanted = wantedHash(key);
  const pad = key.asymmetricKeyType === 'rsa-pss' ? 'pss' : padding;
  const fitting = ROWS.filter(
    ({ algorithm, hash }) =>
      algorithm.key === kind &&
      hashes.includes(hash) &&
      (algorithm.padding === undefined || algorithm.padding === pad),
  );
  return (fitting.find(({ hash }) => hash === wanted) ?? fitting[0])?.algorithm;
}

// ---- the older methods ---------------------------------------------------------------------------

/** RFC 7296 §3.8: PKCS#1 v1.5, SHA-1 unless one knows better; the signature names its hash. */
const RSA_SHA1: SignatureAlgorithm = {
  name: 'rsa-sha1',
  key: 'rsa',
  digest: 'sha1',
  padding: 'pkcs1',
};
const OLD_RSA = [RSA_SHA1, ...ROWS.map(({ algorithm }) => algorithm)].filter(
  ({ padding }) => padding === 'pkcs1',
);

/** RFC 4754 §3: the curve decides about all; r and s follow each other. */
const ECDSA_METHODS: readonly (readonly [method: number, curve: string, digest: string])[] = [
  [9, 'prime256v1', 'sha256'],
  [10, 'secp384r1', 'sha384'],
  [11, 'secp521r1', 'sha512'],
];

const AUTH_RSA = 1;

/** The older method for a key, undefined where there is none. */
export function oldMethod(key: KeyObject): number | undefined {
  if (key.asymmetricKeyType === 'rsa') return AUTH_RSA;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return ECDSA_METHODS.find(([, name]) => name === curve)?.[0];
}

export async function signOld(key: KeyObject, data: Uint8Array): Promise<Uint8Array> {
  if (oldMethod(key) === AUTH_RSA) return signWith(RSA_SHA1, key, data);
  const [, , digest] = ECDSA_METHODS.find(([method]) => method === oldMethod(key))!;
  return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' });
}

/** The algorithm that verifies; undefined: the signature is wrong, or not of this method and key. */
export async function verifyOld(
  method: number,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<string | undefined> {
  if (oldMethod(key) !== method) return undefined;
  if (method === AUTH_RSA) {
    for (const algorithm of OLD_RSA) {
      if (await verifyWith(algorithm, key, data, signature)) return algorithm.name;
    }
    return undefined;
  }
  const [, , digest] = ECDSA_METHODS.find(([number]) => number === method)!;
  const right = verify(digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  return right ? `ecdsa-${digest}` : undefined;
}

// ---- the sums ------------------------------------------------------------------------------------

const withPadding = (key: KeyObject, { padding, saltBytes }: SignatureAlgorithm) =>
  padding === 'pss'
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltBytes }
    : { key };

export const signWith = (
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  data: Uint8Array,
): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    sign(algorithm.digest, data, withPadding(key, algorithm), (error, signature) =>
      error ? reject(error) : resolve(signature),
    );
  });

/** Anything that is no signature of this key over `data` is false. */
export const verifyWith = (
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> =>
  new Promise((resolve) => {
    if (algorithm.key !== keyKind(key)) return resolve(false);
    if (key.asymmetricKeyType === 'rsa-pss' && algorithm.padding !== 'pss') return resolve(false);
    verify(algorithm.digest, data, withPadding(key, algorithm), signature, (error, right) =>
      resolve(!error && right),
    );
  });
