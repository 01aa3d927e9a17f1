// Questions to the configured databases: which peer is this, what secret does it have, which
// policies are its.
import { addressBits, prefixContains } from '../policy/address.js';
import {
  type Databases,
  type Identity,
  type Peer,
  type Policy,
  peersOf,
  type Template,
} from '../policy/database.js';
import type { Endpoint } from './step.js';

/** Longest prefix first; of equals the one that names our own address (RouterOS's order). */
export function findPeer(
  { peers }: Databases,
  local: Endpoint,
  remote: Endpoint,
): Peer | undefined {
  const candidates = peers.filter(
    ({ address, localAddress }) =>
      prefixContains(address, remote.address) &&
      (localAddress === undefined ||
        (localAddress.family === local.address.family &&
          localAddress.value === local.address.value)),
  );
  const rank = (peer: Peer): number => 2 * peer.address.bits + (peer.localAddress ? 1 : 0);
  return candidates.sort((a, b) => rank(b) - rank(a))[0];
}

export const identitiesOf = ({ identities }: Databases, peer: Peer): readonly Identity[] =>
  byPeer(identities).get(peer.name) ?? [];

export const peerNamed = ({ peers }: Databases, name: string): Peer | undefined =>
  byName(peers).get(name);

const named = new WeakMap<readonly Peer[], ReadonlyMap<string, Peer>>();

/** Worked out once, as below. */
function byName(peers: readonly Peer[]): ReadonlyMap<string, Peer> {
  const known = named.get(peers) ?? new Map(peers.map((peer) => [peer.name, peer]));
  named.set(peers, known);
  return known;
}

/** Policies that this peer may have an SA for, in matching order; it may be a backup in some. */
export const policiesOf = ({ policies }: Databases, peer: Peer): readonly Policy[] =>
  byPeer(policies).get(peer.name) ?? [];

type OfPeer = Identity | Policy;
const known = new WeakMap<readonly OfPeer[], ReadonlyMap<string, OfPeer[]>>();

/** What each peer has; worked out once, since each of many peers asks for its own. */
function byPeer<T extends OfPeer>(list: readonly T[]): ReadonlyMap<string, T[]> {
  const found = known.get(list) as ReadonlyMap<string, T[]> | undefined;
  if (found) return found;
  const groups = new Map<string, T[]>();
  for (const one of list) {
    if ('action' in one && one.action !== 'encrypt') continue;
    for (const peer of 'action' in one ? peersOf(one) : [one.peer]) {
      const group = groups.get(peer);
      if (group) group.push(one);
      else groups.set(peer, [one]);
    }
  }
  known.set(list, groups);
  return groups;
}

/** Templates that policies of a peer with this identity may be made from, in order. */
export function templatesOf({ templates }: Databases, identity: Identity | undefined): Template[] {
  const group = identity?.generatePolicy?.group;
  return group === undefined ? [] : templates.filter((template) => template.group === group);
}

/** We can only call a peer that has one address. */
export const isReachable = ({ address }: Peer): boolean =>
  address.bits === addressBits(address.address.family);
