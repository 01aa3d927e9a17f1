// What the IKE engine needs of certificates, as an interface: src/certificates has the files, the
// clock and OpenSSL's verifier behind it.
import type { KeyObject } from 'node:crypto';

/** A name that the subjectAltName extension vouches for (RFC 5280 §4.2.1.6). */
export interface AlternativeName {
  readonly kind: 'dns' | 'email' | 'ip';
  /** Characters, or the address's 4 or 16 bytes. */
  readonly value: Uint8Array;
}

export interface Certificate {
  readonly der: Uint8Array;
  /** The subject as a DER Name; empty of attributes where only alternative names count. */
  readonly subject: Uint8Array;
  /** For people: `CN=east, O=Example`. */
  readonly subjectText: string;
  readonly names: readonly AlternativeName[];
  /** The subjectKeyIdentifier extension. */
  readonly keyId: Uint8Array | undefined;
  readonly publicKey: KeyObject;
  /** SHA-1 over SubjectPublicKeyInfo, as CERTREQ names an authority (RFC 7296 §3.7). */
  readonly publicKeyHash: Uint8Array;
}

/** Ours: what we show, leaf first, and what we sign with. */
export interface OwnCertificate {
  readonly chain: readonly Certificate[];
  /** Where others find it, for each of the chain. */
  readonly urls: readonly (string | undefined)[];
  /** Who vouches for it, as far as they are loaded; the root, too. */
  readonly issuers: readonly Certificate[];
  readonly privateKey: KeyObject;
}

/** Where a peer says its certificate is, or a bundle of them (RFC 7296 §3.6). */
export interface Located {
  readonly url: string;
  /** SHA-1 of what is there. */
  readonly hash: Uint8Array;
  readonly bundle: boolean;
}

/** A certificate is not what it must be; the text says which and why, and holds no secret. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** Whether it was revoked cannot be found out, where it must be known. */
export class StandingUnknown extends CertificateError {}

/** All but the two that wait work on what is loaded; all throw a CertificateError. */
export interface Certificates {
  /** The certificate with that name, its chain (further names, issuers that are loaded), its key. */
  own(names: readonly string[]): OwnCertificate;
  named(name: string): Certificate;
  /** Public key hashes of the CAs that may vouch for peers. */
  authorities(): readonly Uint8Array[];
  /** Decodes what a peer sent. */
  read(der: Uint8Array): Certificate;
  /** Whether two DER Names are the same (RFC 5280 §7.1). */
  sameName(a: Uint8Array, b: Uint8Array): boolean;
  /** Whether peers may say where their certificates are. */
  readonly looksUp: boolean;
  /** Fetches them. */
  lookUp(located: Located): Promise<readonly Certificate[]>;
  /**
   * A path from the first of `chain` to a trusted CA, or to `pinned`, valid now and for IKE; leaf first,
   * trust anchor last. Nothing is fetched.
   */
  verify(chain: readonly Certificate[], pinned?: Certificate): readonly Certificate[];
  /** Asks whether anything on a verified path was revoked; returns what the operator should know. */
  checkRevocation(path: readonly Certificate[]): Promise<readonly string[]>;
}
