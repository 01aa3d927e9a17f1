// Policies with several peers: the first that works carries the policy, the others are its backups.
//
//   isWanted   a peer is asked for a policy when none before it works or may still turn out to
//   moveOn     a peer is lost, or refuses a policy: the next one is asked at once
//   settle     a peer before the one in use has an SA for it again: that of the backup is closed
//
// A peer that was lost is called again at its own pace (connection.ts) whoever stands in for it, and
// who is back in use is found out by what is there: nothing here is remembered.
import { type Peer, type Policy, peersOf } from '../policy/database.js';
import { askedTemplate } from './calling.js';
import { isReachable, peerNamed, policiesOf } from './directory.js';
import type { Work, World } from './exchange.js';
import { createChild, type IkeSa, isLeaving, openTasks } from './sa.js';

/** What we ask a peer for of our own accord: what mode-config brings, then policies that are its turn. */
export function wishesOf(world: World, peer: Peer): readonly Policy[] {
  const template = askedTemplate(world, peer);
  const written = policiesOf(world.databases, peer).filter((one) => isWanted(world, one, peer));
  return template ? [template, ...written] : written;
}

/** None that stands before this peer works, or is about to show whether it does. */
function isWanted(world: World, policy: Policy, { name }: Peer): boolean {
  const order = peersOf(policy);
  return !order.slice(0, order.indexOf(name)).some((before) => isHopeful(world, policy, before));
}

/** `lost`: an IKE SA that is about to go. A peer that has to call us is there when it has. */
function isHopeful(world: World, { id }: Policy, name: string, lost?: IkeSa): boolean {
  const { links, databases, store, context } = world;
  const link = links.get(name);
  const peer = peerNamed(databases, name);
  if (!link || !peer || (link.refused.get(id) ?? 0) > context.now()) return false;
  const up = store.ofPeer(name).some((sa) => sa !== lost && sa.state === 'established');
  return up || (link.active && link.failures === 0 && isReachable(peer));
}

/** Whom traffic makes us ask: who works or may, else who has been left alone for long enough. */
export function calleeOf(world: World, policy: Policy): Peer | undefined {
  const { databases } = world;
  const peers = peersOf(policy).flatMap((name) => peerNamed(databases, name) ?? []);
  const rested = peers.filter((peer) => !isTooSoon(world, policy, peer));
  return (
    peers.find(({ name }) => isHopeful(world, policy, name)) ??
    rested.find(isReachable) ??
    rested[0]
  );
}

/** Traffic asks once a second; a peer that has just refused is not asked as often. */
export function isTooSoon({ links, context }: World, { id }: Policy, { name }: Peer): boolean {
  const link = links.get(name);
  return link !== undefined && context.now() < Math.max(link.notBefore, link.refused.get(id) ?? 0);
}

/** A peer that is nobody's choice now, and stands by for some policy: it is not called. */
export const isSpare = (world: World, peer: Peer): boolean =>
  wishesOf(world, peer).length === 0 &&
  policiesOf(world.databases, peer).some(({ backups = [] }) => backups.length > 0);

/** Whether anybody else may take these policies over, so that it is not worth waiting for this peer. */
export const hasBackups = ({ world, sa }: Work): boolean =>
  policiesOf(world.databases, sa.peer).some(({ backups = [] }) => backups.length > 0);

/** This peer has not got these policies any more: each goes to the next one, or is given up. */
export function moveOn(
  { world, step }: Pick<Work, 'world' | 'step'>,
  { name }: Peer,
  policies: readonly Policy[],
  lost?: IkeSa,
): void {
  for (const policy of policies) {
    const others = peersOf(policy).filter((other) => other !== name);
    const next = others.find((other) => isHopeful(world, policy, other, lost));
    if (next === undefined || world.closing) step.unmet.push(policy.id);
    else if (!isCarried(world, policy, lost)) ask(world, next, policy);
  }
}

/** It has a child, whoever the peer is. */
const isCarried = ({ store }: World, policy: Policy, lost?: IkeSa): boolean =>
  peersOf(policy)
    .flatMap((name) => store.ofPeer(name))
    .some((sa) => sa !== lost && holds(sa.children, policy));

function ask({ store, links, context }: World, name: string, policy: Policy): void {
  const sas = store.ofPeer(name).filter((sa) => !isLeaving(sa));
  const up = sas.find(({ state }) => state === 'established');
  if (up) {
    const asked = openTasks(up).some(
      (task) => task.kind === 'create-child' && task.policy.id === policy.id,
    );
    if (asked) return;
    up.tasks.push(createChild(policy));
    store.wake(up);
  } else if (sas.length === 0) {
    // One that is being called asks for its policies when it is up.
    const link = links.get(name)!;
    link.connectAt = context.now();
  }
}

/**
 * After a child of a policy is there: of the IKE SAs that we made, only that with the first of the
 * peers keeps one. Who called us decides by itself where it is best reached.
 */
export function settle({ world }: Pick<Work, 'world'>, policy: Policy): void {
  const order = peersOf(policy);
  if (order.length < 2) return;
  const holders = order.flatMap((name) =>
    world.store.ofPeer(name).filter(({ children }) => holds(children, policy)),
  );
  const best = holders[0]?.peer.name;
  for (const sa of holders) {
    if (sa.peer.name === best || !sa.caller) continue;
    sa.tasks.push(
      { kind: 'close-policies', policies: new Set([policy.id]) },
      { kind: 'end-spare' },
    );
    world.store.wake(sa);
  }
}

const holds = (children: IkeSa['children'], { id }: Policy): boolean =>
  [...children.values()].some((child) => child.policy.id === id && child.state !== 'deleting');

/** The IKE SA with a backup ends when its turn is over, unless it carries something else. */
export function endSpare({ world, sa }: Work): boolean {
  const asked = sa.tasks.some(({ kind }) => kind === 'create-child');
  if (sa.children.size > 0 || asked || !isSpare(world, sa.peer)) return false;
  sa.tasks.unshift({ kind: 'delete-ike', reason: 'a peer before it in its policies is back' });
  world.store.wake(sa);
  return true;
}
