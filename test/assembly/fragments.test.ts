// Later fragments follow their first, outward and inward, and nothing else: against a model on random
// fragments, and case by case.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FRAGMENT_SETS, FRAGMENT_WAYS } from '../../src/contract/layout.js';
import { PORT_ESP4 } from '../../src/contract/ids.js';
import type { TrafficSelector } from '../../src/policy/selector.js';
import { seeded } from './arena.js';
import { asReceived, Gateway, type Received } from './gateway.js';
import { ipv4, ipv6, udp } from './packets.js';
import { connect, EAST, gateways, type Pair, policy, selectors, WEST, westChild } from './site.js';

const fragments = suite('fragments');
const FAMILIES = [4, 6] as const;
type Family = (typeof FAMILIES)[number];
const NET: Record<Family, readonly [string, string]> = {
  4: ['198.18.1.0/24', '198.18.2.0/24'],
  6: ['2001:db8:1::/48', '2001:db8:2::/48'],
};
const HOST = { 4: ['198.18.1.1', '198.18.2.2'], 6: ['2001:db8:1::1', '2001:db8:2::2'] } as const;
const LIFETIME = 2000;
const OPEN = 2000;
const SHUT = 3000;

interface Piece {
  readonly family?: Family;
  readonly id?: number;
  readonly offset: number;
  readonly bytes?: number;
  readonly more?: boolean;
  readonly port?: number;
  readonly back?: boolean;
  /** What an IPv6 fragment header names. */
  readonly next?: number;
}

/** A fragment of a UDP datagram; one at 0 begins with the UDP header. */
function fragment(piece: Piece): Buffer {
  const { family = 4, id = 7, offset, bytes = 64, port = OPEN, back = false } = piece;
  const more = piece.more ?? true;
  const head = offset === 0 ? udp(new Uint8Array(0), 1000, port) : Buffer.alloc(0);
  const data = Buffer.concat([head, Buffer.alloc(64, id)]).subarray(0, bytes);
  const [src, dst] = back ? [HOST[family][1], HOST[family][0]] : HOST[family];
  if (family === 4) return ipv4(data, { id, offset, more, src, dst });
  const header = Buffer.alloc(8);
  header[0] = piece.next ?? 17;
  header.writeUInt16BE(offset | (more ? 1 : 0), 2);
  header.writeUInt32BE(id, 4);
  return ipv6(Buffer.concat([header, data]), { protocol: 44, src, dst });
}

/** OPEN passes in the clear, SHUT is discarded; so a later fragment alone goes nowhere. */
function guarded(): Gateway {
  const gateway = new Gateway();
  gateway.tables.setPolicies(
    FAMILIES.flatMap((family) => [
      policy(family, ...NET[family], { protocol: 17, dstPort: OPEN, action: 'none' }),
      policy(10 + family, ...NET[family], { protocol: 17, dstPort: SHUT, action: 'discard' }),
    ]),
  );
  return gateway;
}

const RESULTS = {
  bypassed: 'clear',
  'out-policy-blocked': 'blocked',
  'out-policy-errors': 'error',
};

/** What became of a packet from the TUN. */
function fate(gateway: Gateway, packet: Buffer): string {
  const before = gateway.counters();
  const { messages } = gateway.outbound([packet]);
  const after = gateway.counters();
  const moved = Object.entries(RESULTS).filter(([name]) => after[name] !== before[name]);
  assert.is(moved.length, 1);
  assert.is(messages.length, moved[0]![0] === 'bypassed' ? 1 : 0);
  return moved[0]![1];
}

interface Known {
  readonly port: number;
  readonly first: number;
  readonly at: number;
  bytes: number;
  end: number;
}

/** The rules of assembly/fragments.ts with all the room in the world. */
class Model {
  readonly #known = new Map<string, Known>();

  fate({ family = 4, id, offset, bytes = 64, more, port = OPEN }: Piece, now: number): string {
    const key = `${family} ${id}`;
    if (offset === 0) {
      this.#known.set(key, { port, first: bytes, at: now, bytes, end: 0 });
      return port === SHUT ? 'blocked' : 'clear';
    }
    const known = this.#known.get(key);
    if (!known || now - known.at >= LIFETIME || offset < known.first) return 'error';
    known.bytes += bytes;
    if (!more) known.end = offset + bytes;
    if (known.end > 0 && known.bytes >= known.end) this.#known.delete(key);
    return known.port === SHUT ? 'blocked' : 'clear';
  }
}

