// Is who stands still to be trusted? A certificate is checked when its owner comes; afterwards CAs are
// taken from the menu, CRLs come out, and time passes. Asked at every reload and from time to time, of
// both sides' peers; who is not ends with a Delete.
import { type Certificates, CertificateError, StandingUnknown } from '../crypto/certificates.js';
import { scheduleReconnect } from './connection.js';
import { report, type Work, type World } from './exchange.js';
import { trustedPath, type Vouched } from './parts/trust.js';
import type { IkeSa } from './sa.js';

/**
 * Our own choice: certificate-revocation=strict wants to know, but a responder that is away for a while
 * must not end all tunnels at once.
 */
const GRACE_MS = 3_600_000;

/** IKE SAs that stand by certificates. */
export const certified = ({ store }: World): IkeSa[] =>
  store.all().filter(({ state, vouched }) => state === 'established' && vouched.length > 0);

export interface Finding {
  readonly ended: boolean;
  readonly text: string;
}

/** What is wrong with what the peer showed, if anything is; may wait for a server. */
export async function findFault({ context }: World, { vouched }: IkeSa): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const one of vouched) {
    const fault = await faultOf(context.certificates, one, context.now());
    if (fault) findings.push(fault);
  }
  return findings;
}

async function faultOf(
  certificates: Certificates,
  one: Vouched,
  now: number,
): Promise<Finding | undefined> {
  try {
    const chain = one.path.map((der) => certificates.read(der));
    await certificates.checkRevocation(trustedPath(certificates, chain, one.pinned));
    one.unknownSince = undefined;
    return undefined;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    if (!(error instanceof StandingUnknown)) return { ended: true, text: error.message };
    one.unknownSince ??= now;
    return { ended: now - one.unknownSince >= GRACE_MS, text: error.message };
  }
}

/** Says what was found; and where it is over, ends what stands by it. */
export function act(work: Work, findings: readonly Finding[]): void {
  const { sa } = work;
  if (sa.state !== 'established') return;
  for (const { ended, text } of findings) {
    if (!ended) {
      report(work, 'warning', 'ike.auth', `peer ${sa.remoteId} stays for now: ${text}`);
      continue;
    }
    const said = `peer ${sa.remoteId} is trusted no longer, its connection ends: ${text}`;
    report(work, 'error', 'ike.auth', said, { error: 'certificate-refused', ended: true });
    sa.ending ??= 'nas-request';
    sa.tasks.unshift({ kind: 'delete-ike', reason: 'its certificate is trusted no longer' });
    scheduleReconnect(work);
    return;
  }
}
