// The life of a connection to a peer: calling it, what being up means, and what follows when it is
// lost. A peer that is not passive is called again, later each time it fails.
import { describeSuite } from '../algorithms/describe.js';
import { type Address, sameAddress } from '../policy/address.js';
import { isDynamic, type Peer, type Policy } from '../policy/database.js';
import type { PlainPayload } from '../wire/chain.js';
import { INFORMATIONAL, PROTOCOL_IKE } from '../wire/numbers.js';
import type { AcquirePacket } from './context.js';
import { callingIdentity } from './calling.js';
import { identitiesOf, isReachable, policiesOf } from './directory.js';
import { moveOn, wishesOf } from './failover.js';
import { fraction, type Link, report, type Work, type World } from './exchange.js';
import { missingNetworks } from './networks.js';
import { removeChild, softShare } from './parts/child.js';
import { releaseAssigned } from './parts/configuration.js';
import { newIkeSpi } from './parts/keys.js';
import { IKE_PORT, NAT_PORT } from './parts/nat.js';
import { createChild, encapsulates, type IkeSa, newIkeSa, openTasks } from './sa.js';
import type { Step } from './step.js';
import { prefersChildless } from './v2/childless.js';
import { newHandshake } from './v2/sa-init.js';
import { sendRequest } from './window.js';

export const newLink = ({ passive }: Peer): Link => ({
  active: !passive,
  failures: 0,
  connectAt: undefined,
  notBefore: 0,
  refused: new Map(),
  redirects: [],
  turn: 0,
  addresses: [],
});

/** Makes an initiator's SA and wakes it; the reason in an event where it cannot be. */
export function connect(
  world: World,
  peer: Peer,
  step: Step,
  policy: Policy | undefined = wishesOf(world, peer)[0],
  packet?: AcquirePacket,
  /** Another gateway of the same peer, where that sends us (v2/redirect.ts). */
  gateway?: Address,
): IkeSa | undefined {
  const refuse = (text: string, obstacle = 'configuration'): undefined => {
    const facts = { obstacle };
    step.events.push({ level: 'error', topic: 'ike.init', peer: peer.name, text, facts });
  };
  if (!isReachable(peer)) return refuse('peer has a prefix for an address: it has to call us');
  if (!callingIdentity(world, peer)) {
    const some = identitiesOf(world.databases, peer).length > 0;
    return refuse(
      some
        ? 'peer has no identity to call it with: its users have to call us'
        : 'peer has no identity: add one with its secret',
    );
  }
  if (!policy && !prefersChildless(peer)) {
    return refuse('no policy names this peer: nothing to negotiate');
  }
  const remote = gateway ?? peer.address.address;
  const local = peer.localAddress ?? world.context.localAddressFor(remote);
  if (!local) return refuse('no route to the peer: it is tried again later', 'route');
  // A port of its own is spoken to the way port 4500 is: with the non-ESP marker (RFC 3948 §2.2).
  const localPort = peer.port === IKE_PORT ? IKE_PORT : NAT_PORT;
  const sa = newIkeSa(
    {
      serial: world.store.nextSerial(),
      side: 'initiator',
      peer,
      state: 'idle',
      spiInitiator: newIkeSpi(world),
      spiResponder: 0n,
      local: { address: local, port: localPort },
      remote: { address: remote, port: peer.port },
    },
    world.context.now(),
  );
  sa.handshake = { ...newHandshake({ sa }), firstPolicy: policy, packet };
  world.store.add(sa);
  world.store.wake(sa);
  return sa;
}

/** After both sides are authenticated: lifetimes start, further children are asked for. */
export function becomeEstablished(work: Work): void {
  const { world, sa } = work;
  const now = world.context.now();
  const first = sa.handshake?.firstPolicy?.id;
  sa.state = 'established';
  sa.handshake = undefined;
  world.store.opened(sa);
  startClocks(work);
  const link = world.links.get(sa.peer.name);
  if (link) Object.assign(link, { failures: 0, connectAt: undefined, notBefore: 0 });
  sa.times.lastSeen = now;
  const suite = describeSuite(sa.secured!.suite);
  report(work, 'info', 'ike.auth', `IKE SA is up with ${sa.remoteId}, ${suite}`, {
    side: sa.side,
    suite,
    nat: encapsulates(sa),
    took: Math.round(now - sa.times.bornAt),
  });
  if (sa.peer.passive) return;
  if (sa.side === 'initiator') wantChildren(work, first);
  else sa.times.childrenAt = now + world.settings.temporaryMs;
}

/** Our own choice. Further apart, the later one may be the peer's to authenticate anew. */
const AT_ONCE_MS = 10_000;

/**
 * Both sides called at once, and two IKE SAs stand: the side with the lower address closes the one it
 * called with. What was missing afterwards is asked for under the other.
 */
export function closeDouble({ world, sa }: Work): void {
  // One beside another on purpose: to authenticate anew (v2/reauthentication.ts).
  if (sa.renews) return;
  const same = world.store.withSame(sa).filter(({ state }) => state === 'established');
  const ours = same.find(({ side }) => side === 'initiator');
  const theirs = same.find(({ side }) => side === 'responder');
  const apart = Math.abs((ours?.times.bornAt ?? 0) - (theirs?.times.bornAt ?? 0));
  if (!ours || !theirs || apart > AT_ONCE_MS) return;
  if (ours.local.address.value > ours.remote.address.value) return;
  ours.tasks.unshift({ kind: 'delete-ike', reason: 'both sides called at once' });
  world.store.wake(ours);
  if (sa.peer.passive) return;
  theirs.times.childrenAt = world.context.now() + world.settings.temporaryMs;
  world.store.changed.add(theirs);
}

