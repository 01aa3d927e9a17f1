// Making certificates and CRLs, with OpenSSL's own functions: what signs is what later verifies, and no
// second X.509 library comes with us. Extensions are written in OpenSSL's notation (x509v3_config(5)).
import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { CertificateError } from '../crypto/certificates.js';
import { encode, native, type Scope, scoped, ssl } from './openssl.js';

const P = 'uintptr_t';
const SIGNATURES = {
  X509_new: [P],
  X509_set_version: ['int', P, 'long'],
  X509_set_pubkey: ['int', P, P],
  X509_set_issuer_name: ['int', P, P],
  X509_set_serialNumber: ['int', P, P],
  X509_get_serialNumber: [P, P],
  X509_get_subject_name: [P, P],
  X509_getm_notBefore: [P, P],
  X509_getm_notAfter: [P, P],
  X509_NAME_add_entry_by_txt: ['int', P, 'str', 'int', P, 'int', 'int', 'int'],
  X509_add_ext: ['int', P, P, 'int'],
  X509_sign: ['int', P, P, P],
  X509V3_set_ctx: ['void', P, P, P, P, P, 'int'],
  X509V3_EXT_conf: [P, P, P, 'str', 'str'],
  X509_EXTENSION_free: ['void', P],
  ASN1_TIME_set: [P, P, 'long'],
  ASN1_TIME_new: [P],
  ASN1_TIME_free: ['void', P],
  ASN1_INTEGER_free: ['void', P],
  BN_bin2bn: [P, P, 'int', P],
  BN_free: ['void', P],
  BN_to_ASN1_INTEGER: [P, P, P],
  d2i_PUBKEY: [P, P, P, 'long'],
  EVP_sha256: [P],
  EVP_sha384: [P],
  EVP_sha512: [P],
  X509_CRL_new: [P],
  X509_CRL_set_version: ['int', P, 'long'],
  X509_CRL_set_issuer_name: ['int', P, P],
  X509_CRL_set1_lastUpdate: ['int', P, P],
  X509_CRL_set1_nextUpdate: ['int', P, P],
  X509_CRL_add_ext: ['int', P, P, 'int'],
  X509_CRL_add0_revoked: ['int', P, P],
  X509_CRL_add1_ext_i2d: ['int', P, 'int', P, 'int', 'ulong'],
  X509_CRL_sort: ['int', P],
  X509_CRL_sign: ['int', P, P, P],
  X509_REVOKED_new: [P],
  X509_REVOKED_set_serialNumber: ['int', P, P],
  X509_REVOKED_set_revocationDate: ['int', P, P],
} as const satisfies Record<string, readonly [string, ...string[]]>;
type Name = keyof typeof SIGNATURES;

const call = (name: Name, ...values: (number | string | null)[]): number =>
  native(name, SIGNATURES[name])(...values);

/** A pointer that `free` ends. */
function own(scope: Scope, pointer: number, free: Name, what: string): number {
  if (pointer === 0) throw new CertificateError(`OpenSSL: ${what} failed`);
  scope.defer(() => call(free, pointer));
  return pointer;
}

function must(result: number, what: string): void {
  if (result <= 0) throw new CertificateError(`OpenSSL: ${what} failed`);
}

export interface Issuer {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}

export interface CertificatePlan {
  /** `[['CN', 'east'], ['O', 'Example']]`, in the order of the name. */
  readonly subject: readonly (readonly [attribute: string, value: string])[];
  readonly publicKey: KeyObject;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Name and value, as x509v3_config(5) has them. */
  readonly extensions: readonly (readonly [name: string, value: string])[];
}

