// Each algorithm with a Linux kernel as the peer, in tunnel mode over IPv4 and over IPv6: SAs by hand
// inside it (`ip xfrm`), our data plane driven from here, without IKE. An echo request is sealed by us
// and opened there; its reply is sealed there and opened by us.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_ESP4, PORT_ESP6 } from '../../src/contract/ids.js';
import type { Association, AssociationKeys } from '../../src/dataplane/association.js';
import { SOCK_RAW } from '../../src/net/linux.js';
import { parseAddress, toBytes } from '../../src/policy/address.js';
import { seeded } from '../assembly/arena.js';
import { Gateway } from '../assembly/gateway.js';
import { policy, SUITES, type Suite, selectors, westChild } from '../assembly/site.js';
import { TestSocket } from '../helpers/datagrams.js';
import { withLogs } from './command.js';
import type { KernelPeer } from './kernel-peer.js';
import { ECHO, echoRequest, inside, withKernel, words } from './kernel-sas.js';
import { prepare } from './packages.js';
import { ALICE, OUTER6, SITES, type Topology } from './topology.js';

const algorithms = suite('Linux kernel: each algorithm');
type Family = 4 | 6;
const ESP = 50;
const MOON = { 4: '192.0.2.1', 6: OUTER6.moon };
const SUN = { 4: '192.0.2.2', 6: OUTER6.sun };
const INSIDE = {
  4: { src: ALICE.v4, dst: '198.19.0.1' },
  6: { src: ALICE.v6, dst: '2001:db8:b::1' },
};
/** Bytes behind the echo header: padding of every length, and nearly a whole path. */
const SIZES = [...Array.from({ length: 17 }, (_, i) => i), 256, 1300];
const FLOWS = [
  [SITES.moon.v4, SITES.sun.v4],
  [SITES.moon.v6, SITES.sun.v6],
] as const;

// ---- the kernel's side -----------------------------------------------------------------------

/** A pair of SAs for each family inside; `reqid` joins them to the policies of theirs. */
function script(each: Suite, outer: Family, pair: readonly Association[]): string {
  const [moon, sun] = [MOON[outer], SUN[outer]];
  const lines = pair.flatMap((child, index) => {
    const reqid = `reqid ${index + 1} mode tunnel`;
    const [near, far] = FLOWS[index]!;
    const sa = (src: string, dst: string, keys: AssociationKeys): string =>
      `ip xfrm state add src ${src} dst ${dst} proto esp spi ${keys.spi} ${reqid} ` +
      `replay-window 32 flag af-unspec ${words(each, keys)}`;
    const rule = (direction: string, flow: string, ends: string): string =>
      `ip xfrm policy add ${flow} dir ${direction} tmpl ${ends} proto esp ${reqid}`;
    const inward = [`src ${near} dst ${far}`, `src ${moon} dst ${sun}`] as const;
    return [
      sa(moon, sun, child.outbound),
      sa(sun, moon, child.inbound),
      rule('in', ...inward),
      rule('fwd', ...inward),
      rule('out', `src ${far} dst ${near}`, `src ${sun} dst ${moon}`),
    ];
  });
  return ['set -e', 'ip xfrm policy flush', 'ip xfrm state flush', ...lines].join('\n');
}

// ---- our side --------------------------------------------------------------------------------

function gateway(): Gateway {
  const made = new Gateway();
  made.tables.setPolicies(FLOWS.map(([near, far], index) => policy(index + 1, near, far)));
  return made;
}

const children = { count: 0 };

/** One child per policy. */
function pairOf(each: Suite, outer: Family): Association[] {
  return FLOWS.map(([near, far], index) => {
    const id = ++children.count;
    return {
      ...westChild(id, { suite: each, outer, seed: id, policy: index + 1 }),
      local: { address: parseAddress(MOON[outer])!, port: 500 },
      remote: { address: parseAddress(SUN[outer])!, port: 500 },
      localSelectors: [selectors(near)],
      remoteSelectors: [selectors(far)],
    };
  });
}

/** One packet there and back; the reply's data. */
function askOnce(west: Gateway, socket: TestSocket, outer: Family, family: Family, data: Buffer) {
  const { messages, tun } = west.outbound([echoRequest(family, INSIDE[family], data)]);
  assert.equal(tun, []);
  assert.is(messages.length, 1, JSON.stringify(west.counted()));
  socket.send(toBytes(parseAddress(SUN[outer])!), 0, messages[0]!.bytes);
  const bytes = socket.receive(10_000);
  assert.ok(bytes, 'no reply');
  const port = outer === 4 ? PORT_ESP4 : PORT_ESP6;
  const reply = west.inbound(port, [{ bytes, from: SUN[outer], fromPort: 0, to: MOON[outer] }]);
  assert.is(reply.tun.length, 1, JSON.stringify(west.counted()));
  const packet = reply.tun[0]!;
  const header = family === 4 ? 20 : 40;
  assert.is(packet[header], ECHO[family][1], 'an echo reply');
  return packet.subarray(header + 8);
}

// ---- the test --------------------------------------------------------------------------------

async function bothWays(kernel: KernelPeer, topology: Topology, each: Suite, outer: Family) {
  const west = shared();
  const pair = pairOf(each, outer);
  const { status, output } = await kernel.inside(script(each, outer, pair));
  assert.is(status, 0, `the kernel refuses ${each.encryption} ${each.integrity}: ${output}`);
  for (const child of pair) west.tables.install(child, { activate: true, pathMtu: 1500 });
  const address = toBytes(parseAddress(MOON[outer])!);
  const socket = inside(topology.namespace('moon'), () => {
    return new TestSocket(address, 0, SOCK_RAW, ESP);
  });
  const random = seeded(children.count);
  try {
    for (const family of [4, 6] as const) {
      for (const size of SIZES) {
        const data = random.bytes(size);
        assert.equal(askOnce(west, socket, outer, family, data), data, `${size} bytes`);
      }
    }
  } finally {
    socket.close();
    for (const child of pair) west.tables.remove(child.id);
  }
}

let west: Gateway | undefined;
function shared(): Gateway {
  west ??= gateway();
  return west;
}

const booted = withKernel(algorithms);

for (const each of SUITES) {
  for (const outer of [4, 6] as const) {
    const name =
      each.integrity === 'null' ? each.encryption : `${each.encryption} ${each.integrity}`;
    algorithms(`${name} over ipv${outer}`, async () => {
      const { kernel, topology } = booted();
      try {
        await bothWays(kernel, topology, each, outer);
      } catch (error) {
        const state = (await kernel.inside('ip -s xfrm state; cat /proc/net/xfrm_stat')).output;
        throw withLogs(error, [() => kernel.log(), () => state]);
      }
    });
  }
}

if ((await prepare('kernel')) === undefined) algorithms.run();
