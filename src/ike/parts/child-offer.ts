// A child that we ask for: what is offered, and what of the answer is taken (RFC 7296 §1.3.1, §2.9).
import { describe } from '../../algorithms/describe.js';
import { isSelectionOf } from '../../algorithms/proposals.js';
import type { Policy } from '../../policy/database.js';
import { isTemplate } from '../../policy/template.js';
import type { PlainPayload } from '../../wire/chain.js';
import type { AcquirePacket } from '../context.js';
import { ERRORS, IkeError } from '../errors.js';
import { type Exchange, report, required, type Work } from '../exchange.js';
import { type ChildOffer, encapsulates, type IkeSa } from '../sa.js';
import { type Agreed, proposalsOf, suiteOf } from './child-agreed.js';
import { makeAsked, wishedSelectors } from './generate.js';
import {
  allowedBy,
  asksForTransport,
  buildMode,
  modeOf,
  originalEnds,
  substituted,
} from './mode.js';
import { buildOffer, espSpiBytes, espSpiFrom, readProposals } from './proposal.js';
import {
  buildTs,
  formatSelectors,
  isNarrowing,
  offeredSelectors,
  policySelectors,
  readTs,
  type Side,
} from './selectors.js';

/** AH that a NAT would break is not asked for: said, and asked for again later only. */
export function isBarred(work: Work, policy: Policy): boolean {
  if (policy.protection !== 'ah' || !encapsulates(work.sa)) return false;
  const text = `policy ${policy.id} has ipsec-protocols=ah, but there is a NAT`;
  const { advice } = ERRORS['ah-through-nat'];
  report(work, 'error', 'ike.child', `${text}; ${advice}`, {
    error: 'ah-through-nat',
    policy: policy.id,
  });
  return true;
}

export function offerChild(
  { world, sa }: Work,
  policy: Policy,
  packet: AcquirePacket | undefined,
  groups: readonly (string | undefined)[],
): ChildOffer {
  return {
    policy,
    spi: world.context.allocateSpi(),
    proposals: proposalsOf(sa, policy, groups),
    // a policy that is not about the two ends is refused by the peer, with its reasons
    ...offeredSelectors(wished(sa, policy), packet),
  };
}

const wished = (sa: IkeSa, policy: Policy): Side =>
  isTemplate(policy)
    ? wishedSelectors(sa, policy)
    : (allowedBy(sa, policy) ?? policySelectors(policy));

export const buildChildSa = ({ policy, proposals, spi }: ChildOffer): PlainPayload[] => [
  ...buildMode(modeOf(policy)),
  buildOffer(proposals, espSpiBytes(spi)),
];

export const buildChildTs = ({ local, remote }: ChildOffer): PlainPayload[] => [
  buildTs('TSi', local),
  buildTs('TSr', remote),
];

/** For the log: what was asked for. */
export const describeOffer = ({ proposals, local, remote }: ChildOffer): string =>
  `a CHILD_SA ${describe(proposals)} for ${formatSelectors(local)} to ${formatSelectors(remote)}`;

/** The answer must be a part of the offer, in algorithms and in selectors. */
export function takeChild(exchange: Exchange, offer: ChildOffer): Agreed {
  const sa = required(exchange, 'SA');
  const [chosen, ...more] = readProposals(sa);
  const suite = chosen && suiteOf(offer.policy, chosen.transforms);
  if (more.length > 0 || !suite || !isSelectionOf(offer.proposals, chosen)) {
    const wrong = chosen ? describe([chosen]) : 'nothing';
    throw new IkeError('bad-answer', `peer chose ${wrong} of ${describe(offer.proposals)}`);
  }
  const answered = {
    local: readTs(required(exchange, 'TSi')),
    remote: readTs(required(exchange, 'TSr')),
  };
  const transport = modeOf(offer.policy) === 'transport';
  const { local, remote } = transport ? substituted(exchange.sa, answered) : answered;
  if (!isNarrowing(offer.local, local) || !isNarrowing(offer.remote, remote)) {
    const answer = `${formatSelectors(local)} to ${formatSelectors(remote)}`;
    throw new IkeError('bad-answer', `peer's selectors are not within ours: ${answer}`);
  }
  const theirSpi = espSpiFrom(sa.proposals[0]!.spi);
  const original = transport ? originalEnds(exchange.sa, answered) : undefined;
  const mode = modeOf(offer.policy);
  const made = isTemplate(offer.policy) && makeAsked(exchange, offer.policy, { local, remote });
  return {
    policy: made || offer.policy,
    mode,
    suite,
    ourSpi: offer.spi,
    theirSpi,
    local,
    remote,
    original,
  };
}

/**
 * §1.3.1: the peer made something of the other mode than the policy says. It is closed at once: in
 * tunnel mode the packets of a tunnel=no policy would go another way than both sides configured.
 */
export function refuseMode(exchange: Exchange, { policy, spi }: ChildOffer): boolean {
  const { sa } = exchange;
  const transport = asksForTransport(exchange);
  if (transport === (modeOf(policy) === 'transport')) return false;
  if (transport) throw new IkeError('bad-answer', 'peer chose transport mode unasked');
  const text = `the peer makes a tunnel of policy ${policy.id}, which has tunnel=no: it is closed`;
  report(exchange, 'error', 'ike.child', `${text}; ${ERRORS['mode-mismatch'].advice}`, {
    error: 'mode-mismatch',
    policy: policy.id,
  });
  sa.tasks.unshift({ kind: 'delete-spis', spis: [{ protocol: policy.protection, spi }] });
  return true;
}