/** A certificate as DER: signed by `issuer`, or by `own` key alone. */
export function issueCertificate(
  plan: CertificatePlan,
  issuer: Issuer | { readonly privateKey: KeyObject },
): Uint8Array {
  return scoped((scope) => {
    const made = scope.own(call('X509_new'), 'X509_free', 'a new certificate');
    must(call('X509_set_version', made, 2), 'the version'); // v3 is 2, RFC 5280 §4.1.2.1
    must(call('X509_set_serialNumber', made, serial(scope, newSerial())), 'the serial number');
    const subject = call('X509_get_subject_name', made);
    for (const [attribute, value] of plan.subject) addName(scope, subject, attribute, value);
    const parent = 'certificate' in issuer ? scope.certificate(issuer.certificate) : made;
    must(call('X509_set_issuer_name', made, call('X509_get_subject_name', parent)), 'the issuer');
    setTime(call('X509_getm_notBefore', made), plan.notBefore);
    setTime(call('X509_getm_notAfter', made), plan.notAfter);
    must(call('X509_set_pubkey', made, publicKey(scope, plan.publicKey)), 'the public key');
    for (const [name, value] of plan.extensions) {
      must(call('X509_add_ext', made, extension(scope, parent, made, 0, name, value), -1), name);
    }
    const key = privateKeyOf(scope, issuer.privateKey);
    must(call('X509_sign', made, key, digestFor(issuer.privateKey)), 'the signature');
    return encode('i2d_X509', made);
  });
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes; RFC 5280's random part is all of it. */
function newSerial(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function serial(scope: Scope, bytes: Uint8Array): number {
  const number = own(scope, call('BN_bin2bn', scope.at(bytes), bytes.length, 0), 'BN_free', 'BN');
  return own(scope, call('BN_to_ASN1_INTEGER', number, 0), 'ASN1_INTEGER_free', 'an integer');
}

const MBSTRING_UTF8 = 0x1000;

function addName(scope: Scope, name: number, attribute: string, value: string): void {
  const bytes = Buffer.from(value);
  const at = scope.at(bytes);
  const result = call(
    'X509_NAME_add_entry_by_txt',
    name,
    attribute,
    MBSTRING_UTF8,
    at,
    bytes.length,
    -1,
    0,
  );
  must(result, `the attribute ${attribute} of the subject`);
}

const setTime = (time: number, ms: number): void => {
  if (call('ASN1_TIME_set', time, Math.floor(ms / 1000)) === 0) must(0, 'a time');
};

function publicKey(scope: Scope, key: KeyObject): number {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({
    type: 'spki',
    format: 'der',
  });
  const bytes = Uint8Array.from(spki);
  const made = call('d2i_PUBKEY', 0, scope.cell(scope.at(bytes)).at, bytes.length);
  return scope.own(made, 'EVP_PKEY_free', 'reading a public key');
}

export function privateKeyOf(scope: Scope, key: KeyObject): number {
  const bytes = Uint8Array.from(key.export({ type: 'pkcs8', format: 'der' }));
  try {
    const made = ssl('d2i_AutoPrivateKey', 0, scope.cell(scope.at(bytes)).at, bytes.length);
    return scope.own(made, 'EVP_PKEY_free', 'reading a private key');
  } finally {
    bytes.fill(0);
  }
}

/** EdDSA has its own hash. */
function digestFor({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): number {
  if (type === 'ed25519' || type === 'ed448') return 0;
  if (details?.namedCurve === 'secp521r1') return call('EVP_sha512');
  return details?.namedCurve === 'secp384r1' ? call('EVP_sha384') : call('EVP_sha256');
}

/** X509V3_CTX is some eight words; the rest stays zero. */
const CONTEXT_BYTES = 256;

function extension(
  scope: Scope,
  issuer: number,
  subject: number,
  crl: number,
  name: string,
  value: string,
): number {
  const context = new Uint8Array(CONTEXT_BYTES);
  const at = scope.at(context);
  call('X509V3_set_ctx', at, issuer, subject, 0, crl, 0);
  const made = call('X509V3_EXT_conf', 0, at, name, value);
  return own(scope, made, 'X509_EXTENSION_free', `the extension ${name} = ${value}`);
}

export interface Revoked {
  /** Big-endian, as the certificate has it. */
  readonly serial: Uint8Array;
  readonly at: number;
}

export interface CrlPlan {
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: readonly Revoked[];
}

const NID_CRL_NUMBER = 88;

/** A CRL as DER (RFC 5280 §5.1). */
export function issueCrl(plan: CrlPlan, issuer: Issuer): Uint8Array {
  return scoped((scope) => {
    const made = scope.own(call('X509_CRL_new'), 'X509_CRL_free', 'a new CRL');
    const parent = scope.certificate(issuer.certificate);
    must(call('X509_CRL_set_version', made, 1), 'the version');
    must(
      call('X509_CRL_set_issuer_name', made, call('X509_get_subject_name', parent)),
      'the issuer',
    );
    must(call('X509_CRL_set1_lastUpdate', made, time(scope, plan.thisUpdate)), 'thisUpdate');
    must(call('X509_CRL_set1_nextUpdate', made, time(scope, plan.nextUpdate)), 'nextUpdate');
    for (const { serial: number, at } of plan.revoked) {
      const entry = call('X509_REVOKED_new');
      must(call('X509_REVOKED_set_serialNumber', entry, serial(scope, number)), 'a serial number');
      must(call('X509_REVOKED_set_revocationDate', entry, time(scope, at)), 'a revocation date');
      must(call('X509_CRL_add0_revoked', made, entry), 'an entry');
    }
    call('X509_CRL_sort', made);
    const authority = extension(scope, parent, 0, made, 'authorityKeyIdentifier', 'keyid');
    must(call('X509_CRL_add_ext', made, authority, -1), 'authorityKeyIdentifier');
    const number = serial(scope, Buffer.from(plan.number.toString(16).padStart(12, '0'), 'hex'));
    must(call('X509_CRL_add1_ext_i2d', made, NID_CRL_NUMBER, number, 0, 0), 'the CRL number');
    const key = privateKeyOf(scope, issuer.privateKey);
    must(call('X509_CRL_sign', made, key, digestFor(issuer.privateKey)), 'the signature');
    return encode('i2d_X509_CRL', made);
  });
}

function time(scope: Scope, ms: number): number {
  const made = own(scope, call('ASN1_TIME_new'), 'ASN1_TIME_free', 'a time');
  setTime(made, ms);
  return made;
}
