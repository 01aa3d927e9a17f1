// One scenario: culvert at moon, strongSwan at sun, a capture between them from before the first
// starts until after the last has stopped. The suites say what differs and what must happen.
//   topology → capture → strongSwan → culvert → body → culvert stops → strongSwan stops → judge
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Algorithms, AES_GCM_128 } from './algorithms.js';
import { type Captured, startCapture } from './capture.js';
import { withLogs } from './command.js';
import { type Configuration, type Culvert, type Entry, startCulvert } from './culvert.js';
import { type Connection, type Strongswan, startStrongswan } from './strongswan.js';
import { type Gateway, makeTopology, OUTER6, SITES, type Topology } from './topology.js';
import { carries, type Family } from './traffic.js';

export interface Options {
  readonly initiator: 'culvert' | 'strongswan';
  readonly algorithms?: Algorithms;
  /** What is protected: one policy and one child each. IPv4 unless said. */
  readonly inner?: readonly Family[];
  /** What the gateways speak over. */
  readonly outer?: Family;
  readonly natted?: Gateway;
  /** Laid over the generated values. */
  readonly connection?: Partial<Connection>;
  readonly childRekeySeconds?: number;
  readonly profile?: Entry;
  readonly proposal?: Entry;
  readonly peer?: Entry;
  readonly identity?: Entry;
  readonly metrics?: Entry;
  /** Further settings of charon. */
  readonly charon?: string;
  /** Instead of a policy for each of `inner`. */
  readonly policies?: readonly Entry[];
  readonly tun?: Entry;
  /** Further menus. */
  readonly menus?: Readonly<Record<string, readonly Entry[]>>;
  /** False where no tunnel may come up. */
  readonly expectEsp?: boolean;
  /** Looks at the machine before culvert starts. */
  readonly before?: (topology: Topology) => Promise<void>;
}

export interface Tunnel {
  readonly topology: Topology;
  /** The culvert that runs now; another one after `restartCulvert`. */
  culvert: Culvert;
  /** The strongSwan that runs now; another one after `revive`. */
  strongswan: Strongswan;
  /** Brings the tunnel up from the side that initiates, until it carries. */
  up(): Promise<void>;
  /** Starts strongSwan anew after it was killed. */
  revive(): Promise<void>;
  /** Stops culvert before the body ends, where that is what is tested. */
  stopCulvert(): Promise<void>;
  /** SIGKILL: nothing is undone. */
  killCulvert(): Promise<void>;
  restartCulvert(): Promise<void>;
}

export const SECRET = 'a long secret of the lab';
export const childName = (family: Family): string => `net-${family}`;

export async function withTunnel(
  options: Options,
  body: (tunnel: Tunnel) => Promise<void>,
): Promise<void> {
  const topology = await makeTopology(options.natted ? { natted: options.natted } : {});
  const logs: (() => string)[] = [];
  try {
    const capture = await startCapture(topology);
    const tunnel = await startGateways(topology, options, logs);
    await body(tunnel);
    await tunnel.stopCulvert();
    await tunnel.strongswan.stop();
    judge(await capture.finish(), options);
  } catch (error) {
    throw withLogs(error, logs);
  } finally {
    topology.remove();
  }
}

async function startGateways(
  topology: Topology,
  options: Options,
  logs: (() => string)[],
): Promise<Tunnel> {
  const folderOf = (gateway: Gateway): string => join(topology.folder, gateway);
  mkdirSync(folderOf('sun'));
  const charon = async (): Promise<Strongswan> => {
    const started = await startStrongswan(
      topology.namespace('sun'),
      folderOf('sun'),
      options.charon,
    );
    logs[0] = () => `--- strongSwan ---\n${started.log()}`;
    await started.load(connectionOf(topology, options));
    return started;
  };
  const configuration = configurationOf(topology, options);
  const gateway = async (): Promise<Culvert> => {
    const moon = topology.namespace('moon');
    const started = await startCulvert(moon, folderOf('moon'), configuration);
    logs[1] = () => `--- culvert ---\n${started.log()}`;
    return started;
  };
  const strongswan = await charon();
  await options.before?.(topology);
  let stopped = false;
  const tunnel: Tunnel = {
    topology,
    strongswan,
    culvert: await gateway(),
    up: () => bringUp(tunnel, options),
    revive: async () => {
      tunnel.strongswan = await charon();
    },
    stopCulvert: async () => {
      if (!stopped) await tunnel.culvert.stop();
      stopped = true;
    },
    killCulvert: () => tunnel.culvert.kill(),
    restartCulvert: async () => {
      tunnel.culvert = await gateway();
    },
  };
  return tunnel;
}