fragments('20,000 random fragments: each meets the same fate as in a model', () => {
  const random = seeded(4301);
  const gateway = guarded();
  const model = new Model();
  const seen: Record<string, number> = {};
  for (let i = 0; i < 20_000; i++) {
    const offset = random.number(5) * 24;
    const piece = {
      family: FAMILIES[random.number(2)]!,
      id: random.number(3),
      offset,
      bytes: 8 * (1 + random.number(6)),
      more: offset === 0 || random.number(3) > 0,
      port: [OPEN, SHUT, 4000][random.number(3)]!,
    };
    gateway.now += random.number(300);
    const expected = model.fate(piece, gateway.now);
    assert.is(fate(gateway, fragment(piece)), expected, `${i} ${JSON.stringify(piece)}`);
    seen[expected] = (seen[expected] ?? 0) + 1;
  }
  for (const name of Object.values(RESULTS)) assert.ok(seen[name]! > 2000, JSON.stringify(seen));
});

for (const family of FAMILIES) {
  const of = (piece: Piece): Buffer => fragment({ family, ...piece });

  fragments(`IPv${family}: a while later, behind the end, or over the first: not followed`, () => {
    const gateway = guarded();
    const first = () => assert.is(fate(gateway, of({ offset: 0 })), 'clear');
    assert.is(fate(gateway, of({ offset: 64 })), 'error', 'before its first');
    first();
    gateway.now += LIFETIME - 1;
    assert.is(fate(gateway, of({ offset: 64 })), 'clear');
    gateway.now += 1;
    assert.is(fate(gateway, of({ offset: 64 })), 'error', 'too late');
    first();
    assert.is(fate(gateway, of({ offset: 56 })), 'error', 'over the first');
    assert.is(fate(gateway, of({ offset: 64, id: 8 })), 'error', 'of another datagram');
    assert.is(fate(gateway, of({ offset: 64, more: false })), 'clear');
    assert.is(fate(gateway, of({ offset: 64 })), 'error', 'all of it has passed');
  });

  fragments(`IPv${family}: a first without its ports goes nowhere and opens nothing`, () => {
    const gateway = guarded();
    // IPv4 fragments are cut at 8 bytes, but nobody must
    assert.is(fate(gateway, of({ offset: 0, bytes: 3 })), 'error');
    assert.is(fate(gateway, of({ offset: 8 })), 'error');
  });

  fragments(
    `IPv${family}: more datagrams than room: the newest follow, the others go nowhere`,
    () => {
      const gateway = guarded();
      const room = FRAGMENT_SETS * FRAGMENT_WAYS;
      const ids = Array.from({ length: 4 * room }, (_, id) => id);
      for (const id of ids) {
        gateway.now += id & 1; // within a lifetime
        assert.is(fate(gateway, of({ offset: 0, id })), 'clear');
      }
      const fates = ids.map((id) => fate(gateway, of({ offset: 64, id })));
      const followed = fates.filter((name) => name === 'clear').length;
      assert.is(fates.filter((name) => name === 'error').length, ids.length - followed);
      assert.ok(followed <= room && followed > room / 2, `${followed} of ${room}`);
      assert.is(fates.at(-1), 'clear');
    },
  );

  fragments(`IPv${family}: a worker that begins anew has seen nothing`, () => {
    const gateway = guarded();
    assert.is(fate(gateway, of({ offset: 0 })), 'clear');
    gateway.exports.attach!(0);
    assert.is(fate(gateway, of({ offset: 64 })), 'error');
  });
}