/** The peer refuses a child: asked again later, by traffic or of our own accord; another peer at once. */
export function childRefused({ world, sa, step }: Work, policy: Policy): void {
  const { reconnectMs, reconnectMostMs } = world.settings;
  const now = world.context.now();
  world.links.get(sa.peer.name)?.refused.set(policy.id, now + 10 * reconnectMs);
  if (!sa.peer.passive) sa.times.childrenAt = now + reconnectMostMs;
  moveOn({ world, step }, sa.peer, [policy]);
}

/** Lifetime and keepalive of an SA that is in use from now on. */
export function startClocks(work: Work): void {
  const { world, sa } = work;
  const now = world.context.now();
  const hardMs = sa.peer.profile.lifetime * 1000;
  Object.assign(sa.times, {
    establishedAt: now,
    softAt: now + Math.floor(hardMs * softShare(work)),
    hardAt: now + hardMs,
    giveUpAt: undefined,
    keepaliveAt: sa.natLocal ? now + world.settings.keepaliveMs : undefined,
  });
}

/** Asks for the children that policies of this peer lack; `first` is under way already. */
export function wantChildren({ world, sa }: Work, first?: number): void {
  const { store } = world;
  const served = servedPolicies(store.ofPeer(sa.peer.name));
  const wishes = wishesOf(world, sa.peer).filter(({ id }) => id !== first && !served.has(id));
  const missing = [...wishes, ...missingNetworks({ world, sa })];
  for (const policy of missing) sa.tasks.push(createChild(policy));
  if (missing.length > 0) store.wake(sa);
}

/** Whether a policy has a child, or one is asked for. */
export const hasChild = (world: World, policy: number): boolean =>
  servedPolicies(world.store.all()).has(policy);

/** Those of them that these SAs serve: to be asked once about many. */
export function servedPolicies(sas: readonly IkeSa[]): ReadonlySet<number> {
  const served = new Set<number>();
  for (const sa of sas) {
    for (const child of sa.children.values()) {
      if (child.state === 'deleting') continue;
      served.add(isDynamic(child.policy) ? child.policy.template : child.policy.id);
    }
    for (const task of openTasks(sa)) {
      if (task.kind === 'create-child') served.add(task.policy.id);
    }
    if (sa.handshake?.firstPolicy) served.add(sa.handshake.firstPolicy.id);
  }
  return served;
}

/**
 * INITIAL_CONTACT of an authenticated peer: its other SAs with us are from before, and go at once
 * (§2.4). One that started anew cannot answer a DELETE; one that did not, must hear of it: said once.
 */
export function forgetOthers({ world, sa, step }: Work): void {
  for (const other of world.store.withSame(sa)) {
    const past = ['established', 'replaced', 'deleting'].includes(other.state);
    if (other === sa || !isSameHere(other, sa) || !past) continue;
    const work = { world, sa: other, step };
    const payload: PlainPayload = { type: 'Delete', protocol: PROTOCOL_IKE, spis: [] };
    const task = { kind: 'delete-ike', reason: 'the peer has started anew' } as const;
    if (!other.window.pending) sendRequest(work, INFORMATIONAL, [payload], task);
    other.ending ??= 'lost-carrier';
    report({ sa, step }, 'info', 'ike.auth', 'peer has started anew: its earlier SAs are removed');
    discard(work);
    // at once: it is to have the address that it had
    releaseAssigned(work);
  }
}

/** Whether we are the same to both: who says who it is by its address is another at another. */
const isSameHere = ({ local }: IkeSa, { local: here, identity }: IkeSa): boolean =>
  identity?.authMethod !== 'pre-shared-key' ||
  identity.myId.kind !== 'auto' ||
  sameAddress(local.address, here.address);

/** Takes an SA with all its children out, here and now. */
export function discard(work: Work): void {
  const { world, sa } = work;
  for (const child of [...sa.children.values()]) removeChild(work, child);
  sa.tasks.length = 0;
  sa.window.pending = undefined;
  world.store.remove(sa);
}

/** The connection is gone against our will: call again, unless the peer has to, or there is another. */
export function scheduleReconnect({ world, sa, step }: Work): void {
  const link = world.links.get(sa.peer.name);
  if (link) postpone(world, link);
  moveOn({ world, step }, sa.peer, policiesOf(world.databases, sa.peer), sa);
}

/** The next call has to wait, longer each time. */
export function postpone(world: World, link: Link): void {
  if (world.closing || link.connectAt !== undefined) return;
  const { reconnectMs, reconnectMostMs } = world.settings;
  const wait = Math.min(reconnectMs * 2 ** link.failures, reconnectMostMs);
  link.failures++;
  link.notBefore = world.context.now() + wait;
  if (link.active) link.connectAt = link.notBefore;
}

/** Our own bug: it costs this SA, not the gateway, and the log has all of it. */
export function failed(work: Work, error: unknown): void {
  const text = `bug: ${error instanceof Error ? error.message : String(error)}; the IKE SA is removed`;
  const stack = error instanceof Error ? error.stack : undefined;
  report(work, 'error', 'ike.bug', `${text}; please report it with this line`, { stack });
  work.sa.ending ??= 'nas-error';
  scheduleReconnect(work);
  discard(work);
}

/** After TEMPORARY_FAILURE; chance keeps two ends from asking at once again. */
export const temporaryWait = ({ world }: Work): number =>
  Math.floor(world.settings.temporaryMs * (0.5 + fraction(world)));