function judge(captured: Captured, { expectEsp = true, outer = 'v4' }: Options): void {
  if (captured.clear.length > 0) {
    throw new Error(`in the clear between the gateways:\n${captured.clear.join('\n')}`);
  }
  // libipsec never sends anything but ESP in UDP; the marker-free datagrams are what is counted.
  const esp = captured.udpEsp + captured.plainEsp;
  if (expectEsp !== esp > 0) throw new Error(`${esp} ESP packets in the capture (${outer})`);
}

async function bringUp(tunnel: Tunnel, options: Options): Promise<void> {
  const families = options.inner ?? ['v4'];
  if (options.initiator === 'strongswan') {
    for (const family of families) {
      const { status, output } = await tunnel.strongswan.initiate(childName(family));
      if (status !== 0) throw new Error(`swanctl --initiate: ${output}`);
    }
  }
  await tunnel.culvert.established();
  for (const family of families) await carries(tunnel.topology, 'alice', family);
}

type Ends = Record<'moon' | 'sun', { own: string; seen: string }>;

function ends(topology: Topology, { outer = 'v4' }: Options): Ends {
  const v6 = (at: Gateway) => ({ own: OUTER6[at], seen: OUTER6[at] });
  if (outer === 'v6') return { moon: v6('moon'), sun: v6('sun') };
  const v4 = (at: Gateway) => ({ own: topology.own[at], seen: topology.seen[at] });
  return { moon: v4('moon'), sun: v4('sun') };
}

function connectionOf(topology: Topology, options: Options): Connection {
  const { moon, sun } = ends(topology, options);
  const { strongswan } = options.algorithms ?? AES_GCM_128;
  return {
    localAddress: sun.own,
    remoteAddress: moon.seen,
    localId: 'sun.example',
    remoteId: 'moon.example',
    secret: SECRET,
    proposals: strongswan.ike,
    espProposals: strongswan.esp,
    children: (options.inner ?? ['v4']).map((family) => ({
      name: childName(family),
      localTs: SITES.sun[family],
      remoteTs: SITES.moon[family],
      rekeySeconds: options.childRekeySeconds,
    })),
    ...options.connection,
  };
}

function configurationOf(topology: Topology, options: Options): Configuration {
  const { moon, sun } = ends(topology, options);
  const { profile, proposal } = options.algorithms ?? AES_GCM_128;
  return {
    ...(options.metrics ? { metrics: options.metrics } : {}),
    profile: [{ name: 'lab', ...profile, ...options.profile }],
    proposal: [{ name: 'lab', ...proposal, ...options.proposal }],
    peer: [
      {
        name: 'sun',
        address: sun.seen,
        'local-address': moon.own,
        passive: options.initiator === 'strongswan',
        profile: 'lab',
        ...options.peer,
      },
    ],
    identity: [
      {
        peer: 'sun',
        secret: SECRET,
        'my-id': 'fqdn:moon.example',
        'remote-id': 'fqdn:sun.example',
        ...options.identity,
      },
    ],
    policy: options.policies ?? (options.inner ?? ['v4']).map(sitePolicy),
    tun: { 'lease-file': join(topology.folder, 'moon', 'leases'), ...options.tun },
    ...options.menus,
  };
}

const sitePolicy = (family: Family): Entry => ({
  'src-address': SITES.moon[family],
  'dst-address': SITES.sun[family],
  peer: 'sun',
  proposal: 'lab',
});
