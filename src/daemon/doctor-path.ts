// How this host would reach a peer, for the doctor: name, route, and a probe of its IKE ports.
import { lookup } from 'node:dns/promises';
import {
  type Address,
  addressFromBytes,
  formatAddress,
  parseAddress,
  prefixContains,
} from '../policy/address.js';
import type { FileFacts } from './doctor-file.js';
import { reachOf } from './host.js';
import { probe, type Probed } from './probe.js';

export interface PathFacts {
  /** Why a name could not be resolved. */
  readonly resolving: string | undefined;
  /** Our address towards the peer; undefined: no route. */
  readonly local: string | undefined;
  /** The peer's own address lies inside one of its policies. */
  readonly throughTun: boolean;
  readonly probe: Probed | undefined;
}

export async function pathFacts(
  { target, prefix, port, destinations }: FileFacts,
  probing: boolean,
): Promise<PathFacts> {
  const nothing = { resolving: undefined, local: undefined, throughTun: false, probe: undefined };
  if (target === undefined || prefix) return nothing;
  const resolved = typeof target === 'string' ? await resolve(target) : target.address;
  if (typeof resolved === 'string') return { ...nothing, resolving: resolved };
  const reach = reachOf(resolved);
  const local = reach && formatAddress(addressFromBytes(reach.local));
  const throughTun = destinations.some((one) => prefixContains(one, resolved));
  // A probe would go into the tunnel, and ask for one.
  const quiet = !probing || local === undefined || throughTun;
  const probed = quiet ? undefined : await probe(formatAddress(resolved), port);
  return { resolving: undefined, local, throughTun, probe: probed };
}

/** The address of a name, or why there is none. */
async function resolve(name: string): Promise<Address | string> {
  try {
    const { address } = await lookup(name);
    return parseAddress(address) ?? `its address ${address} is not understood`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
