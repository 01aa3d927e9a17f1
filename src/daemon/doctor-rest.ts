// The doctor's questions about what surrounds a tunnel: certificates, the daemon, sizes, notifications.
import { type Answer, ago, ailing, fine, unknown, wrong } from './doctor-answer.js';
import type { Finding } from './doctor.js';
import type { DoctorFacts } from './doctor-facts.js';

export function certificates(f: DoctorFacts): Answer {
  const [first] = f.certificates.problems;
  if (first !== undefined)
    return wrong(first, 'put a good certificate into its place, then reload');
  const ailment = ailing(f, 'certificates', 'compare the chains and the dates of both ends');
  if (ailment) return ailment;
  return fine(f.certificates.used === 0 ? 'none are used' : `${f.certificates.used} are valid now`);
}

export function daemon(f: DoctorFacts): Answer {
  if (f.daemon) return fine('it runs');
  return wrong('the daemon is not running', 'culvert run FILE');
}

export function mtu(f: DoctorFacts): Answer {
  if (f.pathMtu === undefined) return unknown('no path is known');
  const text = `the path carries ${f.pathMtu} bytes, the tunnel offers ${f.tunMtu}`;
  const room = f.pathMtu - ROOM;
  if (f.tunMtu <= room || f.fragments === 0) return fine(text);
  const change = `culvert tun set mtu=${Math.max(576, room)}, and a restart`;
  return wrong(`${text}: ${f.fragments} packets had to leave in fragments`, change);
}

/** IPv6, UDP, ESP with the longest IV, padding and ICV: what a packet grows by at most. */
const ROOM = 40 + 8 + 8 + 16 + 17 + 32;

export function lastNotification(f: DoctorFacts): Answer {
  const { notified } = f.record;
  const ailment = ailing(f, 'last notification', "see the peer's log at that time");
  if (ailment && f.ike !== 'established') return ailment;
  if (notified === undefined) return fine('the peer has sent no error');
  return fine(`${notified.name}, ${ago(f.now - notified.at)}; nothing is left of it`);
}

/** Also where something before is wrong, the peer's last error is worth a line. */
export function last(f: DoctorFacts, findings: Finding[]): Finding[] {
  const { notified } = f.record;
  if (notified === undefined) return findings;
  const text = `${notified.name}, ${ago(f.now - notified.at)}`;
  return findings.map((one) =>
    one.check === 'last notification' && one.verdict === 'skipped'
      ? { ...one, verdict: 'unknown', text }
      : one,
  );
}
