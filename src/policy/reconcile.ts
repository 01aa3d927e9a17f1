// What a new configuration changes in a running one: which policies are the same (they keep their id,
// and with it their SAs), which peers are other peers now. Names, order and comments make no policy
// another one; whatever an SA was negotiated by does.
import { isDeepStrictEqual } from 'node:util';
import type { Databases, Identity, Peer, Policy } from './database.js';

export interface Reconciled {
  /** The new databases; policies and templates that were there before have the id they had. */
  readonly databases: Databases;
  /** Ids of policies that are new, and of those that are no more. */
  readonly added: readonly number[];
  readonly removed: readonly number[];
  /** Peers that are new, no more, or not what they were (properties, profile, identities). */
  readonly changedPeers: readonly string[];
  /** The first id no policy ever had. */
  readonly nextId: number;
}

/** `nextId`: greater than every id so far. */
export function reconcile(running: Databases, next: Databases, nextId: number): Reconciled {
  const known = new Map<string, number[]>();
  for (const policy of [...running.policies, ...running.templates]) {
    const ids = known.get(contentOf(policy)) ?? [];
    known.set(contentOf(policy), [...ids, policy.id]);
  }
  const added: number[] = [];
  const numbered = <P extends Policy>(policy: P): P => {
    const kept = known.get(contentOf(policy))?.shift();
    if (kept === undefined) added.push(nextId);
    return { ...policy, id: kept ?? nextId++ };
  };
  const policies = next.policies.map(numbered);
  const templates = next.templates.map(numbered);
  return {
    databases: { ...next, policies, templates },
    added,
    removed: [...known.values()].flat(),
    changedPeers: changedPeers(running, next),
    nextId,
  };
}

function contentOf({ id: _, place: __, comment: ___, ...content }: Policy): string {
  return JSON.stringify(content, (_, value) =>
    typeof value === 'bigint' ? `${value}n` : (value as unknown),
  );
}

function changedPeers(running: Databases, next: Databases): string[] {
  const before = describe(running);
  const after = describe(next);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.filter((name) => !isDeepStrictEqual(before.get(name), after.get(name)));
}

function describe({ peers, identities }: Databases): Map<string, [Peer, Identity[]]> {
  const all = new Map(peers.map((peer): [string, [Peer, Identity[]]] => [peer.name, [peer, []]]));
  for (const identity of identities) all.get(identity.peer)?.[1].push(identity);
  return all;
}
