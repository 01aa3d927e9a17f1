// Other databases for a running engine. What the change does not touch keeps its SAs:
//   1. swap     the new databases count for whatever begins from now on
//   2. close    IKE SAs of peers, identities, users that have changed; children of policies that are gone
//   3. call     peers that are new or have changed, and children for new policies
import { isDeepStrictEqual } from 'node:util';
import type { Databases, Identity } from '../policy/database.js';
import { newLink, wantChildren } from './connection.js';
import { identitiesOf } from './directory.js';
import { report, type Work, type World } from './exchange.js';
import { wishesOf } from './failover.js';
import type { IkeSa } from './sa.js';
import { prefersChildless } from './v2/childless.js';

/** src/policy/reconcile.ts works it out. */
export interface Change {
  readonly databases: Databases;
  readonly removed: readonly number[];
  readonly changedPeers: readonly string[];
}

/** 1. Returns the IKE SAs whose peer is another one now. */
export function swap(world: World, { databases, changedPeers }: Change): IkeSa[] {
  world.databases = databases;
  const now = world.context.now();
  for (const name of changedPeers) {
    const before = world.links.get(name);
    world.links.delete(name);
    const peer = databases.peers.find((candidate) => candidate.name === name);
    if (!peer) continue;
    // At the next address of its name a peer begins where it was: it has not answered yet.
    const link = { ...newLink(peer), failures: peer.named ? (before?.failures ?? 0) : 0 };
    world.links.set(name, link);
    // After the goodbye to what there was: the peer may take a new SA before it for the old one's.
    const wait = world.store.ofPeer(name).length > 0 ? world.settings.reconnectMs : 0;
    if (link.active) link.connectAt = now + wait;
  }
  const changed = new Set(changedPeers);
  const stays = isUntouched(databases);
  return world.store.all().filter((sa) => changed.has(sa.peer.name) && !stays(sa));
}

/** Of a peer with many identities one was changed: whoever stands by another does not notice. */
const isUntouched =
  (databases: Databases) =>
  ({ state, peer, identity }: IkeSa): boolean => {
    if (state !== 'established' || !identity) return false;
    const now = databases.peers.find(({ name }) => name === peer.name);
    const same = (one: Identity): boolean => isDeepStrictEqual(one, identity);
    return isDeepStrictEqual(now, peer) && identitiesOf(databases, peer).some(same);
  };

/** 2. and 3. for an IKE SA whose peer is what it was. */
export function adjust({ removed, databases }: Change): (work: Work) => void {
  const gone = new Set(removed);
  const users = new Set(databases.users.map(({ name }) => name));
  return (work) => {
    const { user } = work.sa;
    if (user && !users.has(user.name)) leave(work, user.name);
    else adjustTo(work, gone);
  };
}

function leave(work: Work, user: string): void {
  const { sa } = work;
  if (sa.state !== 'established') return;
  const text = `user ${user} is not in the menu any more: its connection ends`;
  report(work, 'info', 'ike.auth', text);
  sa.ending ??= 'admin-reset';
  sa.tasks.unshift({ kind: 'delete-ike', reason: 'its user is no more' });
}

function adjustTo(work: Work, gone: ReadonlySet<number>): void {
  const { world, sa } = work;
  const rest = sa.tasks.filter((task) => task.kind !== 'create-child' || !gone.has(task.policy.id));
  sa.tasks.splice(0, sa.tasks.length, ...rest);
  if (gone.size > 0) sa.tasks.unshift({ kind: 'close-policies', policies: gone });
  if (sa.state === 'established' && !sa.peer.passive) wantChildren(work);
  // One that is not up yet and was begun for a policy that is no more serves nobody.
  const first = sa.handshake?.firstPolicy;
  if (sa.side === 'initiator' && first && gone.has(first.id)) {
    world.store.remove(sa);
    const link = world.links.get(sa.peer.name);
    if (link?.active) link.connectAt = world.context.now();
  }
}

/** 3. Peers that have policies since now and no SA to ask with. */
export function callIdle(world: World): void {
  const { links, store, databases, context } = world;
  for (const [name, link] of links) {
    const idle = link.active && link.connectAt === undefined && store.ofPeer(name).length === 0;
    const peer = databases.peers.find((candidate) => candidate.name === name);
    const wanted =
      peer !== undefined && (wishesOf(world, peer).length > 0 || prefersChildless(peer));
    if (idle && wanted) link.connectAt = context.now();
  }
}
