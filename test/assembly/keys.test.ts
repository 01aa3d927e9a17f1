// Keys go when an SA goes: after traffic over every suite, neither a key nor what kernels made of one
// stands anywhere in the shared memory, workers' scratch included.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_UDP4_4500 } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { asReceived, type Gateway } from './gateway.js';
import { ipv4, udp } from './packets.js';
import { recordAt } from './record.js';
import { connect, EAST, gateways, SUITES, WEST, westChild } from './site.js';

const keys = suite('keys');
const PIECE = 16;
const CONTROL_REGION = layout.WORKERS_AT + layout.CONTROL_ROW * layout.WORKER_SIZE;
/** Where kernels, tables and the packet path keep what they work on; packets stand elsewhere. */
const REGIONS = [
  [0, layout.POLICIES_AT],
  [layout.WORKERS_AT + layout.WORKER_JOBS, layout.WORKERS_AT + layout.WORKER_SIZE],
  [CONTROL_REGION + layout.WORKER_RX_SLOTS, CONTROL_REGION + layout.WORKER_RX_SLOTS + layout.SLOT],
  [CONTROL_REGION + layout.WORKER_JOBS, CONTROL_REGION + layout.WORKER_SIZE],
  [layout.SAS_AT, layout.SAS_AT + 16 * layout.SA_SIZE],
];
const pair = gateways();
const { west, east } = pair;

/** The constants of the module: an HMAC state stands in front of some of them in its context. */
const constants = Buffer.from(west.bytes.subarray(0, layout.CONTROL_AT));

/** Pieces of a key context that are no pattern another piece of memory could hold by chance. */
function pieces(gateway: Gateway, slot: number): Buffer[] {
  const at = recordAt(slot);
  const contexts = [
    [layout.SA_KEY, layout.SA_KEY_SIZE],
    [layout.SA_MAC_KEY, layout.SA_MAC_KEY_SIZE],
  ];
  return contexts.flatMap(([offset = 0, size = 0]) =>
    Array.from({ length: size / PIECE }, (_, i) => {
      const from = at + offset + i * PIECE;
      return Buffer.from(gateway.bytes.subarray(from, from + PIECE));
    }).filter((piece) => new Set(piece).size >= 8 && !constants.includes(piece)),
  );
}

for (const each of SUITES) {
  keys(`${each.encryption} ${each.integrity}`, () => {
    const child = westChild(1, { suite: each, udp: true });
    const raw = [child.inbound, child.outbound].flatMap(({ encryptionKey, integrityKey }) =>
      [encryptionKey, integrityKey].filter((key) => key.length > 0).map((key) => Buffer.from(key)),
    );
    connect(pair, child);
    const secrets = new Map<Gateway, Buffer[]>([
      [west, [...raw]],
      [east, [...raw]],
    ]);
    for (const [gateway, found] of secrets) {
      for (const { slot } of gateway.tables.list()) found.push(...pieces(gateway, slot));
    }
    const batch = Array.from({ length: 64 }, (_, i) => ipv4(udp(Buffer.alloc(i * 20))));
    const { messages } = west.outbound(batch);
    const received = messages.map((message) => asReceived(message, WEST[4], EAST[4]));
    assert.is(east.inbound(PORT_UDP4_4500, received).tun.length, 64);
    for (const [gateway, found] of secrets) {
      gateway.tables.remove(child.id);
      const regions = REGIONS.map(([from, to]) => gateway.bytes.subarray(from, to));
      const left = found.filter((secret) => {
        const piece = secret.subarray(0, PIECE);
        return regions.some((region) => region.includes(piece));
      });
      assert.is(left.length, 0, `${left.length} of ${found.length} pieces are still there`);
    }
  });
}

keys.run();
