// Each of RouterOS's 25 counters moves for its documented cause (src/daemon/counter-names.ts), by the
// number of packets, and none of the others does. One row per counter; packets through real sockets.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DUMMIES, IN_PACKETS } from '../../src/contract/drops.js';
import { SA_DEAD } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { COUNTERS, type CounterName } from '../../src/daemon/counter-names.js';
import type { Association } from '../../src/dataplane/association.js';
import { readCounter } from '../../src/dataplane/counters.js';
import type { Policy } from '../../src/policy/database.js';
import { ipv4, udp } from '../assembly/packets.js';
import { recordAt } from '../assembly/record.js';
import { policy, SUITES, type TunnelOptions } from '../assembly/site.js';
import { ownNamespaces, withNamespaces } from '../helpers/namespaces.js';
import { seal } from '../reference/esp.js';
import {
  type Bench,
  childWith,
  HERE,
  NOWHERE,
  openBench,
  THERE,
  TUN_MTU,
} from './statistics-bench.js';

const statistics = suite('statistics');
const TIMES = 3;

/** What a row has at hand. */
interface Scene extends Bench {
  readonly child: Association;
  /** Seals for the gateway as the peer would, with a number of its own. */
  sealed(packet: Uint8Array, nextHeader?: number): Buffer;
  /** The record of one half of the child. */
  record(half: 'in' | 'out'): DataView;
}

interface Row {
  readonly counter: CounterName;
  readonly cause: string;
  readonly policies?: readonly Policy[];
  /** `false`: there is no child. */
  readonly child?: TunnelOptions | false;
  readonly remote?: string;
  readonly change?: Partial<Association>;
  readonly pathMtu?: number;
  /** Packets that the counter must show; TIMES unless said otherwise. */
  readonly packets?: number;
  readonly provoke: (scene: Scene) => void;
}

const outward = (fields = {}, length = 20): Buffer =>
  ipv4(udp(Buffer.alloc(length)), { src: '198.18.0.1', dst: '198.19.0.2', ...fields });
const inward = (fields = {}): Buffer =>
  ipv4(udp(Buffer.alloc(20)), { src: '198.19.0.2', dst: '198.18.0.1', ...fields });
const times = (provoke: (scene: Scene) => void) => (scene: Scene) => {
  for (let i = 0; i < TIMES; i++) provoke(scene);
};
const later = { offset: 1480 };
const toPort = { protocol: 17, dstPort: 2000 };
const fromPort = { protocol: 17, srcPort: 2000 };

