// Peers whose address is a DNS name: they join the databases when the name has an address.
import { type Address, addressBits, formatPrefix } from './address.js';
import type { Databases, Peer } from './database.js';

/** A peer that is called by its name; the name is resolved while the daemon runs. */
export interface NamedPeer extends Omit<Peer, 'address'> {
  readonly address: string;
}

export interface Placed {
  readonly databases: Databases;
  /** Named peers that resolve to an address another peer has, and whose it is. */
  readonly taken: ReadonlyMap<string, string>;
}

/** The databases with those of `named` that `addresses` has; any earlier address of theirs is gone. */
export function placeNamed(
  databases: Databases,
  named: readonly NamedPeer[],
  addresses: ReadonlyMap<string, Address>,
): Placed {
  const names = new Set(named.map(({ name }) => name));
  const peers = databases.peers.filter(({ name }) => !names.has(name));
  const owners = new Map(peers.map((peer) => [placeOf(peer), peer.name]));
  const taken = new Map<string, string>();
  for (const one of named) {
    const address = addresses.get(one.name);
    if (address === undefined) continue;
    const peer = { ...one, named: true, address: { address, bits: addressBits(address.family) } };
    const owner = owners.get(placeOf(peer));
    if (owner !== undefined) {
      taken.set(one.name, owner);
      continue;
    }
    owners.set(placeOf(peer), one.name);
    peers.push(peer);
  }
  return { databases: { ...databases, peers }, taken };
}

/** No two peers have the same (the configuration's rule for addresses that are written). */
const placeOf = ({ address, localAddress }: Peer): string =>
  `${formatPrefix(address)} ${localAddress?.value ?? ''}`;
