// The pool with real threads, a real TUN and real sockets: traffic is served, a killed worker comes
// back on its row with everything in shared memory as it was, stop ends all.
// Shows tun.workers
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as layout from '../../src/contract/layout.js';
import { createMemory } from '../../src/dataplane/module.js';
import { DataPlane, type DataPlaneEvent } from '../../src/dataplane/pool.js';
import type { Mail } from '../../src/dataplane/mail.js';
import { addAddress } from '../../src/net/addresses.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { joinNamespaces, type Namespace } from '../../src/net/namespace.js';
import { addRoute } from '../../src/net/routes.js';
import { openSockets } from '../../src/net/sockets.js';
import { openTun } from '../../src/net/tun.js';
import { parseAddress } from '../../src/policy/address.js';
import { TestSocket } from '../helpers/datagrams.js';
import { eventually, ownNamespaces, withNamespaces } from '../helpers/namespaces.js';

const pool = suite('dataplane/pool');
const WORKERS = 2;

interface Running {
  readonly plane: DataPlane;
  readonly memory: WebAssembly.Memory;
  readonly events: DataPlaneEvent[];
  readonly mails: Mail[];
  /** Sends packets into the TUN until every counter row that may serve them has moved. */
  traffic(): Promise<void>;
  close(): Promise<void>;
}

/** Everything the workers have counted, of any kind: a packet is always counted as something. */
function counted(memory: WebAssembly.Memory): bigint {
  const size = (layout.MAX_WORKERS * layout.COUNTERS_ROW) / 8;
  const rows = new BigUint64Array(memory.buffer, layout.COUNTERS_AT, size);
  return rows.reduce((sum, value) => sum + value, 0n);
}

/** Starts a data plane for `work` and stops it, whatever happens: its threads would outlive a failure. */
async function serving(
  namespace: Namespace,
  work: (running: Running) => Promise<void>,
): Promise<void> {
  const running = start(namespace);
  try {
    await work(running);
  } finally {
    await running.close();
  }
}

/** Brings a worker down by its thread, as soon as it has one that serves. */
async function endThread(plane: DataPlane, row: number): Promise<void> {
  await eventually(`worker ${row}`, () => plane.threads.has(row));
  await plane.threads.get(row)!.terminate();
}

/** When each worker last took a turn. */
function beats(memory: WebAssembly.Memory): bigint[] {
  const view = new DataView(memory.buffer);
  return Array.from({ length: WORKERS }, (_, row) => {
    const at = layout.WORKERS_AT + row * layout.WORKER_SIZE;
    return view.getBigUint64(at + layout.WORKER_BEAT, true);
  });
}

function start(namespace: Namespace): Running {
  const memory = createMemory();
  const events: DataPlaneEvent[] = [];
  const mails: Mail[] = [];
  const made = namespace.configure((netlink) => {
    const tun = openTun({ name: 'tun0', queues: WORKERS, mtu: 1400, offload: false });
    addAddress(netlink, 'lo', prefixOf('198.18.0.1'));
    const destination = prefixOf('198.19.0.0/16');
    addRoute(netlink, { destination, table: 254, type: 'unicast', interface: tun.index });
    const sockets = openSockets({ workers: WORKERS, mark: 7 });
    const application = new TestSocket(addressBytes('198.18.0.1'), 4000);
    return { tun, sockets, application };
  });
  const plane = new DataPlane({
    memory,
    tunFds: made.tun.fds,
    sockets: made.sockets.workers,
    fragmenting: made.sockets.fragmenting,
    onMail: (mail) => mails.push(mail),
    onTooBig: () => undefined,
    onLost: () => undefined,
    onEvent: (event) => events.push(event),
  });
  return {
    plane,
    memory,
    events,
    mails,
    traffic: async () => {
      const before = counted(memory);
      let sent = 0;
      await eventually('the workers to count packets', () => {
        // Different ports are different flows, which the kernel spreads over the queues.
        made.application.send(addressBytes('198.19.0.1'), 5000 + (sent++ % 64), new Uint8Array(64));
        return counted(memory) - before >= 100n;
      });
    },
    close: async () => {
      await plane.stop();
      made.application.close();
      made.sockets.close();
      made.tun.close();
    },
  };
}