const ROWS: readonly Row[] = [
  {
    counter: 'in-errors',
    cause: 'the device is down and takes no packet',
    provoke: (scene) => {
      for (let i = 0; i < TIMES; i++) scene.peer(scene.sealed(inward()), 'udp');
      scene.device(false);
      scene.work();
      scene.device(true);
    },
  },
  {
    counter: 'in-buffer-errors',
    cause: 'an IKE message longer than a slot',
    provoke: times(({ peer }) => peer(Buffer.alloc(20_000), 'udp')),
  },
  {
    counter: 'in-header-errors',
    cause: 'a datagram too short for an ESP header',
    provoke: times(({ peer }) => peer(Buffer.alloc(7, 1), 'udp')),
  },
  {
    counter: 'in-no-states',
    cause: 'an SPI that nobody has',
    provoke: times(({ peer }) => peer(Buffer.alloc(60, 1), 'udp')),
  },
  {
    counter: 'in-state-protocol-errors',
    cause: 'a packet changed on the way',
    provoke: times(({ peer, sealed }) => {
      const bytes = sealed(inward());
      bytes[bytes.length - 1]! ^= 1;
      peer(bytes, 'udp');
    }),
  },
  {
    counter: 'in-state-mode-errors',
    cause: 'a UDP datagram, as transport mode carries it, in a tunnel',
    provoke: times(({ peer, sealed }) => peer(sealed(udp(Buffer.alloc(20)), 17), 'udp')),
  },
  {
    counter: 'in-state-sequence-errors',
    cause: 'the same packet again',
    provoke: ({ peer, sealed }) => {
      const bytes = sealed(inward());
      for (let i = 0; i <= TIMES; i++) peer(bytes, 'udp');
    },
  },
  {
    counter: 'in-state-expired',
    cause: 'the SA has carried what it may',
    child: { udp: true, hardBytes: 40 },
    provoke: (scene) => {
      scene.peer(scene.sealed(inward()), 'udp');
      scene.work(); // what one batch brings is still admitted
      for (let i = 0; i < TIMES; i++) scene.peer(scene.sealed(inward()), 'udp');
    },
  },
  {
    counter: 'in-state-mismatches',
    cause: 'plain ESP for an SA inside UDP',
    provoke: times(({ peer, sealed }) => peer(sealed(inward()), 'plain')),
  },
  {
    counter: 'in-state-invalid',
    cause: 'the SA is being removed',
    provoke: ({ record, peer, sealed }) => {
      record('in').setUint32(layout.SA_STATE, SA_DEAD, true);
      for (let i = 0; i < TIMES; i++) peer(sealed(inward()), 'udp');
    },
  },
  {
    counter: 'in-template-mismatches',
    cause: "an inner packet outside the SA's selectors",
    provoke: times(({ peer, sealed }) => peer(sealed(inward({ src: '198.20.0.1' })), 'udp')),
  },
  {
    counter: 'in-no-policies',
    cause: 'an inner packet that no policy holds',
    policies: [],
    provoke: times(({ peer, sealed }) => peer(sealed(inward()), 'udp')),
  },
  {
    counter: 'in-policy-blocked',
    cause: 'a policy with action=discard',
    policies: [policy(1, HERE, THERE, { action: 'discard' })],
    provoke: times(({ peer, sealed }) => peer(sealed(inward()), 'udp')),
  },
  {
    counter: 'in-policy-errors',
    cause: 'a later fragment, where only ports tell the policies apart',
    policies: [policy(1, HERE, THERE, fromPort)],
    provoke: times(({ peer, sealed }) => peer(sealed(inward(later)), 'udp')),
  },
  {
    counter: 'out-errors',
    cause: 'no route to the peer',
    remote: NOWHERE,
    provoke: times(({ host }) => host(outward())),
  },
  {
    counter: 'out-bundle-errors',
    cause: 'more fragments than there are slots',
    pathMtu: 100, // no path that is believed in is so narrow (src/daemon/path-mtu.ts)
    provoke: times(({ host }) => host(outward({}, TUN_MTU - 28))),
  },
  {
    counter: 'out-bundle-check-errors',
    cause: 'too large for the path, and not to be fragmented',
    pathMtu: 576,
    provoke: times(({ host }) => host(outward({ df: true }, 1000))),
  },
  {
    counter: 'out-no-states',
    cause: 'an SA for the policy could not be had',
    child: false,
    provoke: ({ host, work, tables }) => {
      for (let i = 0; i < TIMES; i++) host(outward());
      work();
      tables.giveUp(1);
    },
  },
  {
    counter: 'out-state-protocol-errors',
    cause: 'the key of a cipher with 64-bit blocks is worn out',
    child: { udp: true, suite: SUITES.find(({ encryption }) => encryption === '3des')! },
    provoke: ({ record, host }) => {
      record('out').setBigUint64(layout.SA_BYTES, 1n << 32n, true);
      for (let i = 0; i < TIMES; i++) host(outward());
    },
  },
  {
    counter: 'out-state-mode-errors',
    cause: 'a packet between networks for an SA in transport mode',
    change: { mode: 'transport' },
    provoke: times(({ host }) => host(outward())),
  },
  {
    counter: 'out-state-sequence-errors',
    cause: 'all numbers are used up',
    provoke: ({ record, host }) => {
      record('out').setBigUint64(layout.SA_SEQ, 0xffff_ffffn, true);
      for (let i = 0; i < TIMES; i++) host(outward());
    },
  },
  {
    counter: 'out-state-expired',
    cause: 'the SA has carried what it may',
    child: { udp: true, hardBytes: 40 },
    provoke: (scene) => {
      scene.host(outward());
      scene.work();
      for (let i = 0; i < TIMES; i++) scene.host(outward());
    },
  },
  {
    counter: 'out-policy-blocked',
    cause: 'a policy with action=discard',
    policies: [policy(1, HERE, THERE, { action: 'discard' })],
    provoke: times(({ host }) => host(outward())),
  },
  {
    counter: 'out-policy-dead',
    cause: "the policy's SA is being removed",
    provoke: ({ record, host }) => {
      record('out').setUint32(layout.SA_STATE, SA_DEAD, true);
      for (let i = 0; i < TIMES; i++) host(outward());
    },
  },
  {
    counter: 'out-policy-errors',
    cause: 'a later fragment, where only ports tell the policies apart',
    policies: [policy(1, HERE, THERE, toPort)],
    provoke: times(({ host }) => host(outward(later))),
  },
];

