// The fields of an X.509 certificate that we look at (RFC 5280 §4.1). Whether to believe them is
// OpenSSL's business (verify.ts).
import { createHash, X509Certificate } from 'node:crypto';
import {
  type AlternativeName,
  type Certificate,
  CertificateError,
} from '../crypto/certificates.js';
import { children, element, type Element, expect, formatOid } from '../crypto/der.js';
import { formatName } from '../crypto/distinguished-name.js';
import { ACCESS_OCSP, EXTENSIONS } from '../crypto/object-identifiers.js';

/** RFC 5280 says no more than what src/crypto/certificates.ts asks for; this is what verifying takes. */
export interface FullCertificate extends Certificate {
  readonly x509: X509Certificate;
  readonly issuer: Uint8Array;
  /** OIDs; undefined: good for everything. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** May it sign (digitalSignature or nonRepudiation, RFC 4945 §5.1.3.2)? */
  readonly signs: boolean;
  readonly isAuthority: boolean;
  readonly crlUrls: readonly string[];
  readonly ocspUrls: readonly string[];
}

const SEQUENCE = 0x30;
const OCTETS = 0x04;
const context = (number: number): number => 0x80 + number;
const constructed = (number: number): number => 0xa0 + number;

const TAG_URI = context(6);
const NAME_KINDS: ReadonlyMap<number, AlternativeName['kind']> = new Map([
  [context(1), 'email'],
  [context(2), 'dns'],
  [context(7), 'ip'],
]);

/** Throws a CertificateError where `der` is no certificate. */
export function readCertificate(der: Uint8Array): FullCertificate {
  try {
    return read(der);
  } catch (error) {
    throw new CertificateError(`no X.509 certificate: ${(error as Error).message}`);
  }
}

function read(given: Uint8Array): FullCertificate {
  // OpenSSL reads it, too, and is the stricter of the two.
  const x509 = new X509Certificate(given);
  const der = new Uint8Array(x509.raw);
  const [tbs] = children(expect(element(der), SEQUENCE));
  const fields = children(expect(tbs, SEQUENCE));
  const offset = fields[0]?.tag === constructed(0) ? 1 : 0;
  const at = (place: number): Element => expect(fields[offset + place], SEQUENCE);
  const extensions = readExtensions(fields.find(({ tag }) => tag === constructed(3)));
  const usage = extensions.get(EXTENSIONS.keyUsage);
  const keyId = extensions.get(EXTENSIONS.subjectKeyIdentifier);
  return {
    der,
    x509,
    issuer: at(2).whole,
    subject: at(4).whole,
    subjectText: formatName(at(4).whole) ?? '(no name)',
    names: namesOf(extensions.get(EXTENSIONS.subjectAltName)),
    keyId: keyId && expect(element(keyId), OCTETS).content,
    publicKey: x509.publicKey,
    publicKeyHash: createHash('sha1').update(at(5).whole).digest(),
    extendedKeyUsage: usagesOf(extensions.get(EXTENSIONS.extendedKeyUsage)),
    signs: usage === undefined || (element(usage).content[1] ?? 0) >= SIGNING_BITS,
    isAuthority: x509.ca,
    crlUrls: crlUrls(extensions.get(EXTENSIONS.cRLDistributionPoints)),
    ocspUrls: ocspUrls(extensions.get(EXTENSIONS.authorityInfoAccess)),
  };
}

/** The two highest bits of KeyUsage are digitalSignature and nonRepudiation. */
const SIGNING_BITS = 0x40;

/** By OID: the DER within the extension's octets. */
function readExtensions(field: Element | undefined): ReadonlyMap<string, Uint8Array> {
  if (!field) return new Map();
  const [list] = children(field);
  return new Map(
    children(expect(list, SEQUENCE)).map((one) => {
      const parts = children(one);
      return [formatOid(parts[0]!.content), expect(parts.at(-1), OCTETS).content];
    }),
  );
}

function namesOf(extension: Uint8Array | undefined): AlternativeName[] {
  if (!extension) return [];
  return children(element(extension)).flatMap(({ tag, content }) => {
    const kind = NAME_KINDS.get(tag);
    return kind ? [{ kind, value: content }] : [];
  });
}

function usagesOf(extension: Uint8Array | undefined): string[] | undefined {
  if (!extension) return undefined;
  return children(element(extension)).map(({ content }) => formatOid(content));
}

const isUri = ({ tag }: Element): boolean => tag === TAG_URI;
const text = ({ content }: Element): string => Buffer.from(content).toString('latin1');

/** RFC 5280 §4.2.1.13: points → [0] point → [0] full name → [6] URI. No points for some reasons only. */
function crlUrls(extension: Uint8Array | undefined): string[] {
  if (!extension) return [];
  return children(element(extension)).flatMap((point) => {
    const parts = children(point);
    if (parts.some(({ tag }) => tag === context(1))) return [];
    const name = parts.find(({ tag }) => tag === constructed(0));
    const full = name && children(name).find(({ tag }) => tag === constructed(0));
    return full ? children(full).filter(isUri).map(text) : [];
  });
}

function ocspUrls(extension: Uint8Array | undefined): string[] {
  if (!extension) return [];
  return children(element(extension)).flatMap((access) => {
    const [method, location] = children(access);
    const ocsp = method !== undefined && formatOid(method.content) === ACCESS_OCSP;
    return ocsp && location && isUri(location) ? [text(location)] : [];
  });
}
