// The certificates of the menu, as the IKE engine asks for them. An entry whose files cannot be read is
// named, with the reason, to whoever would use it; it vouches for nobody.
import {
  type Certificate,
  CertificateError,
  type Certificates,
  type Located,
  type OwnCertificate,
} from '../crypto/certificates.js';
import { type FullCertificate, readCertificate } from './certificate.js';
import type { LoadedEntry } from './files.js';
import type { Lookup } from './lookup.js';
import { decode, scoped, ssl } from './openssl.js';
import { judge, keepDecoded, NO_ISSUER, verifyPath } from './verify.js';

/** Asks whether the first of `path` was revoked by the second; see revocation.ts. */
export type RevocationCheck = (
  path: readonly FullCertificate[],
  crls: readonly Uint8Array[],
) => Promise<readonly string[]>;

export interface StoreOptions {
  readonly entries: readonly LoadedEntry[];
  /** Entries that could not be loaded, by name, and why. */
  readonly failures?: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly check: RevocationCheck;
  /** For hash and URL; undefined: it is not offered. */
  readonly lookup?: Lookup | undefined;
}

/** Our own choice: a peer that sends more is not read to the end. */
const MOST_CERTIFICATES = 16;

export class CertificateStore implements Certificates {
  #options: StoreOptions;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Goes on with others: a reload, a renewed certificate. */
  replace(changed: Omit<StoreOptions, 'now'>): void {
    this.#options = { ...changed, now: this.#options.now };
  }

  #entry(name: string): LoadedEntry {
    const found = this.#options.entries.find((entry) => entry.name === name);
    if (found) return found;
    const reason = this.#options.failures?.get(name) ?? 'there is none of that name';
    throw new CertificateError(`certificate '${name}': ${reason}`);
  }

  /** Who may vouch for others. */
  trusted(): readonly Certificate[] {
    return this.#anchors();
  }

  #anchors(): FullCertificate[] {
    return this.#options.entries.filter((one) => one.trusted).map((one) => one.certificate);
  }

  /** All that is loaded: what a path may lead over. */
  #loaded(): FullCertificate[] {
    return this.#options.entries.flatMap(({ certificate, chain }) => [certificate, ...chain]);
  }

  own([name = '', ...chained]: readonly string[]): OwnCertificate {
    const { certificate, chain: beside, privateKey } = this.#entry(name);
    if (!privateKey) throw new CertificateError(`certificate '${name}' has no private key`);
    const further = chained.flatMap((one) => {
      const entry = this.#entry(one);
      return [entry.certificate, ...entry.chain];
    });
    const sent = [certificate, ...beside, ...further].filter(unique);
    const full = completed(sent, this.#loaded());
    const chain = full.filter((one, place) => place === 0 || !selfSigned(one));
    const urlOf = ({ der }: Certificate): string | undefined =>
      this.#options.entries.find(({ certificate: one }) => same(one.der, der))?.url;
    return { chain, urls: chain.map(urlOf), issuers: full.slice(1), privateKey };
  }

  named(name: string): Certificate {
    return this.#entry(name).certificate;
  }

  authorities(): readonly Uint8Array[] {
    return this.#anchors().map(({ publicKeyHash }) => publicKeyHash);
  }

  read(der: Uint8Array): Certificate {
    return readCertificate(der);
  }

  get looksUp(): boolean {
    return this.#options.lookup !== undefined;
  }

  async lookUp(located: Located): Promise<readonly Certificate[]> {
    const { lookup } = this.#options;
    if (!lookup) throw new CertificateError('no certificates are fetched here');
    return (await lookup(located)).map((der) => readCertificate(der));
  }

  sameName(a: Uint8Array, b: Uint8Array): boolean {
    if (Buffer.from(a).equals(b)) return true;
    return scoped((scope) => {
      const [first, second] = [a, b].map((der) => decode('d2i_X509_NAME', der));
      for (const name of [first!, second!]) {
        if (name === 0) return false;
        scope.own(name, 'X509_NAME_free', 'a name');
      }
      return ssl('X509_NAME_cmp', first!, second!) === 0;
    });
  }

  verify(chain: readonly Certificate[], pinned?: Certificate): readonly Certificate[] {
    const [leaf, ...sent] = chain.slice(0, MOST_CERTIFICATES).map(fullOf);
    if (!leaf) throw new CertificateError('no certificate was sent');
    const trust = { anchors: this.#anchors(), now: Math.floor(this.#options.now() / 1000) };
    const loaded = this.#loaded();
    for (const one of loaded) keepDecoded(one);
    const others = [...loaded, ...sent].filter(unique);
    // Where there is no way to any anchor a pinned certificate stands for itself.
    return pinned && NO_ISSUER.has(judge(leaf, others, trust).code)
      ? verifyPath(leaf, others, { ...trust, anchors: [fullOf(pinned)] })
      : verifyPath(leaf, others, trust);
  }

  async checkRevocation(path: readonly Certificate[]): Promise<readonly string[]> {
    const crls = this.#options.entries.flatMap((entry) => entry.crls);
    return this.#options.check(path.map(fullOf), crls);
  }
}

/** What is decoded here has all fields: Certificate is the engine's view of it. */
const fullOf = (one: Certificate): FullCertificate =>
  'x509' in one ? (one as FullCertificate) : readCertificate(one.der);

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b);
const unique = (one: Certificate, at: number, all: readonly Certificate[]): boolean =>
  all.findIndex(({ der }) => same(der, one.der)) === at;
const selfSigned = ({ subject, issuer }: FullCertificate): boolean => same(subject, issuer);

/** `sent` with issuers that are loaded added behind it, up to a root. */
function completed(
  sent: readonly FullCertificate[],
  loaded: readonly FullCertificate[],
): readonly FullCertificate[] {
  const chain = [...sent];
  for (let last = chain.at(-1)!; chain.length < MOST_CERTIFICATES; last = chain.at(-1)!) {
    const issuer = loaded.find(
      (one) =>
        !selfSigned(last) && same(one.subject, last.issuer) && last.x509.checkIssued(one.x509),
    );
    if (!issuer || chain.some(({ der }) => same(der, issuer.der))) break;
    chain.push(issuer);
  }
  return chain;
}