function play(bench: Bench, row: Row): void {
  const { tables } = bench;
  const child = { ...childWith(row.child || { udp: true }, row.remote), ...row.change };
  tables.setPolicies(row.policies ?? [policy(1, HERE, THERE)]);
  if (row.child !== false) {
    tables.install(child, { activate: true, pathMtu: row.pathMtu ?? 10_000 });
  }
  const inbound = { ...child, ...child.inbound };
  let sequence = 0n;
  row.provoke({
    ...bench,
    child,
    sealed: (packet, nextHeader) => seal(inbound, ++sequence, Buffer.alloc(8), packet, nextHeader),
    record: (half) => {
      const { slot } = tables.list().find(({ direction }) => direction === half)!;
      return new DataView(bench.memory.buffer, recordAt(slot), layout.SA_SIZE);
    },
  });
  bench.work();
  tables.erase();
}

statistics('the table has a row for each, in order', () => {
  assert.equal(
    ROWS.map(({ counter }) => counter),
    COUNTERS.slice(0, 25).map(({ name }) => name),
  );
});

statistics('each moves for its cause, by the number of packets, and no other does', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const bench = openBench(a!, b!);
    try {
      for (const row of ROWS) {
        const before = bench.counters();
        play(bench, row);
        const moved = Object.entries(bench.counters())
          .map(([name, value]) => [name, value - before[name]!] as const)
          .filter(([, change]) => change !== 0);
        const expected = [[row.counter, row.packets ?? TIMES]];
        assert.equal(moved, expected, `${row.counter}: ${row.cause}`);
      }
    } finally {
      bench.close();
    }
  }),
);

statistics(
  'dummies (RFC 4303 §2.6) are no errors: they are counted for themselves, and go nowhere',
  () =>
    withNamespaces(['a', 'b'], (a, b) => {
      const bench = openBench(a!, b!);
      try {
        const child = childWith({ udp: true });
        bench.tables.setPolicies([policy(1, HERE, THERE)]);
        bench.tables.install(child, { activate: true, pathMtu: 1500 });
        const inbound = { ...child, ...child.inbound };
        for (let i = 1n; i <= 3n; i++) {
          // what stands inside has no meaning, whatever it looks like
          const inside = i === 1n ? inward() : Buffer.alloc(64, Number(i));
          bench.peer(seal(inbound, i, Buffer.alloc(8), inside, 59), 'udp');
        }
        bench.work();
        assert.is(readCounter(bench.memory, DUMMIES), 3);
        assert.is(readCounter(bench.memory, IN_PACKETS), 0);
        assert.ok(Object.values(bench.counters()).every((value) => value === 0));
        const [received] = bench.tables.list();
        assert.is(received!.packets, 3, 'authentic, and numbered');
      } finally {
        bench.close();
      }
    }),
);

if (ownNamespaces()) statistics.run();