fragments(
  'IPv6 behind extension headers: the first tells the protocol, alone it is refused',
  () => {
    const gateway = new Gateway();
    gateway.tables.setPolicies([policy(1, ...NET[6], { protocol: 17, action: 'discard' })]);
    const later = fragment({ family: 6, offset: 64, next: 60 });
    assert.is(fate(gateway, later), 'error', 'it may be UDP');
    const options = Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]); // padding (RFC 8200 §4.2)
    const first = fragment({ family: 6, offset: 0, bytes: 56, next: 60 });
    const whole = Buffer.concat([first.subarray(0, 48), options, first.subarray(48)]);
    whole.writeUInt16BE(whole.length - 40, 4);
    assert.is(fate(gateway, whole), 'blocked');
    assert.is(fate(gateway, later), 'blocked', 'and so it is');
  },
);

// ---- through a tunnel ----------------------------------------------------------------------------

/** Only UDP to OPEN in the east is protected, by policies and selectors. */
function narrowPair(): Pair {
  const pair = gateways();
  const ported = (prefix: string): TrafficSelector => ({
    ...selectors(prefix),
    protocol: 17,
    startPort: OPEN,
    endPort: OPEN,
  });
  pair.west.tables.setPolicies(
    FAMILIES.map((family) => policy(family, ...NET[family], { protocol: 17, dstPort: OPEN })),
  );
  pair.east.tables.setPolicies(
    FAMILIES.map((family) =>
      policy(family, NET[family][1], NET[family][0], { protocol: 17, srcPort: OPEN }),
    ),
  );
  const remoteSelectors = FAMILIES.map((family) => ported(NET[family][1]));
  connect(pair, { ...westChild(1, { policy: 4 }), remoteSelectors });
  connect(pair, { ...westChild(2, { policy: 6 }), remoteSelectors });
  return pair;
}

function sent(from: Gateway, packets: readonly Buffer[], back = false): Received[] {
  const ends = [WEST[4], EAST[4]] as const;
  const [src, dst] = back ? [ends[1], ends[0]] : ends;
  return from.outbound(packets).messages.map((message) => asReceived(message, src, dst));
}

for (const family of FAMILIES) {
  const of = (piece: Piece): Buffer => fragment({ family, ...piece });
  const three = (more: Partial<Piece> = {}): Buffer[] => [
    of({ offset: 0, ...more }),
    of({ offset: 64, ...more }),
    of({ offset: 128, more: false, ...more }),
  ];

  fragments(`IPv${family}: through a policy and selectors with ports, whole or not at all`, () => {
    const { west, east } = narrowPair();
    const [first, second, third] = three();
    const packets = sent(west, [first!, third!, second!]);
    assert.is(packets.length, 3);
    assert.equal(east.inbound(PORT_ESP4, [packets[1]!]).tun, [], 'its first has not come');
    assert.is(east.counters()['in-policy-errors'], 0);
    assert.is(east.counters()['in-template-mismatches'], 1);
    const again = sent(west, three({ id: 9 }));
    assert.equal(east.inbound(PORT_ESP4, again).tun, three({ id: 9 }));
  });

  fragments(`IPv${family}: what one direction has seen opens nothing in the other`, () => {
    const { west, east } = narrowPair();
    const [first, second] = three();
    const [came] = sent(west, [first!]);
    assert.is(east.inbound(PORT_ESP4, [came!]).tun.length, 1);
    const answer = of({ offset: 64, back: true });
    assert.equal(sent(east, [answer], true), []);
    assert.is(east.counters()['out-policy-errors'], 1);
    assert.is(east.inbound(PORT_ESP4, sent(west, [second!])).tun.length, 1);
  });

  fragments(`IPv${family}: a first that may not come in lets no later one in`, () => {
    const { west, east } = narrowPair();
    // west's policies are wider than what was agreed
    west.tables.setPolicies([policy(4, ...NET[4]), policy(6, ...NET[6])]);
    const wide = FAMILIES.map((each) => selectors(NET[each][1]));
    const shut = { ...westChild(family === 4 ? 1 : 2, { policy: family }), remoteSelectors: wide };
    west.tables.remove(shut.id);
    west.tables.install(shut, { activate: true, pathMtu: 1500 });
    const packets = sent(west, three({ port: SHUT }));
    assert.is(packets.length, 3);
    assert.equal(east.inbound(PORT_ESP4, packets).tun, []);
    assert.is(east.counters()['in-template-mismatches'], 3);
  });
}

fragments.run();
