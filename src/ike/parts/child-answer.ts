// A child that the peer asks for: the policy, selectors and algorithms it gets (RFC 7296 §1.3.1, §2.9).
import { describe, explainMismatch } from '../../algorithms/describe.js';
import { selectProposal } from '../../algorithms/proposals.js';
import type { Policy } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { policiesOf } from '../directory.js';
import { IkeError } from '../errors.js';
import { type Exchange, required } from '../exchange.js';
import { encapsulates, type IkeSa } from '../sa.js';
import { type Agreed, proposalsOf, suiteOf } from './child-agreed.js';
import { describeTemplates, generatePolicy } from './generate.js';
import {
  allowedBy,
  asksForTransport,
  buildMode,
  type Mode,
  modeOf,
  originalEnds,
  substituted,
} from './mode.js';
import { buildChoice, espSpiBytes, espSpiFrom, readProposals } from './proposal.js';
import {
  buildTs,
  formatSelectors,
  holdsAll,
  type Narrowed,
  narrowToPolicy,
  offeredSelectors,
  policySelectors,
  readTs,
  type Side,
} from './selectors.js';

/** RFC 3715 §2.1: an AH covers the addresses that a NAT changes. */
function checkNat(sa: IkeSa, { id, protection }: Policy): void {
  if (protection !== 'ah' || !encapsulates(sa)) return;
  throw new IkeError('ah-through-nat', `policy ${id} has ipsec-protocols=ah, but there is a NAT`);
}

/** Our own choice: what one IKE SA may have of the SAs and policies that all peers share. */
const MOST_CHILDREN = 256;

/** Beyond several for each policy that is written, which a peer of many networks may have. */
function checkRoom({ sa }: Exchange, policies: readonly Policy[]): void {
  if (sa.children.size < MOST_CHILDREN + 4 * policies.length) return;
  throw new IkeError(
    'no-additional-sas',
    `peer has ${sa.children.size} CHILD_SAs and asks for more`,
  );
}

export interface Accepted extends Agreed {
  readonly payloads: { readonly sa: readonly PlainPayload[]; readonly ts: readonly PlainPayload[] };
}

/** Chooses policy, selectors and algorithms; `groupsFor` says which key exchanges it may have. */
export function acceptChild(
  exchange: Exchange,
  groupsFor: (policy: Policy) => readonly (string | undefined)[],
  only?: Policy,
): Accepted {
  const { world, sa } = exchange;
  const asked = {
    local: readTs(required(exchange, 'TSr')),
    remote: readTs(required(exchange, 'TSi')),
  };
  const policies = only ? [only] : policiesOf(world.databases, sa.peer);
  checkRoom(exchange, policies);
  const { policy, mode, local, remote } = choosePolicy(exchange, policies, asked, !only);
  const offer = required(exchange, 'SA');
  const theirs = readProposals(offer);
  checkNat(sa, policy);
  const ours = proposalsOf(sa, policy, groupsFor(policy));
  const selection = selectProposal(ours, theirs);
  const suite = selection && suiteOf(policy, selection.transforms);
  if (!selection || !suite) {
    throw new IkeError(
      'no-proposal',
      `peer offers ${describe(theirs)}; proposal '${policy.proposal.name}' allows ` +
        `${describe(ours)}: ${explainMismatch(ours, theirs)}`,
    );
  }
  const theirSpi = espSpiFrom(offer.proposals[selection.index]!.spi);
  const ourSpi = world.context.allocateSpi();
  const choice = [...buildMode(mode), buildChoice(offer, selection, espSpiBytes(ourSpi))];
  const ts = [buildTs('TSi', remote), buildTs('TSr', local)];
  const original = mode === 'transport' ? originalEnds(sa, asked) : undefined;
  const payloads = { sa: choice, ts };
  return { policy, mode, suite, ourSpi, theirSpi, local, remote, original, payloads };
}

/**
 * Transport mode where it is asked for and a policy has it, else tunnel mode: that declines the
 * request, and the peer closes what it cannot use (§1.3.1).
 *
 * A written policy may be a part of what is asked. But whoever has addresses from us asks for everything
 * and means the policy for those: a written one has then to hold all that is asked (as racoon, whose words
 * RouterOS has, looks for it), or else nothing may be made from a template.
 */
function choosePolicy(
  exchange: Exchange,
  policies: readonly Policy[],
  asked: Side,
  generate: boolean,
): Narrowed & { readonly mode: Mode } {
  const { sa } = exchange;
  const requested = asksForTransport(exchange);
  const hasAddresses = generate && (sa.assigned?.addresses.length ?? 0) > 0;
  const find = (mode: Mode, side: Side, whole = false): Narrowed | undefined => {
    const own = policies.filter((policy) => modeOf(policy) === mode);
    return narrowToPolicy(
      own.flatMap((policy) => {
        const allowed = allowedBy(sa, policy);
        return allowed && (!whole || holds(allowed, side)) ? [[policy, allowed] as const] : [];
      }),
      side,
    );
  };
  const transport = find('transport', requested ? substituted(sa, asked) : asked);
  if (requested && transport) return { ...transport, mode: 'transport' };
  const tunnel = find('tunnel', asked, hasAddresses);
  if (tunnel) return { ...tunnel, mode: 'tunnel' };
  const made = generate ? generatePolicy(exchange, asked) : undefined;
  if (made) return made;
  const part = hasAddresses && find('tunnel', asked);
  if (part) return { ...part, mode: 'tunnel' };
  if (transport) {
    const { id } = transport.policy;
    throw new IkeError('mode-mismatch', `peer asks for tunnel mode; policy ${id} has tunnel=no`);
  }
  const words = (side: Side): string =>
    `${formatSelectors(side.local)} here to ${formatSelectors(side.remote)} there`;
  const ours = policies.map((policy) =>
    words(offeredSelectors(policySelectors(policy), undefined)),
  );
  throw new IkeError(
    'ts-unacceptable',
    `peer asks for ${words(asked)}; our policies have ${ours.join(' and ') || 'nothing'}` +
      describeTemplates(exchange),
  );
}

const holds = (allowed: Side, asked: Side): boolean =>
  holdsAll(allowed.local, asked.local) && holdsAll(allowed.remote, asked.remote);
