// An inbound SA that was replaced: it receives a moment longer, by the same rules, then it is gone with its
// keys; its outbound half, and one without a successor, go at once.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_UDP4_4500 } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { Lingering } from '../../src/dataplane/lingering.js';
import { seal } from '../reference/esp.js';
import { Gateway } from './gateway.js';
import { ipv4, udp } from './packets.js';
import { recordAt } from './record.js';
import { mirror, policy, WEST, westChild } from './site.js';

const linger = suite('linger');
const MTU = { activate: true, pathMtu: 1500 };
const child = westChild(1, { udp: true });
const packet = ipv4(udp(Buffer.alloc(20)), { src: '198.18.1.1', dst: '198.18.2.2' });
const answer = ipv4(udp(Buffer.alloc(20)), { src: '198.18.2.2', dst: '198.18.1.1' });

function east(lingerMs: number) {
  const made = new Gateway({ lingerMs });
  made.tables.setPolicies([policy(1, '198.18.2.0/24', '198.18.1.0/24')]);
  made.tables.install(mirror(child), MTU);
  const [inbound, outbound] = made.tables.list().map(({ slot }) => recordAt(slot));
  let sequence = 0n;
  const arrives = (repeated?: bigint): number => {
    sequence += repeated === undefined ? 1n : 0n;
    const sa = { ...child, ...child.outbound };
    const bytes = seal(sa, repeated ?? sequence, Buffer.alloc(8), packet);
    return made.inbound(PORT_UDP4_4500, [{ bytes, from: WEST[4], fromPort: 4500 }]).tun.length;
  };
  const isErased = (at: number): boolean =>
    made.bytes.subarray(at, at + layout.SA_SIZE).every((byte) => byte === 0);
  return { made, arrives, inbound: inbound!, outbound: outbound!, isErased };
}

linger('it receives, and nothing leaves by it, until the moment is over', async () => {
  const { made, arrives, inbound, outbound, isErased } = east(50);
  assert.is(arrives(), 1);
  made.mail();
  assert.ok(made.tables.remove(1, true));
  assert.equal(made.tables.list(), []);
  assert.is(arrives(), 1);
  assert.is(arrives(2n), 0, 'twice');
  assert.ok(isErased(outbound) && !isErased(inbound));
  assert.equal(made.outbound([answer]).messages, []);
  assert.throws(() => made.tables.install(mirror(child), MTU), /is in use/);
  while (!isErased(inbound)) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.is(arrives(), 0);
  const { 'in-bytes': bytes, ...counted } = made.counted();
  assert.is(bytes, 2 * packet.length);
  assert.equal(counted, {
    'in-packets': 2,
    'in-state-sequence-errors': 1,
    'in-no-states': 1,
    held: 1,
  });
  made.tables.install(mirror(child), MTU);
});

linger('without a successor it is gone at once, and at the end all are', () => {
  const { made, arrives, inbound, isErased } = east(60_000);
  made.tables.remove(1);
  assert.is(arrives(), 0);
  assert.ok(isErased(inbound));
  const other = east(60_000);
  other.made.tables.remove(1, true);
  assert.not(other.isErased(other.inbound));
  other.made.tables.erase();
  assert.ok(other.isErased(other.inbound));
});

linger('a thousand at once, and the oldest goes for one more', () => {
  const lingering = new Lingering(60_000);
  const ended: number[] = [];
  for (let i = 0; i < 1030; i++) lingering.add(() => ended.push(i));
  assert.equal(ended, [0, 1, 2, 3, 4, 5]);
  lingering.endAll();
  assert.is(ended.length, 1030);
  lingering.endAll();
  assert.is(ended.length, 1030, 'each once');
});

linger.run();
