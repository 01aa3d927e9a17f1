// A CHILD_SA inside any exchange that makes one: what is offered, what is accepted, what is installed
// (RFC 7296 §1.2, §1.3.1, §2.9, §2.17). Side and policy are always ours; `initiated` says whose
// exchange it was, which orders keys and selectors.
import { describe, describeSuite, explainMismatch } from '../../algorithms/describe.js';
import {
  ahProposals,
  ahSuite,
  type EspSuite,
  espProposals,
  espSuite,
  isSelectionOf,
  selectProposal,
} from '../../algorithms/proposals.js';
import type { Transform } from '../../algorithms/transform.js';
import { childKeys, type DirectionKeys, type Nonces } from '../../crypto/keymat.js';
import { isDynamic, type Policy } from '../../policy/database.js';
import type { TrafficSelector } from '../../policy/selector.js';
import { isTemplate } from '../../policy/template.js';
import type { PlainPayload } from '../../wire/chain.js';
import type { AcquirePacket } from '../context.js';
import { policiesOf } from '../directory.js';
import { ERRORS, IkeError } from '../errors.js';
import { type Exchange, fraction, report, required, type Work } from '../exchange.js';
import { type Child, type ChildOffer, encapsulates, type IkeSa } from '../sa.js';
import type { ChildSa, SaKeys } from '../step.js';
import { describeTemplates, generatePolicy, makeAsked } from './generate.js';
import { wishedSelectors, withAllPorts } from './generate.js';
import {
  allowedBy,
  asksForTransport,
  buildMode,
  type Mode,
  modeOf,
  originalEnds,
  substituted,
} from './mode.js';
import { buildChoice, buildOffer, espSpiBytes, espSpiFrom, readProposals } from './proposal.js';
import {
  buildTs,
  formatSelectors,
  isNarrowing,
  type Narrowed,
  narrowToPolicy,
  offeredSelectors,
  policySelectors,
  readTs,
  type Side,
} from './selectors.js';

/** What both sides agreed on for one child. */
export interface Agreed {
  readonly policy: Policy;
  readonly mode: Mode;
  readonly suite: EspSuite;
  readonly ourSpi: number;
  readonly theirSpi: number;
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
  /** Transport mode behind a NAT: the two ends as the peer sees them. */
  readonly original: ChildSa['original'];
}

const proposalsOf = ({ protection, proposal }: Policy, groups: readonly (string | undefined)[]) =>
  (protection === 'ah' ? ahProposals : espProposals)(proposal, groups);

const suiteOf = ({ protection }: Policy, chosen: readonly Transform[]): EspSuite | undefined =>
  (protection === 'ah' ? ahSuite : espSuite)(chosen);

/** RFC 3715 §2.1: an AH covers the addresses that a NAT changes. */
export function checkNat(sa: IkeSa, { id, protection }: Policy): void {
  if (protection !== 'ah' || !encapsulates(sa)) return;
  throw new IkeError('ah-through-nat', `policy ${id} has ipsec-protocols=ah, but there is a NAT`);
}

/** The same for what we would ask: said, and asked for again later only. */
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

// ---- initiator of the exchange -----------------------------------------------------------------

