// What the control socket answers: the engine's and the tables' state in RouterOS's words (rows.ts).
import { encryptionNamed } from '../algorithms/encryption.js';
import type { CertificateRow } from '../certificates/describe.js';
import type { Built } from '../config/databases.js';
import { MENUS } from '../config/menus.js';
import { protocolName } from '../config/protocols.js';
import { withoutSecrets } from '../config/rows.js';
import { IN_POLICY_BLOCKED, IN_TEMPLATE_MISMATCHES } from '../contract/drops.js';
import type { InstalledSa } from '../dataplane/association.js';
import { readCounter } from '../dataplane/counters.js';
import type { Tables } from '../dataplane/tables.js';
import type { ActivePeer, IkeEngine, KillWhich } from '../ike/context.js';
import type { GeneratedPolicy } from '../ike/generated.js';
import type { Endpoint } from '../ike/step.js';
import type { Refused } from '../net/plain-guard.js';
import { formatAddress, formatPrefix } from '../policy/address.js';
import { peersOf, type Policy } from '../policy/database.js';
import { COUNTERS } from './counter-names.js';
import type { NamedState } from './peer-names.js';
import type { ActivePeerRow, InstalledSaRow, PolicyRow, StatisticsRow } from './rows.js';
import type { GatewayHandlers } from './running.js';
import { add, type Directions, NONE } from './traffic-totals.js';
import { wiresharkTables } from './wireshark.js';

export interface PrintSources {
  /** Another one after a reload. */
  readonly built: () => Built;
  readonly tables: Tables;
  readonly engine: IkeEngine;
  readonly memory: WebAssembly.Memory;
  readonly certificates: () => readonly CertificateRow[];
  /** What the packet filter refused, which no worker sees. */
  readonly refused: () => Refused;
  /** Peers with a DNS name as address. */
  readonly names: () => readonly NamedState[];
  /** What children of a connection that are gone have carried. */
  readonly carried: (connection: number) => Directions;
}

export interface Commands {
  readonly killConnections: (which: KillWhich) => Promise<{ readonly killed: number }>;
  readonly flush: () => Promise<{ readonly flushed: number }>;
}

export function printHandlers(sources: PrintSources, commands: Commands): GatewayHandlers {
  return {
    'configuration print': (args) =>
      args['show-secrets'] === true
        ? sources.built().file
        : withoutSecrets(MENUS, sources.built().file),
    'peer addresses': () =>
      sources.names().map(({ peer, address, trouble = '' }) => ({
        peer,
        'current-address': address ? formatAddress(address) : '',
        trouble,
      })),
    'policy print': () => policyRows(sources),
    'certificate print': () => sources.certificates(),
    'active-peers print': () => activePeerRows(sources),
    'active-peers kill-connections': async (which) => ({
      killed: (await commands.killConnections(which)).killed,
    }),
    'installed-sa print': (args) =>
      sources.tables.list().map((sa) => installedSaRow(sa, args['show-secrets'] === true)),
    'installed-sa wireshark': () =>
      wiresharkTables(sources.tables.list(), sources.engine.secrets()),
    'installed-sa flush': async () => ({ flushed: (await commands.flush()).flushed }),
    'statistics print': () => statisticsRow(sources),
  };
}

/** The same tables for the metrics; never with keys. */
export const printFigures = (sources: PrintSources) => ({
  statistics: statisticsRow(sources),
  active: activePeerRows(sources),
  installed: sources.tables.list().map((sa) => installedSaRow(sa, false)),
  policies: policyRows(sources),
});

/** Enabled and disabled ones in the order of the file, each template with what was made from it. */
function policyRows({ built: current, engine }: PrintSources): PolicyRow[] {
  const built = current();
  const { policies } = built.databases;
  const status = new Map(engine.policies().map((entry) => [entry.policy, entry]));
  const made = new Map<number, PolicyRow[]>();
  for (const one of engine.generated()) {
    const { template } = one.policy;
    made.set(template, [...(made.get(template) ?? []), generatedRow(one)]);
  }
  const all = new Set([...policies, ...built.disabledPolicies, ...built.templates]);
  const rows = [...all].sort((a, b) => a.place - b.place);
  const disabled = new Set(built.disabledPolicies);
  const templates = new Set(built.templates);
  const inUse = new Set(policies);
  const idAt = new Map(built.databases.templates.map(({ place, id }) => [place, id]));
  return rows.flatMap((policy): PolicyRow[] => {
    const found = inUse.has(policy) ? status.get(policy.id) : undefined;
    const row: PolicyRow = {
      number: policy.place,
      ...columnsOf(policy),
      disabled: disabled.has(policy),
      template: templates.has(policy),
      active: (found?.count ?? 0) > 0,
      backup: found?.peer !== undefined && found.peer !== policy.peer,
      'current-peer': peersOf(policy).length > 1 ? (found?.peer ?? '') : '',
      'ph2-count': found?.count ?? 0,
      'ph2-state': found?.state ?? 'no-phase2',
      ...endColumns(found?.local, found?.remote),
    };
    return [row, ...(made.get(idAt.get(policy.place) ?? -1) ?? [])];
  });
}

