// What IKEv2 does not negotiate, with a Linux kernel and SAs by hand (`ip xfrm`): AH around ESP in both
// modes, as two templates of one policy; AH with ESN and with MD5. And what transport mode does to
// packets larger than the path and to IPv6 extension headers. Our data plane is driven from here: an
// echo request is sealed by us and opened there, its reply is sealed there and opened by us.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_AH4, PORT_AH6, PORT_ESP4, PORT_ESP6 } from '../../src/contract/ids.js';
import type { Association, AssociationKeys } from '../../src/dataplane/association.js';
import { IPPROTO_RAW, SOCK_RAW } from '../../src/net/linux.js';
import { parseAddress, toBytes } from '../../src/policy/address.js';
import { seeded } from '../assembly/arena.js';
import { Gateway } from '../assembly/gateway.js';
import { aroundWith } from '../assembly/hosts.js';
import { policy, SUITES, type Suite, selectors, westChild } from '../assembly/site.js';
import { TestSocket } from '../helpers/datagrams.js';
import { withLogs } from './command.js';
import type { KernelPeer } from './kernel-peer.js';
import {
  ECHO,
  type Ends,
  echoRequest,
  inside,
  integrityWords,
  withKernel,
  words,
} from './kernel-sas.js';
import { prepare } from './packages.js';
import { ALICE, OUTER6, SITES, type Topology } from './topology.js';

const bundles = suite('Linux kernel: AH around ESP, AH with ESN and MD5');
type Family = 4 | 6;
const [ESP, AH] = [50, 51];
/** Cut by us, put together by the kernel, and the reply the other way round. */
const LARGE = [1500, 4000];
const MOON = { 4: '192.0.2.1', 6: OUTER6.moon };
const SUN = { 4: '192.0.2.2', 6: OUTER6.sun };
const NETS: Readonly<Record<Family, readonly [Ends, string, string]>> = {
  4: [{ src: ALICE.v4, dst: '198.19.0.1' }, SITES.moon.v4, SITES.sun.v4],
  6: [{ src: ALICE.v6, dst: '2001:db8:b::1' }, SITES.moon.v6, SITES.sun.v6],
};
const SIZES = [0, 1, 2, 3, 7, 8, 15, 64, 512, 1200];
const PATH_MTU = 1500;
const PORTS: Readonly<Record<Family, Readonly<Record<number, number>>>> = {
  4: { [ESP]: PORT_ESP4, [AH]: PORT_AH4 },
  6: { [ESP]: PORT_ESP6, [AH]: PORT_AH6 },
};

interface Row {
  readonly esp: Suite | undefined;
  readonly ah: string | undefined;
  readonly mode: 'tunnel' | 'transport';
  readonly outer: Family;
  readonly esn: boolean;
}

const named = (encryption: string, integrity = 'null'): Suite =>
  SUITES.find((row) => row.encryption === encryption && row.integrity === integrity)!;

/** Each thing once with each mode and family, not everything with everything. */
const rows = ([4, 6] as const).flatMap((outer) =>
  (['tunnel', 'transport'] as const).flatMap((mode): Row[] => [
    { esp: named('aes-128-gcm'), ah: 'sha256', mode, outer, esn: false },
    { esp: named('aes-256-cbc', 'sha256'), ah: 'sha1', mode, outer, esn: false },
    { esp: named('aes-256-gcm'), ah: 'sha512', mode, outer, esn: true },
    { esp: named('null', 'sha1'), ah: 'md5', mode, outer, esn: true },
    { esp: undefined, ah: 'sha256', mode, outer, esn: true },
    { esp: undefined, ah: 'md5', mode, outer, esn: false },
    ...(mode === 'transport'
      ? ([
          { esp: named('aes-128-gcm'), ah: undefined, mode, outer, esn: true },
          { esp: named('aes-256-cbc', 'sha256'), ah: undefined, mode, outer, esn: false },
        ] as const)
      : []),
  ]),
);

/** The two ends of the packets inside, and what the policy says of them. */
function flowOf({ mode, outer }: Row): readonly [Ends, string, string] {
  const hosts = { src: MOON[outer], dst: SUN[outer] };
  return mode === 'tunnel' ? NETS[outer] : [hosts, hosts.src, hosts.dst];
}

/** `align4`: RFC 4302 §2.6 pads an AH to 4 bytes in IPv4, Linux to 8 unless it is told. */
function flagsOf({ esn, outer }: Row, protocol: string, mode: string): string {
  const flags = [
    ...(esn ? ['esn'] : []),
    ...(mode === 'tunnel' ? ['af-unspec'] : []),
    ...(protocol === 'ah' && outer === 4 ? ['align4'] : []),
  ];
  return flags.length > 0 ? `flag ${flags.join(' ')}` : '';
}

function script(row: Row, child: Association): string {
  const { esp, ah, mode, outer } = row;
  const [moon, sun] = [MOON[outer], SUN[outer]];
  const around = child.around ?? child;
  const sa = (src: string, dst: string, way: 'inbound' | 'outbound'): string[] => {
    const add = (protocol: string, keys: AssociationKeys, own: string, algorithms: string) =>
      `ip xfrm state add src ${src} dst ${dst} proto ${protocol} spi ${keys.spi} reqid 1 ` +
      `mode ${own} replay-window 32 ${flagsOf(row, protocol, own)} ${algorithms}`;
    const inner = esp ? [add('esp', child[way], mode, words(esp, child[way]))] : [];
    if (ah === undefined) return inner;
    const own = esp ? 'transport' : mode;
    return [...inner, add('ah', around[way], own, integrityWords(ah, around[way]))];
  };
  const rule = (direction: string, flow: string, ends: string): string => {
    const template = (protocol: string, own: string) =>
      `tmpl ${ends} proto ${protocol} reqid 1 mode ${own}`;
    const inner = esp ? template('esp', mode) : '';
    const outside = ah === undefined ? '' : template('ah', esp ? 'transport' : mode);
    return `ip xfrm policy add ${flow} dir ${direction} ${inner} ${outside}`;
  };
  const [, near, far] = flowOf(row);
  return [
    'set -e',
    'ip xfrm policy flush',
    'ip xfrm state flush',
    ...sa(moon, sun, 'outbound'),
    ...sa(sun, moon, 'inbound'),
    rule('in', `src ${near} dst ${far}`, `src ${moon} dst ${sun}`),
    rule('out', `src ${far} dst ${near}`, `src ${sun} dst ${moon}`),
  ].join('\n');
}

