// `culvert doctor`: why is a peer down? The questions are asked in the order in which a tunnel comes up
// (CHECKS in ailments.ts), and the first that is answered with "wrong" ends it: what follows from it
// need not be looked at. Answers come from facts that were gathered before (doctor-facts.ts).
import { CHECKS, type CheckName } from './ailments.js';
import type { DoctorFacts } from './doctor-facts.js';
import { backups } from './doctor-backups.js';
import { certificates, daemon, last, lastNotification, mtu } from './doctor-rest.js';
import { packetsIn, packetsOut, saInstalled, trafficSelectors } from './doctor-traffic.js';
import { type Answer, ailing, fine, unknown, wrong } from './doctor-answer.js';

export interface Finding {
  readonly check: CheckName;
  /** `unknown`: cannot be told from here; `skipped`: something before it is wrong. */
  readonly verdict: 'ok' | 'wrong' | 'unknown' | 'skipped';
  readonly text: string;
  /** Of what is wrong: what to change. */
  readonly change?: string;
}

export interface Diagnosis {
  readonly peer: string;
  readonly address: string;
  readonly findings: readonly Finding[];
}

type Check = (facts: DoctorFacts) => Answer;

function configuration(f: DoctorFacts): Answer {
  if (f.problems.length > 0) {
    return wrong(f.problems[0]!, 'correct the file: `culvert check` names every error of it');
  }
  if (f.configured === 'no') {
    return wrong(`there is no peer ${f.peer}`, `the file has: ${f.others.join(', ') || 'none'}`);
  }
  if (f.configured === 'disabled') {
    return wrong('the peer is disabled', `culvert peer enable ${f.peer}, then culvert reload`);
  }
  if (f.waits.length > 0) {
    return wrong(`the peer is not started: ${f.waits[0]}`, 'change that value, or wait for it');
  }
  if (f.identities === 0) {
    return wrong('no identity names this peer', `culvert identity add peer=${f.peer} secret=…`);
  }
  if (f.policies.length === 0) {
    const change = `culvert policy add peer=${f.peer} src-address=… dst-address=…`;
    return wrong('no enabled encrypt policy names this peer', change);
  }
  if (f.stale) {
    const change = 'culvert reload';
    return wrong('the file has changed since the daemon read it', change);
  }
  const failed = ailing(f, 'configuration', 'correct it, then culvert reload');
  const policies = f.policies.length === 1 ? '1 policy' : `${f.policies.length} policies`;
  return failed ?? fine(`peer, ${f.identities === 1 ? 'identity' : 'identities'}, ${policies}`);
}

function addressAndRoute(f: DoctorFacts): Answer {
  if (f.ike === 'established') return fine(`${f.address} from ${f.local}`);
  if (f.resolving !== undefined) {
    return wrong(`${f.address} cannot be resolved: ${f.resolving}`, 'correct address, or the DNS');
  }
  if (f.naming !== undefined) return wrong(f.naming, 'correct address, or what the DNS says of it');
  if (f.strangers.length > 0 && f.ike === 'none' && f.passive) {
    const [stranger] = f.strangers;
    const text = `nobody calls from ${f.address}, but ${stranger!.address} does, which no peer has`;
    return wrong(text, "if that is this peer, make it the peer's address (behind NAT: the NAT's)");
  }
  if (f.prefix) return fine(`any of ${f.address} may call`);
  if (f.local === undefined) {
    return wrong(`no route to ${f.address}`, `add one: ip route get ${f.address} must find a way`);
  }
  if (f.throughTun) {
    const text = `${f.address} lies inside a policy of this peer: its IKE messages go into the tunnel`;
    return wrong(
      text,
      'take the address out of dst-address, or put a policy action=none before it',
    );
  }
  return (
    ailing(f, 'address and route', 'correct the route') ?? fine(`${f.address} from ${f.local}`)
  );
}

