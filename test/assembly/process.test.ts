// Two gateways in one process: what one seals, the other opens.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_ESP4, PORT_UDP4_4500 } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { asReceived } from './gateway.js';
import { ipv4, udp } from './packets.js';
import { recordAt } from './record.js';
import { connect, gateways, SUITES, WEST, EAST, westChild } from './site.js';

const process = suite('process');
const pair = gateways();
const { west, east } = pair;
let id = 0;

for (const each of SUITES) {
  for (const esn of [false, true]) {
    process(
      `${each.encryption} ${each.integrity}${esn ? ' esn' : ''}: a batch goes through`,
      () => {
        const child = westChild(++id, { suite: each, esn, udp: id % 2 === 0 });
        connect(pair, child);
        const packets = Array.from({ length: 64 }, (_, i) => ipv4(udp(Buffer.alloc(i * 20, i))));
        const { messages } = west.outbound(packets);
        assert.is(messages.length, 64);
        const port = child.udpEncapsulation ? PORT_UDP4_4500 : PORT_ESP4;
        assert.ok(messages.every((message) => message.port === port));
        const received = messages.map((message) => asReceived(message, WEST[4], EAST[4]));
        const { tun } = east.inbound(port, received);
        assert.equal(tun, packets);
        assert.equal(east.inbound(port, received).tun, []);
        west.tables.remove(id);
        east.tables.remove(id);
      },
    );
  }
}

process(
  'what most SAs need stands in the first half of their records: the second is never written',
  () => {
    for (const [name, near] of [
      ['aes-128-gcm', true],
      ['chacha20poly1305', true],
      ['aes-256-gcm', false],
    ] as const) {
      const suite = SUITES.find(({ encryption }) => encryption === name)!;
      connect(pair, westChild(++id, { suite, udp: true, replayWindow: 128 }));
      const halves = (): boolean[] =>
        [west, east].flatMap(({ tables, bytes }) =>
          tables.list().map(({ slot }) => {
            const at = recordAt(slot) + layout.SA_NEAR;
            return bytes.subarray(at, recordAt(slot) + layout.SA_SIZE).every((byte) => byte === 0);
          }),
        );
      for (let batch = 0; batch < 20; batch++) {
        const packets = Array.from({ length: 64 }, (_, i) => ipv4(udp(Buffer.alloc(i * 20, i))));
        const { messages } = west.outbound(packets);
        const received = messages.map((message) => asReceived(message, WEST[4], EAST[4]));
        assert.is(east.inbound(PORT_UDP4_4500, received).tun.length, 64);
        assert.is(east.inbound(PORT_UDP4_4500, received).tun.length, 0, 'a repetition');
      }
      assert.equal(halves(), new Array(4).fill(near), name);
      for (const { tables } of [west, east]) tables.remove(id);
    }
  },
);

process.run();
