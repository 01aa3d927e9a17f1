// The engine's state as RouterOS prints it: active-peers, and what each policy has.
import { describeSuite } from '../algorithms/describe.js';
import { formatAddress } from '../policy/address.js';
import type { ActivePeer, IkeSecrets, PeerState, PolicyStatus } from './context.js';
import { servedPolicies } from './connection.js';
import type { World } from './exchange.js';
import { type Child, encapsulates, type IkeSa, type State } from './sa.js';

/** Messages counted as RouterOS does for IKEv2: 1 and 2 are IKE_SA_INIT, 3 is IKE_AUTH. */
const STATES: Readonly<Record<State, PeerState>> = {
  listening: 'message-2-sent',
  idle: 'message-1-sent',
  'init-sent': 'message-1-sent',
  'init-answered': 'message-2-sent',
  'auth-sent': 'message-3-sent',
  'eap-asked': 'eap',
  'eap-accepted': 'eap',
  'eap-sent': 'eap',
  'eap-proved': 'eap',
  established: 'established',
  replaced: 'expired',
  deleting: 'expired',
  dead: 'expired',
};

export const activePeers = ({ store, context }: World): ActivePeer[] =>
  store.all().map((sa) => row(sa, context.now()));

function row(sa: IkeSa, now: number): ActivePeer {
  const { establishedAt, lastSeen } = sa.times;
  const seconds = (since: number): number => Math.max(0, Math.floor((now - since) / 1000));
  return {
    peer: sa.peer.name,
    id: sa.remoteId,
    user: sa.authorisation?.user ?? sa.user?.name ?? '',
    'local-address': formatAddress(sa.local.address),
    port: sa.remote.port,
    'remote-address': formatAddress(sa.remote.address),
    state: STATES[sa.state],
    side: sa.caller ? 'initiator' : 'responder',
    'natt-peer': encapsulates(sa),
    'dynamic-address': (sa.assigned?.addresses ?? []).map(formatAddress).join(','),
    uptime: establishedAt === undefined ? 0 : seconds(establishedAt),
    'last-seen': seconds(lastSeen),
    'ph2-total': sa.children.size,
    spii: spiText(sa.spiInitiator),
    spir: spiText(sa.spiResponder),
    connection: sa.connection,
    children: [...sa.children.keys()],
    suite: sa.secured ? describeSuite(sa.secured.suite) : '',
  };
}

export function policyStatus(world: World): PolicyStatus[] {
  const children = new Map<number, { count: number; newest: Child['sa'] }>();
  for (const sa of world.store.all()) {
    for (const child of sa.children.values()) {
      const before = children.get(child.policy.id);
      // The one that packets leave through.
      const newest = before && child.standby ? before.newest : child.sa;
      children.set(child.policy.id, { count: (before?.count ?? 0) + 1, newest });
    }
  }
  const served = servedPolicies(world.store.all());
  return world.databases.policies
    .filter(({ action }) => action === 'encrypt')
    .map(({ id }) => {
      const own = children.get(id);
      const state = own ? 'established' : served.has(id) ? 'msg1-sent' : 'no-phase2';
      const { local, remote, peer } = own?.newest ?? {};
      return { policy: id, count: own?.count ?? 0, state, local, remote, peer };
    });
}

/** What opens the messages of our IKE SAs. */
export const ikeSecrets = ({ store }: World): IkeSecrets[] =>
  store.all().flatMap((sa) => {
    const { secured, side } = sa;
    if (!secured || sa.state === 'dead') return [];
    const { inbound, outbound, suite } = secured;
    const ours = side === 'initiator';
    return [
      {
        spii: spiText(sa.spiInitiator),
        spir: spiText(sa.spiResponder),
        encryption: suite.encryption.name,
        integrity: suite.integrity.name,
        initiator: (ours ? outbound : inbound).keys(),
        responder: (ours ? inbound : outbound).keys(),
      },
    ];
  });

const spiText = (spi: bigint): string => spi.toString(16).padStart(16, '0');

/** How a command names one connection among all. */
export const connectionKey = ({ spiInitiator, spiResponder }: IkeSa): string =>
  `${spiText(spiInitiator)}-${spiText(spiResponder)}`;
