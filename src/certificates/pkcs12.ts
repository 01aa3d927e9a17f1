// PKCS#12 files (RFC 7292): certificate, key and chain under a passphrase, as phones and Windows take
// them. OpenSSL reads and writes them; old ones need its legacy provider.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { CertificateError } from '../crypto/certificates.js';
import { privateKeyOf } from './author.js';
import { certificatesIn, decode, encode, native, scoped, type Scope } from './openssl.js';

const P = 'uintptr_t';
const parse = () => native('PKCS12_parse', ['int', P, 'str', P, P, P]);
const create = () =>
  native('PKCS12_create', [P, 'str', 'str', P, P, P, 'int', 'int', 'int', 'int', 'int']);
const loadProvider = () => native('OSSL_PROVIDER_load', [P, P, 'str']);

export interface Bundle {
  readonly certificate: Uint8Array;
  readonly chain: readonly Uint8Array[];
  readonly privateKey: KeyObject | undefined;
}

/** 30 82 …, version 3: what a PFX begins with; certificates and keys have other versions. */
export const isPkcs12 = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x30 && Buffer.from(bytes.subarray(0, 12)).includes(Buffer.of(2, 1, 3, 0x30));

export function readPkcs12(bytes: Uint8Array, passphrase: string): Bundle {
  return scoped((scope) => {
    const file = scope.own(decode('d2i_PKCS12', bytes), 'PKCS12_free', 'reading PKCS#12');
    const found = take(scope, file, passphrase) ?? takeOld(scope, file, passphrase);
    if (!found) throw new CertificateError('PKCS#12: the passphrase is not the one of the file');
    if (!found.certificate) throw new CertificateError('PKCS#12: no certificate in it');
    return { ...found, certificate: found.certificate };
  });
}

type Found = Omit<Bundle, 'certificate'> & { readonly certificate: Uint8Array | undefined };

function take(scope: Scope, file: number, passphrase: string): Found | undefined {
  const [key, certificate, chain] = [scope.cell(), scope.cell(), scope.cell()];
  if (parse()(file, passphrase, key.at, certificate.at, chain.at) !== 1) return undefined;
  if (key.read()) scope.own(key.read(), 'EVP_PKEY_free', 'a key');
  if (certificate.read()) scope.own(certificate.read(), 'X509_free', 'a certificate');
  const others = chain.read() ? certificatesIn(chain.read()) : [];
  return {
    certificate: certificate.read() ? encode('i2d_X509', certificate.read()) : undefined,
    chain: others,
    privateKey: key.read() ? keyOf(key.read()) : undefined,
  };
}

/** i2d_PrivateKey writes the key's own form where it has one; the bytes do not outlive this. */
function keyOf(pointer: number): KeyObject {
  const bytes = encode('i2d_PrivateKey', pointer);
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    for (const type of ['pkcs1', 'sec1', 'pkcs8'] as const) {
      try {
        return createPrivateKey({ key, format: 'der', type });
      } catch {
        // Another form; the last line says if it is none.
      }
    }
  } finally {
    key.fill(0);
  }
  throw new CertificateError('PKCS#12: a private key of an unknown kind');
}

/** RC2 and the like: only this process, which reads one file and ends, loads the legacy provider. */
function takeOld(scope: Scope, file: number, passphrase: string): Found | undefined {
  if (loadProvider()(0, 'legacy') === 0 || loadProvider()(0, 'default') === 0) return undefined;
  return take(scope, file, passphrase);
}

export const writePkcs12 = (bundle: Bundle, name: string, passphrase: string): Uint8Array =>
  scoped((scope) => {
    const certificate = scope.certificate(bundle.certificate);
    const key = bundle.privateKey ? privateKeyOf(scope, bundle.privateKey) : 0;
    const chain = scope.stack(bundle.chain.map((der) => scope.certificate(der)));
    const made = create()(passphrase, name, key, certificate, chain, 0, 0, 0, 0, 0);
    return encode('i2d_PKCS12', scope.own(made, 'PKCS12_free', 'writing PKCS#12'));
  });
