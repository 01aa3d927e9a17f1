// The doctor's questions about what a peer's policies carry.
import { type Answer, ailing, fine, unknown, wrong } from './doctor-answer.js';
import type { DoctorFacts } from './doctor-facts.js';

export function trafficSelectors(f: DoctorFacts): Answer {
  const change =
    'the policies of both ends must mirror each other: src-address here is dst-address there, ' +
    'ports, protocol and tunnel too';
  const found = ailing(f, 'traffic selectors', change);
  if (found) return found;
  return f.sas > 0 ? fine('both sides agree') : unknown('not got that far yet');
}

export function saInstalled(f: DoctorFacts): Answer {
  const ailment = ailing(f, 'SA installed', "see the peer's log");
  if (ailment) return ailment;
  const lacking = f.policies.filter(({ sas }) => sas === 0);
  if (lacking.length === 0) {
    return fine(
      f.policies.length === 1 ? 'the policy has one' : `all ${f.policies.length} have one`,
    );
  }
  const names = lacking.map(({ number, networks }) => `policy ${number} (${networks})`);
  const which = names.length > 2 ? `${names[0]} and ${names.length - 1} more` : names.join(', ');
  if (f.ike === 'asking') return wrong(`the negotiation is under way (${f.state})`, WAIT);
  if (f.ike === 'none') {
    return f.passive
      ? wrong('the peer is passive and has not called', 'have the other end call, or passive=no')
      : wrong('there is no IKE SA and none is asked for', WAIT);
  }
  const change = f.passive ? 'the peer has to ask for it, or passive=no here' : WAIT;
  return wrong(`the IKE SA is up, but there is no SA for ${which}`, change);
}

const WAIT = 'wait some seconds and ask again; culvert log --follow --level debug shows each step';

export function packetsOut(f: DoctorFacts): Answer {
  if (f.out.packets > 0) return fine(`${f.out.packets} packets`);
  if (f.in.packets === 0) return unknown('no packet has wanted out yet');
  const change =
    'answers must match the policy: look for NAT of their source on this host, for an earlier ' +
    'policy, and for a route of theirs that does not lead here';
  return wrong(`${f.in.packets} packets came in, none went out`, change);
}

export function packetsIn(f: DoctorFacts): Answer {
  const { packets, invalid } = f.in;
  if (packets === 0 && invalid > 0) {
    const change = 'the keys or algorithms of both ends differ: culvert installed-sa flush';
    return wrong(`${invalid} packets came in and failed their integrity check`, change);
  }
  if (packets > 0) {
    return fine(
      `${packets} packets${invalid > 0 ? `, ${invalid} failed their integrity check` : ''}`,
    );
  }
  if (f.out.packets < FEW) return unknown('none has come yet');
  const blocked = f.nat === true ? 'UDP 4500' : 'ESP (IP protocol 50)';
  const change =
    `if the peer counts them in, its network does not answer (routes, firewall there); if not, ` +
    `${blocked} is dropped on the way${f.nat === true ? '' : ': udp-encapsulation=yes goes around it'}. ` +
    'If small packets pass, the path has become narrower: it is asked about now, look again in half a minute';
  return wrong(`${f.out.packets} packets went out, none came in`, change);
}

/** Fewer may still be answered. */
const FEW = 3;
