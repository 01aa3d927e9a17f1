// Transport mode, AH and bundles under mutated packets (seeded), both ways: fragments of all kinds from
// the TUN, and sealed packets from the network. No trap, no more slots than there are, nothing outside
// the worker's own room is written, what is not authentic goes nowhere, and all still works after.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as layout from '../../src/contract/layout.js';
import { mutated, runs, seedOf } from '../helpers/fuzzing.js';
import { Random } from '../wire/random.js';
import { seeded } from './arena.js';
import type { Gateway, Received } from './gateway.js';
import { arrive, type HostOptions, type Hosts, hosts } from './hosts.js';
import { ipv4, ipv6, tcp, udp } from './packets.js';
import { cut, deliver, KINDS } from './pieces.js';
import { EAST, WEST } from './site.js';

const fuzz = suite('hosts fuzz');
const GUARD = 0xa5;
const WAYS: Readonly<Record<string, HostOptions>> = { ...KINDS, 'ESP in UDP': { udp: true } };
const ENDS = { 4: { src: WEST[4], dst: EAST[4] }, 6: { src: WEST[6], dst: EAST[6] } };

function genuine(family: 4 | 6): Buffer[] {
  const random = seeded(4);
  const make = family === 4 ? ipv4 : ipv6;
  const ends = ENDS[family];
  const segment = tcp(16, Buffer.alloc(0), ends, random.bytes(500));
  const extensions = Buffer.from([60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0]);
  return [
    make(udp(random.bytes(40)), ends),
    make(udp(random.bytes(3000)), ends),
    make(udp(random.bytes(9500)), ends),
    make(segment, { ...ends, protocol: 6, df: true }),
    family === 6
      ? ipv6(Buffer.concat([extensions, udp(random.bytes(900))]), { ...ends, protocol: 0 })
      : ipv4(udp(random.bytes(900)), { ...ends, options: Buffer.from([148, 4, 0, 0, 7, 3, 4, 0]) }),
  ];
}

/** All fragments of a datagram, some of them changed or gone. */
function pieces(random: Random, family: 4 | 6, id: number): Uint8Array[] {
  const size = 8 * random.between(1, 400);
  const count = random.between(1, 12);
  const make = family === 4 ? ipv4 : ipv6;
  const datagram = make(udp(Buffer.alloc(size * count, id)), ENDS[family]);
  return Array.from({ length: count }, (_, i) => {
    const piece = cut(datagram, i * size, i < count - 1 ? (i + 1) * size : 65_535, id);
    return random.chance(0.05) ? mutated(random, piece) : piece;
  }).filter(() => random.chance(0.95));
}

/** What stands behind the worker's own room, and would tell who wrote there. */
function fence(gateway: Gateway): Buffer {
  const at = layout.WORKERS_AT;
  const bytes = gateway.bytes.subarray(at + layout.WORKER_END, at + 2 * layout.WORKER_SIZE);
  return bytes.fill(GUARD);
}

function stillWorks(pair: Hosts): void {
  pair.west.now += 60_000;
  const { family } = pair;
  const make = family === 4 ? ipv4 : ipv6;
  const packet = make(udp(seeded(1).bytes(100)), ENDS[family]);
  const { messages } = pair.west.outbound([packet]);
  assert.is(deliver(pair, messages, 1300).tun.length, 1, 'and it still works');
}

for (const [name, options] of Object.entries(WAYS)) {
  for (const family of options.udp ? ([4] as const) : ([4, 6] as const)) {
    fuzz(`${name}, IPv${family}: from the TUN`, () => {
      const random = new Random(seedOf(family));
      const pair = hosts({ ...options, outer: family, pathMtu: 1300 });
      const { west } = pair;
      const guard = fence(west);
      const packets = genuine(family);
      for (let i = 0; i < runs(400); i++) {
        const batch = random.list(1, 12, () => {
          const packet = random.pick(packets);
          return random.chance(0.5) ? packet : mutated(random, packet);
        });
        if (random.chance(0.5)) batch.push(...pieces(random, family, 1 + (i & 0xff)));
        west.now += random.between(0, 300);
        const { messages } = west.outbound(batch);
        for (const { bytes } of messages) assert.ok(bytes.length > 20 && bytes.length <= 65_535);
      }
      assert.ok(west.counters().reassembled! > 0);
      assert.ok(guard.every((byte) => byte === GUARD));
      stillWorks(pair);
    });
  }
}

/** As a kernel hands it over: sealed by west, then changed. */
function changed(random: Random, pair: Hosts, packets: readonly Buffer[]) {
  const messages = pair.west.outbound([random.pick(packets)]).messages;
  if (messages.length === 0) return undefined; // options, which UDP does not carry
  const [from, to] = [WEST[pair.family], EAST[pair.family]];
  const { port, received } = arrive(random.pick(messages), from, to);
  const bytes = mutated(random, received.bytes);
  const extensions = received.extensions?.map(({ type, bytes: header }) => ({
    type,
    bytes: random.chance(0.5) ? header : mutated(random, header),
  }));
  const same = Buffer.compare(bytes, received.bytes) === 0;
  const packet: Received = { ...received, bytes, ...(extensions ? { extensions } : {}) };
  return { port, packet, same };
}

for (const [name, options] of Object.entries(WAYS)) {
  for (const family of options.udp ? ([4] as const) : ([4, 6] as const)) {
    fuzz(`${name}, IPv${family}: from the network`, () => {
      const random = new Random(seedOf(40 + family));
      const pair = hosts({ ...options, outer: family, pathMtu: 9500 });
      const guard = fence(pair.east);
      const packets = genuine(family);
      const tails = packets.map((packet) => packet.subarray(-40));
      for (let i = 0; i < runs(2000); i++) {
        const arrived = changed(random, pair, packets);
        if (!arrived) continue;
        const { tun } = pair.east.inbound(arrived.port, [arrived.packet]);
        // a raw IPv4 socket shows the header, of which no ICV covers all
        const bare = family === 6 || options.udp;
        if (bare && !arrived.same) assert.equal(tun, [], `packet ${i}`);
        for (const packet of tun)
          assert.ok(tails.some((tail) => tail.equals(packet.subarray(-40))));
      }
      assert.ok(pair.east.counters()['in-state-protocol-errors']! > 100);
      assert.ok(guard.every((byte) => byte === GUARD));
      stillWorks(pair);
    });
  }
}

fuzz.run();
