// Certificates for the doctor: ours and the one the peer is pinned to must be readable, valid today and not
// revoked, ours needs its key, and somebody must vouch for the peer.
import { type CertificateRow, certificateRows } from '../certificates/describe.js';
import { loadMenu } from '../certificates/files.js';
import type { Built } from '../config/databases.js';
import { isDisabled } from '../config/found.js';
import type { Configuration } from '../config/read.js';

export interface CertificateFacts {
  /** How many certificates matter to the peer. */
  readonly used: number;
  readonly problems: readonly string[];
}

/** Methods by which the peer proves itself with a certificate. */
const BY_CERTIFICATE = ['digital-signature', 'eap'];

export function certificateFacts(
  c: Configuration,
  menu: Built['certificates'],
  peer: string,
  now = Date.now(),
): CertificateFacts {
  const identities = c.identities
    .filter((one) => !isDisabled(one) && one.entry.peer === peer)
    .map(({ entry }) => entry);
  const proving = identities.filter((entry) => BY_CERTIFICATE.includes(entry['auth-method']));
  const own = identities.flatMap((entry) => entry.certificate);
  const pinned = identities.flatMap((entry) => entry['remote-certificate'] || []);
  if (own.length + proving.length === 0) return { used: 0, problems: [] };
  const rows = certificateRows(menu, loadMenu(menu), now);
  const named = rows.filter(({ name }) => [...own, ...pinned].includes(name));
  const trusted = rows.filter((row) => row.trusted);
  const problems = named.flatMap((row) => fault(row, now) ?? []);
  const signing = identities.filter((entry) => entry['auth-method'] === 'digital-signature');
  // The first is ours; those behind it are its chain.
  for (const name of signing.flatMap((entry) => entry.certificate[0] ?? [])) {
    const row = named.find((one) => one.name === name);
    if (row && row.failure === '' && !row['private-key']) {
      problems.push(`certificate ${name} is to prove us, but has no key: set key-file`);
    }
  }
  if (proving.some((entry) => !entry['remote-certificate'])) {
    const good = trusted.some((row) => fault(row, now) === undefined);
    if (!good) problems.push(noAuthority(trusted, now));
  }
  return { used: new Set([...named, ...trusted]).size, problems };
}

/** Why a certificate is no good; undefined: it is. */
function fault(row: CertificateRow, now: number): string | undefined {
  const { name, failure, expired, revoked } = row;
  if (failure !== '') return `certificate ${name}: ${failure}`;
  if (Date.parse(row['invalid-before']) > now) {
    return `certificate ${name} is not valid before ${row['invalid-before']}, or the clock is wrong`;
  }
  if (expired) return `certificate ${name} has expired: it was valid until ${row['invalid-after']}`;
  return revoked ? `certificate ${name} is revoked` : undefined;
}

const noAuthority = (trusted: readonly CertificateRow[], now: number): string =>
  trusted.length === 0
    ? 'no CA is trusted, so no certificate of the peer is: set trusted on its CA, or remote-certificate'
    : `no CA that is trusted can be used: ${fault(trusted[0]!, now)}`;
