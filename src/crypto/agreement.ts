// Key agreement over node:crypto, by group row: our public value as the KE payload carries it, and
// the shared secret as it enters the PRF (left-padded to the group's length, RFC 7296 §2.14).
// Public values are checked before use (RFC 6989 §2): length, 0, 1, p-1 and more, not on the curve.
import {
  createDiffieHellmanGroup,
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  ECDH,
  randomBytes,
} from 'node:crypto';
import { type GroupRow, groupNamed } from '../algorithms/group.js';

/** The peer's public value is none of this group. */
export class AgreementError extends Error {
  override readonly name = 'AgreementError';
}

/** Our half of one agreement. `derive` is called at most once and never logs. */
export interface KeyShare {
  readonly group: string;
  readonly publicValue: Uint8Array;
  /** Rejects with AgreementError where the peer's value is not of this group. */
  derive(peerPublic: Uint8Array): Promise<Uint8Array>;
}

/** Where agreements are computed: here, or by the daemon on another thread (GroupRow.slow). */
export interface Agreement {
  generate(group: string): Promise<KeyShare>;
}

/** Computes on the calling thread. */
export const localAgreement: Agreement = {
  async generate(group) {
    const { publicValue, derive } = generateKeyShare(group);
    return { group, publicValue, derive: async (peerPublic) => derive(peerPublic) };
  },
};

export interface LocalKeyShare {
  readonly publicValue: Uint8Array;
  readonly derive: (peerPublic: Uint8Array) => Uint8Array;
}

export function generateKeyShare(group: string): LocalKeyShare {
  const row = groupNamed(group);
  const share = { modp, ecp, ec2n, x25519 }[row.kind](row);
  return {
    publicValue: share.publicValue,
    derive(peerPublic) {
      if (peerPublic.length !== row.publicBytes) {
        const expected = `${row.publicBytes} for ${row.name}`;
        throw new AgreementError(
          `public value of ${peerPublic.length} bytes, expected ${expected}`,
        );
      }
      return leftPad(share.derive(peerPublic), row.secretBytes);
    },
  };
}

/** Turns OpenSSL's refusal of a public value into ours. */
function refused<T>(row: GroupRow, work: () => T): T {
  try {
    return work();
  } catch {
    throw new AgreementError(`public value is not a valid one of ${row.name}`);
  }
}

function leftPad(bytes: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(length);
  padded.set(bytes, length - bytes.length);
  return padded;
}

// The named group, not its prime: a prime would be tested for primality each time.
function modp(row: GroupRow): LocalKeyShare {
  const dh = createDiffieHellmanGroup(row.openssl);
  const prime = toNumber(dh.getPrime());
  return {
    publicValue: leftPad(dh.generateKeys(), row.publicBytes),
    derive(peerPublic) {
      // RFC 6989 §2.1: these groups have safe primes, so the range is all there is to check.
      const value = toNumber(peerPublic);
      if (value <= 1n || value >= prime - 1n) {
        throw new AgreementError(`public value is not between 2 and p-2 of ${row.name}`);
      }
      return refused(row, () => dh.computeSecret(peerPublic));
    },
  };
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

const UNCOMPRESSED = 0x04;
const COMPRESSED_EVEN = 0x02;

function prefixed(tag: number, bytes: Uint8Array): Uint8Array {
  const point = new Uint8Array(1 + bytes.length);
  point[0] = tag;
  point.set(bytes, 1);
  return point;
}

/** RFC 5903 §7: x || y on the wire, the secret is x; OpenSSL checks that the point is on the curve. */
function ecp(row: GroupRow): LocalKeyShare {
  const ecdh = createECDH(row.openssl);
  return {
    publicValue: new Uint8Array(ecdh.generateKeys().subarray(1)),
    derive: (peerPublic) =>
      refused(row, () => ecdh.computeSecret(prefixed(UNCOMPRESSED, peerPublic))),
  };
}

/** RFC 2409 §6.3: x alone. Either y gives the same x of the secret, so any will do. */
function ec2n(row: GroupRow): LocalKeyShare {
  const ecdh = createECDH(row.openssl);
  return {
    publicValue: compressedX(ecdh),
    derive: (peerPublic) =>
      refused(row, () => {
        // x = 0 is the point of order two: the secret would be one of two values.
        if (peerPublic.every((byte) => byte === 0)) throw new RangeError('zero');
        const compressed = prefixed(COMPRESSED_EVEN, peerPublic);
        const point = ECDH.convertKey(
          compressed,
          row.openssl,
          undefined,
          undefined,
          'uncompressed',
        );
        return ecdh.computeSecret(point as Buffer);
      }),
  };
}

function compressedX(ecdh: ECDH): Uint8Array {
  ecdh.generateKeys();
  return new Uint8Array(Buffer.from(ecdh.getPublicKey('hex', 'compressed'), 'hex').subarray(1));
}

const X25519_BYTES = 32;
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/**
 * RFC 8031 §3; an all-zero secret (a point of small order) is refused by OpenSSL. The private key is
 * any 32 bytes (RFC 7748 §5). It is not made with generateKeyPairSync: in Node 20 the export of such a
 * key locks it, and a garbage collection during the export waits for that lock in the destructor of
 * the job that made the key, for ever. JWK because OpenSSL takes a millisecond to decode DER.
 */
function x25519(row: GroupRow): LocalKeyShare {
  const okp = { kty: 'OKP', crv: 'X25519' };
  // `x` has to be there and is not looked at where there is a `d`.
  const secret = { ...okp, d: base64url(randomBytes(X25519_BYTES)), x: '' };
  const privateKey = createPrivateKey({ key: secret, format: 'jwk' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    publicValue: new Uint8Array(Buffer.from(x!, 'base64url')),
    derive: (peerPublic) =>
      refused(row, () => {
        const peer = createPublicKey({ key: { ...okp, x: base64url(peerPublic) }, format: 'jwk' });
        return diffieHellman({ privateKey, publicKey: peer });
      }),
  };
}
