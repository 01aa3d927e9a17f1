// What a running gateway knows of a peer, for the doctor.
import type { Built } from '../config/databases.js';
import { OUTER_FRAGMENTED } from '../contract/drops.js';
import type { InstalledSa } from '../dataplane/association.js';
import { readCounter } from '../dataplane/counters.js';
import type { Tables } from '../dataplane/tables.js';
import type { IkeEngine } from '../ike/context.js';
import { formatPrefix } from '../policy/address.js';
import { peersOf } from '../policy/database.js';
import type { Ailments } from './ailments.js';
import { backupFacts } from './doctor-backups.js';
import type { LiveFacts } from './doctor-facts.js';
import type { NamedState } from './peer-names.js';

export interface LiveSources {
  readonly built: () => Built;
  readonly tables: Tables;
  readonly engine: IkeEngine;
  readonly memory: WebAssembly.Memory;
  readonly ailments: Ailments;
  readonly names: () => readonly NamedState[];
}

export function liveFacts(name: string, sources: LiveSources): LiveFacts {
  const { built, engine, tables, ailments, memory, names } = sources;
  const peers = engine.peers().filter(({ peer, state }) => peer === name && state !== 'expired');
  const up = peers.find(({ state }) => state === 'established');
  const best = up ?? peers[0];
  const sas = tables.list().filter(({ association }) => association.peer === name);
  return {
    daemon: true,
    naming: names().find(({ peer }) => peer === name)?.trouble,
    record: ailments.of(name),
    strangers: ailments.strangers(),
    ike: up ? 'established' : best ? 'asking' : 'none',
    beyondFirst: best !== undefined && best.suite !== '',
    state: best?.state ?? '',
    askingFor: best?.['last-seen'] ?? 0,
    nat: best && best.suite !== '' ? best['natt-peer'] : undefined,
    suite: best?.suite ?? '',
    remoteId: best?.id ?? '',
    policies: policiesOf(name, built(), engine),
    backups: backupFacts(name, sources),
    sas: sas.length,
    in: { packets: sum(sas, 'in', 'packets'), invalid: sum(sas, 'in', 'invalidPackets') },
    out: { packets: sum(sas, 'out', 'packets') },
    pathMtu: leastMtu(sas),
    fragments: readCounter(memory, OUTER_FRAGMENTED),
  };
}

function policiesOf(name: string, built: Built, engine: IkeEngine): LiveFacts['policies'] {
  const counts = new Map(engine.policies().map(({ policy, count }) => [policy, count]));
  return built.databases.policies
    .filter((policy) => policy.action === 'encrypt' && peersOf(policy).includes(name))
    .map(({ id, place, src, dst }) => ({
      number: place,
      networks: `${formatPrefix(src)} to ${formatPrefix(dst)}`,
      sas: counts.get(id) ?? 0,
    }));
}

const sum = (
  sas: readonly InstalledSa[],
  direction: 'in' | 'out',
  what: 'packets' | 'invalidPackets',
): number =>
  sas.filter((sa) => sa.direction === direction).reduce((total, sa) => total + sa[what], 0);

function leastMtu(sas: readonly InstalledSa[]): number | undefined {
  const all = sas.filter(({ direction }) => direction === 'out').map(({ pathMtu }) => pathMtu);
  return all.length > 0 ? Math.min(...all) : undefined;
}
