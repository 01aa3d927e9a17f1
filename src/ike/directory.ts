// Questions to the configured databases: which peer is this, what secret does it have, which
// policies are its.
import { addressBits, prefixContains } from '../policy/address.js';
import type { Databases, Identity, Peer, Policy } from '../policy/database.js';
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

export const identitiesOf = ({ identities }: Databases, peer: Peer): Identity[] =>
  identities.filter((identity) => identity.peer === peer.name);

/** Policies that want an SA with this peer, in matching order. */
export const policiesOf = ({ policies }: Databases, peer: Peer): Policy[] =>
  policies.filter((policy) => policy.action === 'encrypt' && policy.peer === peer.name);

/** We can only call a peer that has one address. */
export const isReachable = ({ address }: Peer): boolean =>
  address.bits === addressBits(address.address.family);
