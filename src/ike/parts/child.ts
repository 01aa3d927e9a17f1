// A CHILD_SA's life here: installed with its keys (RFC 7296 §2.17), used, taken out. Side and policy are
// always ours; `initiated` says whose exchange it was, which orders keys.
import { describeSuite } from '../../algorithms/describe.js';
import { childKeys, type DirectionKeys, type Nonces } from '../../crypto/keymat.js';
import { isDynamic, peersOf, type Policy } from '../../policy/database.js';
import { fraction, report, type Work } from '../exchange.js';
import { settle } from '../failover.js';
import { type Child, encapsulates } from '../sa.js';
import type { SaKeys } from '../step.js';
import type { Agreed } from './child-agreed.js';
import { withAllPorts } from './generate.js';
import { formatSelectors, type Side } from './selectors.js';

interface Making {
  readonly initiated: boolean;
  readonly nonces: Nonces;
  readonly secret?: Uint8Array | undefined;
  readonly replaces?: number;
  /** The outbound half waits for the peer. */
  readonly standby?: boolean;
}

export function installChild(work: Work, agreed: Agreed, making: Making): Child {
  const { world, sa, step } = work;
  const { policy, suite, local, remote } = agreed;
  const { d, suite: ikeSuite } = sa.secured!;
  const keys = childKeys({ prf: ikeSuite.prf, d }, suite, making.nonces, making.secret);
  const [out, into] = making.initiated
    ? [keys.initiator, keys.responder]
    : [keys.responder, keys.initiator];
  const withSpi = (spi: number, keys: DirectionKeys): SaKeys => {
    const { encryptionKey, salt, integrityKey } = keys;
    return { spi, encryptionKey, salt, integrityKey };
  };
  const { lifetime: hardSeconds, lifebytes } = policy.proposal;
  const share = softShare(work);
  const lifetime = {
    hardSeconds,
    softSeconds: Math.max(1, Math.floor(hardSeconds * share)),
    hardBytes: lifebytes,
    softBytes: Math.floor(lifebytes * share),
  };
  const now = world.context.now();
  const installed = installedSelectors(agreed);
  const child: Child = {
    sa: {
      id: world.store.nextChildId(),
      peer: sa.peer.name,
      session: sa.authorisation?.session,
      connection: sa.connection,
      policy: policy.id,
      local: sa.local,
      remote: sa.remote,
      udpEncapsulation: encapsulates(sa),
      mode: agreed.mode,
      protocol: suite.protection,
      original: agreed.original,
      encryption: suite.encryption.name,
      integrity: suite.integrity.name,
      esn: suite.esn,
      replayWindow: policy.proposal.replayWindow,
      inbound: withSpi(agreed.ourSpi, into),
      outbound: withSpi(agreed.theirSpi, out),
      // copies of their own length: a list that has grown has room for sixteen more
      localSelectors: installed.local.slice(),
      remoteSelectors: installed.remote.slice(),
      lifetime,
      replaces: making.replaces,
    },
    policy,
    suite,
    softAt: now + lifetime.softSeconds * 1000,
    hardAt: now + lifetime.hardSeconds * 1000,
    state: 'installed',
    standby: making.standby ?? (!making.initiated && served(work, policy).length > 0),
    rival: undefined,
  };
  world.store.place(sa, child);
  step.install.push(child.sa);
  world.generated.use(step, child, `${sa.peer.name} ${sa.proved}`);
  if (child.standby) step.standby.push(child.sa.id);
  const networks = `${formatSelectors(local)} to ${formatSelectors(remote)}`;
  report(work, 'info', 'ike.child', `CHILD_SA ${describeSuite(suite)} for ${networks}`, {
    mode: agreed.mode,
    child: child.sa.id,
    policy: policy.id,
    'spi-in': hex(agreed.ourSpi),
    'spi-out': hex(agreed.theirSpi),
    encapsulation: child.sa.udpEncapsulation,
  });
  settle(work, policy);
  return child;
}

/** port-override: as the policy says, beyond what was agreed. */
function installedSelectors({ policy, local, remote }: Agreed): Side {
  const open = isDynamic(policy) && policy.allPorts;
  return open ? withAllPorts({ local, remote }) : { local, remote };
}

const hex = (spi: number): string => `0x${spi.toString(16).padStart(8, '0')}`;

/** Share of a lifetime before the soft limit; chance keeps two ends from rekeying at once (§2.8). */
export function softShare({ world }: Work): number {
  return world.settings.softShare - world.settings.softJitter * fraction(world);
}

/** Takes a child out here, without a word to the peer; with the last one of a made policy, that too. */
export function removeChild({ world, sa, step }: Work, child: Child): void {
  world.store.displace(sa, child.sa.id);
  step.remove.push(child.sa.id);
  world.generated.drop(step, child);
  const others = served({ world, sa, step }, child.policy);
  const isHeir = ({ policy, state }: Child): boolean =>
    policy.id === child.policy.id && CARRYING.includes(state);
  const replaced = [...sa.children.values()].some(isHeir);
  if (replaced || others.length > 0) step.linger.push(child.sa.id);
  if (child.standby || replaced) return;
  // Of an IKE SA that takes this one's place: nothing goes through the old one any more.
  for (const other of others) {
    if (other.sa.replaces === undefined) activateChild({ world, sa, step }, other);
  }
}

/** What is being replaced carries until then. */
const CARRYING: readonly Child['state'][] = ['installed', 'rekeying'];

/**
 * Children for a policy that the same peer has under other IKE SAs of its, since it authenticates anew;
 * or that another of the policy's peers has.
 */
function served({ world, sa }: Work, policy: Policy): Child[] {
  const others = peersOf(policy).filter((name) => name !== sa.peer.name);
  return [...world.store.withSame(sa), ...others.flatMap((name) => world.store.ofPeer(name))]
    .filter((other) => other !== sa)
    .filter(({ state }) => state === 'established')
    .flatMap(({ children }) => [...children.values()])
    .filter(({ policy: { id }, state }) => id === policy.id && CARRYING.includes(state));
}

/** The outbound half of a child that waited goes into use. */
export function activateChild({ step }: Work, child: Child): void {
  if (!child.standby) return;
  child.standby = false;
  step.activate.push(child.sa.id);
}