export function offerChild(
  { world, sa }: Work,
  policy: Policy,
  packet: AcquirePacket | undefined,
  groups: readonly (string | undefined)[],
): ChildOffer {
  return {
    policy,
    spi: world.context.allocateSpi(),
    proposals: proposalsOf(policy, groups),
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

// ---- responder of the exchange -----------------------------------------------------------------

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
  const { policy, mode, local, remote } = choosePolicy(exchange, policies, asked, !only);
  const offer = required(exchange, 'SA');
  const theirs = readProposals(offer);
  checkNat(sa, policy);
  const ours = proposalsOf(policy, groupsFor(policy));
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
 */
function choosePolicy(
  exchange: Exchange,
  policies: readonly Policy[],
  asked: Side,
  generate: boolean,
): Narrowed & { readonly mode: Mode } {
  const { sa } = exchange;
  const requested = asksForTransport(exchange);
  const find = (mode: Mode, side: Side): Narrowed | undefined => {
    const own = policies.filter((policy) => modeOf(policy) === mode);
    return narrowToPolicy(
      own.flatMap((policy) => {
        const allowed = allowedBy(sa, policy);
        return allowed ? [[policy, allowed] as const] : [];
      }),
      side,
    );
  };
  const transport = find('transport', requested ? substituted(sa, asked) : asked);
  if (requested && transport) return { ...transport, mode: 'transport' };
  const tunnel = find('tunnel', asked);
  if (tunnel) return { ...tunnel, mode: 'tunnel' };
  const made = generate ? generatePolicy(exchange, asked) : undefined;
  if (made) return made;
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

// ---- both --------------------------------------------------------------------------------------

interface Making {
  readonly initiated: boolean;
  readonly nonces: Nonces;
  readonly secret?: Uint8Array | undefined;
  readonly replaces?: number;
  /** The outbound half waits for the peer. */
  readonly standby?: boolean;
}

export function installChild(work: Work, agreed: Agreed, making: Making): Child {
  const { world, sa, step } = work;
  const { policy, suite, local, remote } = agreed;
  const { d, suite: ikeSuite } = sa.secured!;
  const keys = childKeys({ prf: ikeSuite.prf, d }, suite, making.nonces, making.secret);
  const [out, into] = making.initiated
    ? [keys.initiator, keys.responder]
    : [keys.responder, keys.initiator];
  const withSpi = (spi: number, direction: DirectionKeys): SaKeys => ({ spi, ...direction });
  const { lifetime: hardSeconds, lifebytes } = policy.proposal;
  const share = softShare(work);
  const lifetime = {
    hardSeconds,
    softSeconds: Math.max(1, Math.floor(hardSeconds * share)),
    hardBytes: lifebytes,
    softBytes: Math.floor(lifebytes * share),
  };
  const now = world.context.now();
  const installed = installedSelectors(agreed);
  const child: Child = {
    sa: {
      id: world.store.nextChildId(),
      peer: sa.peer.name,
      session: sa.authorisation?.session,
      policy: policy.id,
      local: sa.local,
      remote: sa.remote,
      udpEncapsulation: encapsulates(sa),
      mode: agreed.mode,
      protocol: suite.protection,
      original: agreed.original,
      encryption: suite.encryption.name,
      integrity: suite.integrity.name,
      esn: suite.esn,
      replayWindow: policy.proposal.replayWindow,
      inbound: withSpi(agreed.ourSpi, into),
      outbound: withSpi(agreed.theirSpi, out),
      localSelectors: installed.local,
      remoteSelectors: installed.remote,
      lifetime,
      replaces: making.replaces,
    },
    policy,
    suite,
    softAt: now + lifetime.softSeconds * 1000,
    hardAt: now + lifetime.hardSeconds * 1000,
    state: 'installed',
    standby: making.standby ?? (!making.initiated && served(work, policy).length > 0),
    rival: undefined,
  };
  world.store.place(sa, child);
  step.install.push(child.sa);
  world.generated.use(step, child, `${sa.peer.name} ${sa.remoteId}`);
  if (child.standby) step.standby.push(child.sa.id);
  const networks = `${formatSelectors(local)} to ${formatSelectors(remote)}`;
  report(work, 'info', 'ike.child', `CHILD_SA ${describeSuite(suite)} for ${networks}`, {
    mode: agreed.mode,
    child: child.sa.id,
    policy: policy.id,
    'spi-in': hex(agreed.ourSpi),
    'spi-out': hex(agreed.theirSpi),
    encapsulation: child.sa.udpEncapsulation,
  });
  return child;
}

/** port-override: as the policy says, beyond what was agreed. */
function installedSelectors({ policy, local, remote }: Agreed): Side {
  const open = isDynamic(policy) && policy.allPorts;
  return open ? withAllPorts({ local, remote }) : { local, remote };
}

const hex = (spi: number): string => `0x${spi.toString(16).padStart(8, '0')}`;

/** Share of a lifetime before the soft limit; chance keeps two ends from rekeying at once (§2.8). */
export function softShare({ world }: Work): number {
  return world.settings.softShare - world.settings.softJitter * fraction(world);
}

/** Takes a child out here, without a word to the peer; with the last one of a made policy, that too. */
export function removeChild({ world, sa, step }: Work, child: Child): void {
  world.store.displace(sa, child.sa.id);
  step.remove.push(child.sa.id);
  world.generated.drop(step, child);
  if (child.standby) return;
  // Of an IKE SA that takes this one's place: nothing goes through the old one any more.
  for (const other of served({ world, sa, step }, child.policy)) {
    if (other.sa.replaces === undefined) activateChild({ world, sa, step }, other);
  }
}

/** Children for a policy that the same peer has under other IKE SAs of its: it authenticates anew. */
function served({ world, sa }: Work, policy: Policy): Child[] {
  return world.store
    .ofPeer(sa.peer.name)
    .filter((other) => other !== sa && other.remoteId === sa.remoteId)
    .filter(({ state }) => state === 'established')
    .flatMap(({ children }) => [...children.values()])
    .filter((child) => child.policy.id === policy.id && child.state === 'installed');
}

/** The outbound half of a child that waited goes into use. */
export function activateChild({ step }: Work, child: Child): void {
  if (!child.standby) return;
  child.standby = false;
  step.activate.push(child.sa.id);
}