pool('traffic goes on after a worker is killed, with the SAs as they were', () =>
  withNamespaces(['a'], (a) =>
    serving(a!, async (running) => {
      const { plane, memory, events } = running;
      await running.traffic();
      assert.is(plane.restarts, 0);
      const record = new Uint8Array(
        memory.buffer,
        layout.SAS_AT + 5 * layout.SA_SIZE,
        layout.SA_SIZE,
      );
      record.fill(0xa5).fill(0, 0, 4); // a free slot with a memory
      for (let kills = 1; kills <= 3; kills++) {
        await endThread(plane, kills % WORKERS);
        await eventually('the restart', () => plane.restarts === kills);
        await running.traffic();
      }
      assert.ok(record.subarray(4).every((byte) => byte === 0xa5));
      assert.is(events.length, 3);
      for (const { level, text } of events) {
        assert.is(level, 'error');
        assert.match(text, /^worker [01] ended \(.+\); it restarts .* SAs intact$/);
      }
      await eventually('every worker to beat', () => beats(memory).every((beat) => beat > 0n));
    }),
  ),
);

pool('a worker that cannot start is tried again, ever more slowly, until it can', () =>
  withNamespaces(['a'], (a) =>
    serving(a!, async (running) => {
      const { plane, memory, events } = running;
      await running.traffic();
      const view = new DataView(memory.buffer, layout.CONTROL_AT);
      const base = view.getBigUint64(layout.CONTROL_BASE, true);
      view.setBigUint64(layout.CONTROL_BASE, 0n, true);
      await endThread(plane, 0);
      await eventually('four attempts', () => plane.restarts >= 4);
      const texts = events.map(({ text }) => text).join('\n');
      assert.match(texts, 'CONTROL_BASE is not set');
      assert.match(texts, / in \d+ ms/);
      view.setBigUint64(layout.CONTROL_BASE, base, true);
      await running.traffic();
    }),
  ),
);

pool('stop ends every thread and leaves no descriptor; a second stop is nothing', () =>
  withNamespaces(['a'], async (a) => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    let held: Running | undefined;
    await serving(a!, async (running) => {
      held = running;
      await running.traffic();
      await eventually('both threads', () => running.plane.threads.size === WORKERS);
    });
    await held!.plane.stop();
    await eventually('the threads’ own descriptors to go', () => open() <= before);
    assert.equal(held!.events, []);
    assert.is(held!.plane.threads.size, 0);
  }),
);

pool('a stop in the midst of the start waits for the threads that load', async () => {
  for (let round = 0; round < 3; round++) {
    await withNamespaces(['a'], (a) =>
      serving(a!, async ({ plane, events }) => {
        assert.is(plane.threads.size, 0, 'no thread can have loaded yet');
        await plane.stop();
        assert.equal(events, []);
      }),
    );
  }
});

pool('IKE messages reach main with both endpoints, before and after a restart', () =>
  withNamespaces(['a', 'b'], async (a, b) => {
    joinNamespaces(
      { namespace: a!, name: 'wan', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
      { namespace: b!, name: 'wan', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
    );
    await serving(a!, exchangeMessages.bind(undefined, b!));
  }),
);

async function exchangeMessages(b: Namespace, { plane, mails }: Running): Promise<void> {
  const message = Uint8Array.from({ length: 200 }, (_, i) => i + 1);
  for (const round of [0, 1]) {
    if (round === 1) {
      for (let row = 0; row < WORKERS; row++) await endThread(plane, row);
      await eventually('the restarts', () => plane.restarts >= WORKERS);
    }
    for (const [ours, peer] of [
      ['192.0.2.1', '192.0.2.2'],
      ['2001:db8::1', '2001:db8::2'],
    ] as const) {
      for (const port of [500, 4500]) {
        mails.length = 0;
        const marker = port === 4500 ? 4 : 0;
        const bytes = new Uint8Array(marker + message.length);
        bytes.set(message, marker);
        const far = b.enter(() => new TestSocket(addressBytes(peer), 6000 + port));
        far.send(addressBytes(ours), port, bytes);
        await eventually(`IKE on ${ours} port ${port}`, () => mails.length === 1);
        const local = { address: parseAddress(ours)!, port };
        const remote = { address: parseAddress(peer)!, port: 6000 + port };
        const natt = port === 4500;
        assert.equal(mails, [{ kind: 'ike', local, remote, natt, bytes: message }]);
        far.close();
      }
    }
  }
}

pool('a number of workers that cannot be is refused', () => {
  const handlers = {
    onMail: () => undefined,
    onTooBig: () => undefined,
    onLost: () => undefined,
    onEvent: () => undefined,
  };
  const wrong = { memory: createMemory(), tunFds: [], sockets: [], fragmenting: [], ...handlers };
  assert.throws(() => new DataPlane(wrong), /expected 1 to 8 workers, got 0 TUN queues/);
});

if (ownNamespaces()) pool.run();