function generatedRow({ policy, invalid, children }: GeneratedPolicy): PolicyRow {
  const newest = children.at(-1)?.sa;
  return {
    ...columnsOf(policy),
    dynamic: true,
    invalid,
    active: !invalid,
    'ph2-count': children.length,
    'ph2-state': 'established',
    ...endColumns(newest?.local, newest?.remote),
  };
}

const endColumns = (local: Endpoint | undefined, remote: Endpoint | undefined) => ({
  'sa-src-address': local ? formatAddress(local.address) : '',
  'sa-dst-address': remote ? formatAddress(remote.address) : '',
});

const columnsOf = (policy: Policy) => ({
  dynamic: false,
  default: false,
  invalid: false,
  disabled: false,
  template: false,
  backup: false,
  ...selectorColumns(policy),
  action: policy.action,
  level: policy.level,
  'ipsec-protocols': policy.protection,
  tunnel: policy.tunnel,
  peer: peersOf(policy).join(','),
  'current-peer': '',
  proposal: policy.proposal.name,
  comment: policy.comment,
});

const selectorColumns = (policy: Policy) =>
  ({
    'src-address': formatPrefix(policy.src),
    'src-port': policy.srcPort ?? 'any',
    'dst-address': formatPrefix(policy.dst),
    'dst-port': policy.dstPort ?? 'any',
    protocol: policy.protocol === 0 ? 'all' : protocolName(policy.protocol),
  }) as const;

/** Bytes and packets are what the connection's SAs have carried, not IKE itself. */
function activePeerRows({ engine, tables, carried }: PrintSources): ActivePeerRow[] {
  const peers = engine.peers();
  const up = new Set(
    peers.filter(({ state }) => state === 'established').map(({ connection }) => connection),
  );
  return peers.map((peer) => {
    const { state, connection, children } = peer;
    // An IKE SA that was replaced has handed on what its connection carried.
    const past = state === 'established' || !up.has(connection) ? [carried(connection)] : [];
    return activePeerRow(peer, [...past, ...children.flatMap((id) => tables.traffic(id) ?? [])]);
  });
}

function activePeerRow(peer: ActivePeer, traffic: readonly Directions[]): ActivePeerRow {
  const { children: _children, connection: _connection, suite: _suite, ...shown } = peer;
  const { in: rx, out: tx } = traffic.reduce(
    (sum, more) => ({ in: add(sum.in, more.in), out: add(sum.out, more.out) }),
    { in: NONE, out: NONE },
  );
  return {
    ...shown,
    responder: peer.side === 'responder',
    'rx-bytes': rx.bytes,
    'rx-packets': rx.packets,
    'tx-bytes': tx.bytes,
    'tx-packets': tx.packets,
  };
}

function installedSaRow(sa: InstalledSa, secrets: boolean): InstalledSaRow {
  const { association, direction } = sa;
  const keys = direction === 'in' ? association.inbound : association.outbound;
  const row = encryptionNamed(association.encryption);
  const { softSeconds, hardSeconds } = association.lifetime;
  const age = (Date.now() - sa.addedAt) / 1000;
  const ah = association.protocol === 'ah';
  const [src, dst] =
    direction === 'in'
      ? [association.remote, association.local]
      : [association.local, association.remote];
  return {
    spi: `0x${keys.spi.toString(16).padStart(8, '0')}`,
    peer: association.peer,
    direction,
    'src-address': endpointText(src, association.udpEncapsulation),
    'dst-address': endpointText(dst, association.udpEncapsulation),
    state: sa.state,
    AH: ah,
    ESP: !ah,
    'hw-aead': false,
    'auth-algorithm': row.aead ? 'none' : association.integrity,
    'enc-algorithm': ah ? 'none' : association.encryption.replace(/-\d+(?=-|$)/, ''),
    'enc-key-size': row.keyBytes * 8,
    ...(secrets
      ? { 'auth-key': hex(keys.integrityKey), 'enc-key': hex(keys.encryptionKey) + hex(keys.salt) }
      : {}),
    addtime: Math.floor(sa.addedAt / 1000),
    'expires-in': Math.max(0, Math.round(hardSeconds - age)),
    'add-lifetime': [Math.round(softSeconds), Math.round(hardSeconds)],
    'current-bytes': sa.bytes,
    'current-packets': sa.packets,
    'invalid-packets': sa.invalidPackets,
    replay: sa.replayWindow,
    esn: association.esn,
    'seen-traffic': sa.packets > 0,
  };
}

/** Of the bytes where they are: Buffer.from would leave a copy in its pool. */
const hex = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('hex');

function endpointText(
  { address, port }: InstalledSa['association']['local'],
  udp: boolean,
): string {
  const text = formatAddress(address);
  if (!udp) return text;
  return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}

/** Linux counts a plain packet of an encrypt policy as XfrmInTmplMismatch, of a block as XfrmInPolBlock. */
function statisticsRow({ memory, refused }: PrintSources): StatisticsRow {
  const { unprotected, discarded } = refused();
  const more = new Map([
    [IN_TEMPLATE_MISMATCHES, unprotected],
    [IN_POLICY_BLOCKED, discarded],
  ]);
  return Object.fromEntries(
    COUNTERS.map(({ name, column }) => [
      name,
      readCounter(memory, column) + (more.get(column) ?? 0),
    ]),
  ) as StatisticsRow;
}