function childOf(row: Row, id: number): Association {
  const { esp, ah, mode, outer, esn } = row;
  const plain: Suite = { ...named('null', 'sha256'), integrity: ah ?? 'null' };
  const [, near, far] = flowOf(row);
  const child: Association = {
    ...westChild(id, { suite: esp ?? plain, outer, esn, seed: id }),
    mode,
    local: { address: parseAddress(MOON[outer])!, port: 500 },
    remote: { address: parseAddress(SUN[outer])!, port: 500 },
    localSelectors: [selectors(near)],
    remoteSelectors: [selectors(far)],
  };
  if (ah === undefined) return child;
  const { inbound, outbound } = aroundWith(ah, esn);
  if (esp) return { ...child, around: aroundWith(ah, esn) };
  return { ...child, protocol: 'ah', encryption: 'null', inbound, outbound };
}

async function bothWays(kernel: KernelPeer, topology: Topology, row: Row): Promise<void> {
  const { outer } = row;
  const [ends, near, far] = flowOf(row);
  const child = childOf(row, 1);
  const { status, output } = await kernel.inside(script(row, child));
  assert.is(status, 0, `the kernel refuses it: ${output}`);
  const west = new Gateway();
  west.tables.setPolicies([policy(1, near, far)]);
  west.tables.install(child, { activate: true, pathMtu: PATH_MTU });
  const address = toBytes(parseAddress(MOON[outer])!);
  const protocol = row.ah === undefined ? ESP : AH;
  const [sending, receiving] = inside(topology.namespace('moon'), () => [
    new TestSocket(address, 0, SOCK_RAW, IPPROTO_RAW),
    new TestSocket(address, 0, SOCK_RAW, protocol),
  ]);
  const random = seeded(4);
  const echo = (packet: Buffer, data: Buffer): void => {
    const { messages } = west.outbound([packet]);
    assert.is(messages.length > 1, packet.length > PATH_MTU, JSON.stringify(west.counted()));
    for (const message of messages) {
      sending!.send(toBytes(parseAddress(SUN[outer])!), 0, message.bytes);
    }
    const bytes = receiving!.receive(10_000);
    assert.ok(bytes, `no reply to ${packet.length} bytes`);
    const port = PORTS[outer][protocol];
    const reply = west.inbound(port!, [{ bytes, from: SUN[outer], fromPort: 0, to: MOON[outer] }]);
    assert.is(reply.tun.length, 1, JSON.stringify(west.counted()));
    const answer = reply.tun[0]!;
    const header = outer === 4 ? 20 : 40;
    assert.is(answer[header], ECHO[outer][1], 'an echo reply');
    assert.equal(answer.subarray(header + 8), data);
  };
  try {
    for (const size of [...SIZES, ...(row.mode === 'transport' ? LARGE : [])]) {
      const data = random.bytes(size);
      echo(echoRequest(outer, ends, data), data);
      if (row.mode === 'transport' && outer === 6) {
        for (const chain of CHAINS) echo(extended(echoRequest(6, ends, data), chain), data);
      }
    }
  } finally {
    sending!.close();
    receiving!.close();
  }
}

// ---- IPv6 extension headers ----------------------------------------------------------------------

const HOP_BY_HOP = 0;
const DESTINATION = 60;
/** Of which the first stays in front of the IPsec header, the second goes behind it. */
const CHAINS = [[HOP_BY_HOP], [DESTINATION], [HOP_BY_HOP, DESTINATION]] as const;

/** The packet with a header of padding for each number. */
function extended(packet: Buffer, chain: readonly number[]): Buffer {
  const numbers = [...chain, packet[6]!];
  const headers = chain.map((_, index) => Buffer.from([numbers[index + 1]!, 0, 1, 4, 0, 0, 0, 0]));
  const fixed = Buffer.from(packet.subarray(0, 40));
  fixed[6] = numbers[0]!;
  const made = Buffer.concat([fixed, ...headers, packet.subarray(40)]);
  made.writeUInt16BE(made.length - 40, 4);
  return made;
}

const booted = withKernel(bundles);

for (const row of rows) {
  const { esp, ah, mode, outer, esn } = row;
  const around = ah === undefined ? '' : `AH ${ah}`;
  const inner = esp ? `ESP ${esp.encryption}` : '';
  const what = [around, inner].filter((part) => part !== '').join(' around ');
  bundles(`${what}${esn ? ' with ESN' : ''}, ${mode} mode, IPv${outer}`, async () => {
    const { kernel, topology } = booted();
    try {
      await bothWays(kernel, topology, row);
    } catch (error) {
      const state = (await kernel.inside('ip -s xfrm state; cat /proc/net/xfrm_stat')).output;
      throw withLogs(error, [() => kernel.log(), () => state]);
    }
  });
}

if ((await prepare('kernel')) === undefined) bundles.run();
