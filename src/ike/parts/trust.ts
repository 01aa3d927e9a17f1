// By what certificates a peer was let in, and whether they would do so now.
import {
  type Certificate,
  type Certificates,
  CertificateError,
} from '../../crypto/certificates.js';
import { sameBytes } from '../window.js';

/** What an IKE SA keeps of them: bytes, since there may be thousands. */
export interface Vouched {
  /** DER; the peer's own first, then all that led to the trusted one. */
  readonly path: readonly Uint8Array[];
  /** The only one the peer may show, by its name in the menu. */
  readonly pinned: string | undefined;
  /** It is for who the peer says it is; else it alone says who that is. */
  readonly named: boolean;
  /** Since when nobody says whether it was revoked, where that must be known; ms of Context.now. */
  unknownSince: number | undefined;
}

export const vouchedBy = (
  path: readonly Certificate[],
  pinned?: string,
  named = true,
): Vouched => ({
  path: path.map(({ der }) => der),
  pinned,
  named,
  unknownSince: undefined,
});

export const sameCertificate = (a: Certificate, b: Certificate): boolean => sameBytes(a.der, b.der);

/** From the first of `chain` to one that is trusted, or that is `pinned`; throws why there is no way. */
export function trustedPath(
  certificates: Certificates,
  chain: readonly Certificate[],
  pinned: string | undefined,
): readonly Certificate[] {
  const only = pinned === undefined ? undefined : certificates.named(pinned);
  const [leaf] = chain;
  if (only && leaf && !sameCertificate(only, leaf)) {
    const text = `the certificate shown is of ${leaf.subjectText}`;
    throw new CertificateError(`${text}; remote-certificate is that of ${only.subjectText}`);
  }
  return certificates.verify(chain, only);
}
