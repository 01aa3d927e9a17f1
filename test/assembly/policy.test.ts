// The ordered policy match in WebAssembly, with its flow cache, against a linear reference on random
// rule sets: prefixes of few addresses, so that rules overlap and order decides.
// Shows policy.src-address, policy.dst-address, policy.protocol
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Policy } from '../../src/policy/database.js';
import { firstMatch, type Flow } from '../reference/policy.js';
import { seeded } from './arena.js';
import { Gateway } from './gateway.js';
import { ipv4, ipv6, udp } from './packets.js';
import { policy } from './site.js';

const policies = suite('policy');
const PORTS = [53, 80, 443, 4500];
const ACTIONS = ['encrypt', 'encrypt', 'encrypt', 'discard', 'none'] as const;
type Random = ReturnType<typeof seeded>;

const address = (random: Random, family: 4 | 6): string =>
  family === 4
    ? `198.18.${random.number(4)}.${random.number(8)}`
    : `2001:db8:${random.number(4)}::${random.number(8)}`;

const pick = <T>(random: Random, values: readonly T[]): T => values[random.number(values.length)]!;

function randomPolicy(random: Random, id: number): Policy {
  const family = random.number(3) === 0 ? 6 : 4;
  const bits = (): number =>
    pick(random, family === 4 ? [0, 15, 22, 24, 29, 31, 32] : [0, 32, 47, 48, 125, 128]);
  const ported = random.number(3) === 0;
  const protocol = ported ? pick(random, [6, 17]) : pick(random, [0, 0, 1, 6, 17, 47]);
  return policy(
    id,
    `${address(random, family)}/${bits()}`,
    `${address(random, family)}/${bits()}`,
    {
      action: pick(random, ACTIONS),
      protocol,
      srcPort: ported && random.number(2) === 0 ? pick(random, PORTS) : undefined,
      dstPort: ported ? pick(random, PORTS) : undefined,
    },
  );
}

function randomFlow(random: Random, family: 4 | 6): Flow {
  return {
    src: address(random, family),
    dst: address(random, family),
    protocol: pick(random, [6, 17, 47]),
    srcPort: pick(random, PORTS),
    dstPort: pick(random, PORTS),
    later: family === 4 && random.number(5) === 0,
  };
}

function packetOf(flow: Flow): Buffer {
  const build = flow.src.includes(':') ? ipv6 : ipv4;
  return build(udp(Buffer.alloc(16), flow.srcPort, flow.dstPort), {
    ...flow,
    offset: flow.later ? 1480 : 0,
  });
}

/** What the gateway did with one packet, told by what it left behind. */
function observe(gateway: Gateway, packet: Buffer): string {
  gateway.now += 1000; // every policy may ask again
  const before = gateway.counters();
  const { messages } = gateway.outbound([packet]);
  const [mail] = gateway.mail();
  if (mail?.kind === 'acquire') return `policy ${mail.policy}`;
  if (messages.length > 0) return 'clear';
  const after = gateway.counters();
  return ['out-policy-blocked', 'out-policy-errors'].find((name) => after[name] !== before[name])!;
}

function expected(rules: readonly Policy[], flow: Flow): string {
  const match = firstMatch(rules, flow);
  if (match === 'ambiguous') return 'out-policy-errors';
  if (match === undefined || match.action === 'none') return 'clear';
  return match.action === 'encrypt' ? `policy ${match.id}` : 'out-policy-blocked';
}

for (const count of [0, 1, 5, 30, 200]) {
  policies(`${count} rules: 1,500 random packets find the same policy as the reference`, () => {
    const random = seeded(count + 1);
    const gateway = new Gateway();
    for (let round = 0; round < 3; round++) {
      const rules = Array.from({ length: count }, (_, id) => randomPolicy(random, id + 1));
      gateway.tables.setPolicies(rules);
      for (let i = 0; i < 500; i++) {
        const flow = randomFlow(random, random.number(3) === 0 ? 6 : 4);
        assert.is(observe(gateway, packetOf(flow)), expected(rules, flow), JSON.stringify(flow));
      }
    }
  });
}

policies('every policy of a full table is found in its place', () => {
  const gateway = new Gateway();
  const rules = Array.from({ length: 16384 }, (_, id) =>
    policy(id, `198.18.${id >> 8}.${id & 255}/32`, '0.0.0.0/0'),
  );
  gateway.tables.setPolicies(rules);
  for (const id of [0, 1, 255, 256, 9999, 16383]) {
    const packet = ipv4(udp(Buffer.alloc(1)), { src: `198.18.${id >> 8}.${id & 255}` });
    assert.is(observe(gateway, packet), `policy ${id}`);
    assert.is(observe(gateway, packet), `policy ${id}`, 'from the cache');
  }
});

policies.run();