function udp(f: DoctorFacts): Answer {
  if (f.ike === 'established') return fine('the peer answers');
  const ailment = ailing(f, 'UDP 500 and 4500', OPEN);
  const { probe } = f;
  if (probe?.ike === 'refused') {
    const text = `nothing listens on UDP ${f.port} of ${f.address}: it answers with ICMP`;
    return wrong(text, 'start IKE there, or correct address and port here');
  }
  const way = probe === undefined ? '' : `; ${probeText(f)}`;
  if (ailment) return { ...ailment, text: `${ailment.text}${way}` };
  if (f.beyondFirst) return fine('the peer answers');
  if (probe?.ike === 'answered') return fine(probeText(f));
  if (f.ike === 'asking') {
    const text = `no answer to IKE_SA_INIT for ${f.askingFor} s${way}`;
    return f.askingFor < PATIENCE ? unknown(text) : wrong(text, OPEN);
  }
  if (f.prefix) return unknown('the peer calls us: whether it can is not to be seen from here');
  return unknown(probe === undefined ? 'not tried' : probeText(f));
}

/** Seconds; by then IKE_SA_INIT has gone out four times. Our own choice. */
const PATIENCE = 8;
const OPEN =
  'see that the peer runs and that UDP 500 and 4500 pass both ways: tcpdump on both ends';

function probeText({ probe, port }: DoctorFacts): string {
  const words = { answered: 'answers', refused: 'is closed', silent: 'is silent' } as const;
  const { ike, nat } = probe!;
  const silent = ike === 'silent' || nat === 'silent' ? ' (not every peer answers a probe)' : '';
  return `a probe of UDP ${port} ${words[ike]}, of UDP 4500 ${words[nat]}${silent}`;
}

function nat(f: DoctorFacts): Answer {
  const ailment = ailing(f, 'NAT', 'use ipsec-protocols=esp on both sides');
  if (ailment) return ailment;
  if (f.nat === undefined) return unknown('not known before the peer answers');
  return fine(f.nat ? 'there is one: ESP goes inside UDP 4500' : 'none');
}

function proposals(f: DoctorFacts): Answer {
  const phase1 = `profile ${f.profile}: enc-algorithm, hash-algorithm, dh-group`;
  const change = `${phase1}; proposal: enc-algorithms, auth-algorithms, pfs-group`;
  return (
    ailing(f, 'proposals', `make the lists of both ends meet (${change})`) ??
    (f.ike === 'established' ? fine(f.suite) : unknown('not agreed yet'))
  );
}

function authentication(f: DoctorFacts): Answer {
  const change =
    'compare secret (or certificates) on both ends, and my-id of each with remote-id of the other';
  return (
    ailing(f, 'authentication', change) ??
    (f.ike === 'established' ? fine('both sides are proved') : unknown('not got that far yet'))
  );
}

function identities(f: DoctorFacts): Answer {
  return (
    ailing(f, 'identities', 'remote-id here must be what the peer sends as its own') ??
    (f.ike === 'established' ? fine(f.remoteId) : unknown('not got that far yet'))
  );
}

const ANSWERS: Readonly<Record<CheckName, Check>> = {
  configuration,
  'address and route': addressAndRoute,
  'UDP 500 and 4500': udp,
  NAT: nat,
  proposals,
  authentication,
  identities,
  certificates,
  daemon,
  'traffic selectors': trafficSelectors,
  'SA installed': saInstalled,
  backups,
  'packets out': packetsOut,
  'packets in': packetsIn,
  MTU: mtu,
  'last notification': lastNotification,
};

/** All questions; after the first that is answered with "wrong" the others are skipped. */
export function diagnose(facts: DoctorFacts): Diagnosis {
  let stop = false;
  const findings = CHECKS.map((check): Finding => {
    // Whoever stands in for a peer that is down is worth a line.
    const always = check === 'backups' && facts.backups.length > 0;
    if (stop && !always) return { check, verdict: 'skipped', text: 'not looked at' };
    const answer = ANSWERS[check](facts);
    stop ||= answer.verdict === 'wrong';
    return { check, ...answer };
  });
  return { peer: facts.peer, address: facts.address, findings: last(facts, findings) };
}

/** What is wrong, undefined where nothing is. */
export const trouble = ({ findings }: Diagnosis): Finding | undefined =>
  findings.find(({ verdict }) => verdict === 'wrong');
