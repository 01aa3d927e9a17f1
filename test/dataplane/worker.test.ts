// One turn of the loop against real descriptors, with a processing step of the test's own: what is
// received, what is sent, what happens to packets and descriptors that the kernel refuses.
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import koffi from 'koffi';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IN_ERRORS, OUT_ERRORS, OUTER_FRAGMENTED } from '../../src/contract/drops.js';
import { PORT_COUNT, PORT_TUN, PORT_UDP4_4500 } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { createMemory, loadModule } from '../../src/dataplane/module.js';
import { Loop } from '../../src/dataplane/worker.js';
import { addAddress } from '../../src/net/addresses.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { addressOf, allocate, check, close, eventfd, read, write } from '../../src/net/libc.js';
import { setLink } from '../../src/net/links.js';
import { SOCK_DGRAM, SOCK_NONBLOCK } from '../../src/net/linux.js';
import { joinNamespaces } from '../../src/net/namespace.js';
import { addRoute } from '../../src/net/routes.js';
import { setOption } from '../../src/net/socket-options.js';
import { openSockets } from '../../src/net/sockets.js';
import { openTun } from '../../src/net/tun.js';
import { readable, TestSocket } from '../helpers/datagrams.js';
import { ownNamespaces, withNamespaces } from '../helpers/namespaces.js';

const worker = suite('dataplane/worker');
const ROW = 1;
const AF_UNIX = 1;
const at = layout.WORKERS_AT + ROW * layout.WORKER_SIZE;
const NONE: readonly number[] = new Array<number>(PORT_COUNT).fill(-1);
const ours = '192.0.2.1';
const peer = '192.0.2.2';

interface Bench {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly loop: Loop;
  /** What the loop posted since last asked. */
  posted(): unknown[];
  counter(column: number): number;
  /** Called in place of WASM's processing, with the port and the count. */
  process: (port: number, count: number) => void;
  close(): void;
}

function bench(fds: readonly number[], fragmenting: readonly number[] = NONE): Bench {
  const memory = createMemory();
  const view = new DataView(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const base = addressOf(bytes);
  view.setBigUint64(layout.CONTROL_AT + layout.CONTROL_BASE, BigInt(base), true);
  const { exports } = loadModule(ROW, memory);
  const { port1, port2 } = new MessageChannel();
  const stopFd = check(eventfd(0, 0), 'eventfd', 'test');
  const epoch = (): number => view.getUint32(at + layout.WORKER_EPOCH, true);
  const made: Bench = {
    view,
    bytes,
    base,
    posted: () => {
      const found: unknown[] = [];
      for (let m = receiveMessageOnPort(port1); m; m = receiveMessageOnPort(port1)) {
        found.push(m.message);
      }
      return found;
    },
    counter: (column) =>
      Number(view.getBigUint64(layout.COUNTERS_AT + ROW * layout.COUNTERS_ROW + column * 8, true)),
    process: () => undefined,
    close: () => {
      for (const port of [port1, port2]) port.close();
      close(stopFd);
    },
    loop: new Loop(
      { memory, row: ROW, fds, fragmenting, stopFd, port: port2 },
      {
        ...exports,
        processOutbound: (_first, count = 0) => {
          assert.is(epoch() & 1, 1, 'the epoch is odd while a batch is in work');
          made.process(PORT_TUN, count);
          return count;
        },
        processInbound: (port = 0, _first, count = 0) => {
          assert.is(epoch() & 1, 1);
          made.process(port, count);
          return count;
        },
      },
    ),
  };
  return made;
}

/** Lays a message for the peer into the row of a port, as WASM does. */
function layMessage(b: Bench, port: number, index: number, length: number, to: string): void {
  const slot = at + layout.WORKER_TX_SLOTS + index * layout.SLOT;
  const message = at + layout.WORKER_TX_MMSG + (port * layout.TX_SLOTS + index) * layout.MMSGHDR;
  const vector = at + layout.WORKER_TX_IOVEC + (port * layout.TX_SLOTS + index) * layout.IOVEC;
  const name = at + layout.WORKER_TX_NAME + index * layout.SOCKADDR;
  const pointer = (offset: number, value: number): void =>
    b.view.setBigUint64(offset, BigInt(value), true);
  b.bytes.fill(index + 1, slot, slot + length);
  b.view.setUint16(name, 2, true);
  b.view.setUint16(name + 2, 4500);
  b.bytes.set(addressBytes(to), name + 4);
  pointer(vector, b.base + slot);
  pointer(vector + 8, length);
  pointer(message + layout.MMSGHDR_NAME, b.base + name);
  b.view.setUint32(message + layout.MMSGHDR_NAMELEN, 16, true);
  pointer(message + layout.MMSGHDR_IOV, b.base + vector);
  pointer(message + layout.MMSGHDR_IOVLEN, 1);
  b.view.setUint32(at + layout.WORKER_TX_COUNT + 4 * port, index + 1, true);
}

worker(
  'a received batch is processed and sent; what the kernel refuses is skipped and counted',
  () =>
    withNamespaces(['a', 'b'], (a, b) => {
      joinNamespaces(
        { namespace: a!, name: 'wan', addresses: [`${ours}/24`] },
        { namespace: b!, name: 'wan', addresses: [`${peer}/24`] },
      );
      const set = a!.enter(() => openSockets({ workers: 1, mark: 7 }));
      const friend = b!.enter(() => new TestSocket(addressBytes(peer), 4500));
      const made = bench(set.workers[0]!);
      friend.send(addressBytes(ours), 4500, Uint8Array.of(1, 2, 3, 4, 5));
      friend.send(addressBytes(ours), 4500, Uint8Array.of(6, 7, 8, 9));
      assert.ok(readable(set.workers[0]![PORT_UDP4_4500]!));
      const calls: number[][] = [];
      made.process = (port, count) => {
        calls.push([port, count]);
        const first = at + layout.WORKER_RX_SLOTS + layout.SLOT_HEADROOM;
        assert.equal([...made.bytes.subarray(first, first + 5)], [1, 2, 3, 4, 5]);
        layMessage(made, port, 0, 100, peer);
        layMessage(made, port, 1, 4000, peer); // larger than the path: EMSGSIZE
        layMessage(made, port, 2, 100, '203.0.113.1'); // no route: ENETUNREACH
        layMessage(made, port, 3, 200, peer);
      };
      let received = 0;
      for (let turns = 0; received < 2 && turns < 100; turns++) {
        received += made.loop.turn(10);
      }
      assert.equal(calls, received === 2 ? [[PORT_UDP4_4500, 2]] : []);
      assert.equal([...friend.receive()!], new Array(100).fill(1));
      assert.equal([...friend.receive()!], new Array(200).fill(4));
      assert.is(made.counter(OUT_ERRORS), 2);
      assert.equal(made.posted(), [{ kind: 'too-big', remote: addressBytes(peer) }]);
      assert.is(made.view.getUint32(at + layout.WORKER_EPOCH, true) & 1, 0);
      assert.ok(made.view.getBigUint64(at + layout.WORKER_BEAT, true) > 0n);
      assert.is(made.loop.turn(0), 0, 'nothing is sent or received twice');
      assert.is(friend.receive(20), undefined);
      friend.close();
      made.close();
      set.close();
    }),
);

worker('a packet that the path does not take leaves in fragments, and main is told', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    joinNamespaces(
      { namespace: a!, name: 'wan', addresses: [`${ours}/24`] },
      { namespace: b!, name: 'wan', addresses: [`${peer}/24`] },
    );
    const set = a!.enter(() => openSockets({ workers: 1, mark: 7 }));
    const friend = b!.enter(() => new TestSocket(addressBytes(peer), 4500));
    const made = bench(set.workers[0]!, set.fragmenting);
    friend.send(addressBytes(ours), 4500, Uint8Array.of(1, 2, 3, 4, 5));
    made.process = () => {
      layMessage(made, PORT_UDP4_4500, 0, 100, peer);
      layMessage(made, PORT_UDP4_4500, 1, 4000, peer);
      layMessage(made, PORT_UDP4_4500, 2, 200, peer);
    };
    assert.is(made.loop.turn(2000), 1);
    const came = [friend.receive(), friend.receive(), friend.receive()];
    const expected = [100, 4000, 200].map((length, i) => new Uint8Array(length).fill(i + 1));
    assert.equal(came, expected);
    assert.is(made.counter(OUT_ERRORS), 0);
    assert.is(made.counter(OUTER_FRAGMENTED), 1);
    assert.equal(made.posted(), [{ kind: 'too-big', remote: addressBytes(peer) }]);
    friend.close();
    made.close();
    set.close();
  }),
);

/** Lays one message of `count` datagrams of `length` bytes (the last of 10) with UDP_SEGMENT. */
function layJoined(b: Bench, port: number, count: number, length: number): void {
  for (let i = 0; i < count; i++) layMessage(b, port, i, i === count - 1 ? 10 : length, peer);
  const message = at + layout.WORKER_TX_MMSG + port * layout.TX_SLOTS * layout.MMSGHDR;
  const control = at + layout.WORKER_TX_CMSG;
  b.view.setUint32(control, 18, true);
  b.view.setInt32(control + 8, 17, true); // SOL_UDP, UDP_SEGMENT
  b.view.setInt32(control + 12, 103, true);
  b.view.setUint16(control + 16, length, true);
  b.view.setBigUint64(message + layout.MMSGHDR_CONTROL, BigInt(b.base + control), true);
  b.view.setUint32(message + layout.MMSGHDR_CONTROLLEN, 24, true);
  b.view.setUint32(message + layout.MMSGHDR_IOVLEN, count, true);
  b.view.setUint32(at + layout.WORKER_TX_COUNT + 4 * port, 1, true);
}

worker(
  'joined datagrams: sent at once; apart where the kernel wants that, which is remembered',
  () =>
    withNamespaces(['a', 'b'], (a, b) => {
      joinNamespaces(
        { namespace: a!, name: 'wan', addresses: [`${ours}/24`] },
        { namespace: b!, name: 'wan', addresses: [`${peer}/24`] },
      );
      const set = a!.enter(() => openSockets({ workers: 1, mark: 7 }));
      const friend = b!.enter(() => new TestSocket(addressBytes(peer), 4500));
      const made = bench(set.workers[0]!);
      const plain = (): number => made.view.getUint32(at + layout.WORKER_TX_PLAIN, true);
      const send = (count: number, length: number): number[] => {
        made.process = (port) => layJoined(made, port, count, length);
        friend.send(addressBytes(ours), 4500, Uint8Array.of(1, 2, 3, 4, 5));
        assert.is(made.loop.turn(1000), 1);
        const lengths: number[] = [];
        for (let got = friend.receive(20); got !== undefined; got = friend.receive(20)) {
          assert.ok(got.every((byte) => byte === got![0]));
          lengths.push(got.length);
        }
        return lengths;
      };
      assert.equal(send(5, 1000), [1000, 1000, 1000, 1000, 10]);
      assert.equal([plain(), made.counter(OUT_ERRORS), made.posted()], [0, 0, []]);
      // Larger than the path, so each is; the short one fits.
      assert.equal(send(3, 4000).at(-1), 10);
      assert.equal(made.posted(), [{ kind: 'too-big', remote: addressBytes(peer) }]);
      assert.is(plain(), 0, 'the size was wrong, not UDP_SEGMENT');
      // Without checksums (SO_NO_CHECK) the kernel refuses UDP_SEGMENT.
      const fd = set.workers[0]![PORT_UDP4_4500]!;
      setOption(fd, 'SO_NO_CHECK', 1, 'test');
      assert.equal(send(5, 1000), [1000, 1000, 1000, 1000, 10]);
      assert.is(plain(), 1 << PORT_UDP4_4500);
      friend.close();
      made.close();
      set.close();
    }),
);

worker('TUN packets come in by batches and go out; mail wakes main once', () =>
  withNamespaces(['a'], (a) => {
    a!.configure((netlink) => {
      const tun = openTun({ name: 'tun0', queues: 1, mtu: 1400, offload: false });
      addAddress(netlink, 'lo', prefixOf('198.18.0.1'));
      addRoute(netlink, {
        destination: prefixOf('198.19.0.0/16'),
        table: 254,
        type: 'unicast',
        interface: tun.index,
      });
      const fds = new Array<number>(PORT_COUNT).fill(-1);
      fds[PORT_TUN] = tun.fds[0]!;
      const made = bench(fds);
      const application = new TestSocket(addressBytes('198.18.0.1'), 4000);
      const total = layout.BATCH + 10;
      for (let i = 0; i < total; i++) {
        application.send(addressBytes('198.19.0.1'), 4000, new Uint8Array(100).fill(i));
      }
      const counts: number[] = [];
      made.process = (_, count) => {
        counts.push(count);
        // Sends each packet back with its ends changed over, and leaves a letter.
        for (let i = 0; i < count; i++) turnAround(made, i);
        made.view.setUint32(at + layout.WORKER_TUN_COUNT, count, true);
        const head = made.view.getUint32(at + layout.WORKER_MAIL_HEAD, true);
        made.view.setUint32(at + layout.WORKER_MAIL_HEAD, head + 8, true);
      };
      assert.is(made.loop.turn(1000), layout.BATCH);
      assert.is(made.loop.turn(1000), 10);
      assert.is(made.loop.turn(0), 0);
      assert.equal(counts, [layout.BATCH, 10]);
      for (let i = 0; i < total; i++) {
        assert.equal([...application.receive()!], new Array(100).fill(i));
      }
      assert.equal(made.posted(), [{ kind: 'mail' }, { kind: 'mail' }]);
      assert.is(made.counter(IN_ERRORS), 0);
      // A packet that is none (version 0) and an interface that is down: counted, never thrown.
      made.process = () => {
        const packet = at + layout.WORKER_RX_SLOTS + layout.SLOT_HEADROOM;
        made.bytes[packet] = 0;
        layWrite(made, 0, packet, 128);
        made.view.setUint32(at + layout.WORKER_TUN_COUNT, 1, true);
        setLink(netlink, 'tun0', { up: false });
      };
      application.send(addressBytes('198.19.0.1'), 4000, new Uint8Array(100));
      assert.is(made.loop.turn(1000), 1);
      assert.is(made.counter(IN_ERRORS), 1);
      application.close();
      made.close();
      tun.close();
    });
  }),
);

function turnAround(b: Bench, index: number): void {
  const received = at + layout.WORKER_RX_LIST + index * layout.RX_ENTRY;
  const packet = b.view.getUint32(received + layout.RX_AT, true);
  const length = b.view.getUint32(received + layout.RX_LENGTH, true);
  assert.is(length, 128);
  const source = b.bytes.slice(packet + 12, packet + 16);
  b.bytes.copyWithin(packet + 12, packet + 16, packet + 20);
  b.bytes.set(source, packet + 16);
  layWrite(b, index, packet, length);
}

/** Lays a write to the TUN, as WASM does. */
function layWrite(b: Bench, index: number, packet: number, length: number): void {
  const entry = at + layout.WORKER_TUN_LIST + 8 * index;
  const vector = at + layout.WORKER_TUN_IOVEC + layout.IOVEC * index;
  b.view.setUint32(entry, vector, true);
  b.view.setUint32(entry + 4, 1, true);
  b.view.setBigUint64(vector, BigInt(b.base + packet), true);
  b.view.setBigUint64(vector + 8, BigInt(length), true);
}

worker('a full send buffer is waited for once, then the rest is dropped and counted', () => {
  const pair = allocate(8);
  const socketpair = koffi.load(null).func('socketpair', 'int', ['int', 'int', 'int', 'uintptr_t']);
  assert.is(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair.at), 0);
  const [near, far] = [pair.view.getInt32(0, true), pair.view.getInt32(4, true)];
  const fds = new Array<number>(PORT_COUNT).fill(-1);
  fds[PORT_UDP4_4500] = near;
  const made = bench(fds);
  made.process = (port) => {
    for (let i = 0; i < layout.TX_SLOTS; i++) {
      layMessage(made, port, i, 1000, peer);
      const row = at + layout.WORKER_TX_MMSG + (port * layout.TX_SLOTS + i) * layout.MMSGHDR;
      made.view.setUint32(row + layout.MMSGHDR_NAMELEN, 0, true); // connected: no name
    }
  };
  const question = allocate(1);
  assert.is(write(far, question.at, 1), 1);
  assert.is(made.loop.turn(0), 1);
  let arrived = 0;
  for (let at = allocate(2000).at; read(far, at, 2000) > 0; ) arrived++;
  assert.ok(arrived > 0 && arrived < layout.TX_SLOTS, `${arrived} fitted`);
  assert.is(made.counter(OUT_ERRORS), layout.TX_SLOTS - arrived);
  assert.equal(made.posted(), []);
  made.close();
  for (const fd of [near, far]) close(fd);
});

worker('a descriptor that died is reported and left alone, without spinning', () => {
  const fds = new Array<number>(PORT_COUNT).fill(-1);
  const gone = check(eventfd(0, 0), 'eventfd', 'test');
  fds[PORT_UDP4_4500] = gone;
  const made = bench(fds);
  close(gone);
  assert.is(made.loop.turn(0), 0);
  const [notice, ...more] = made.posted() as { kind: string; port: number; reason: string }[];
  assert.equal(more, []);
  assert.is(notice?.kind, 'lost');
  assert.is(notice?.port, PORT_UDP4_4500);
  assert.match(notice?.reason ?? '', 'EBADF');
  assert.is(made.loop.turn(0), 0);
  assert.equal(made.posted(), []);
  made.close();
});

worker('refuses to run on a memory whose address nobody wrote', () => {
  const memory = createMemory();
  const { port1, port2 } = new MessageChannel();
  const task = { memory, row: 0, fds: [], fragmenting: [], stopFd: -1, port: port2 };
  assert.throws(() => new Loop(task, {}), /CONTROL_BASE is not set/);
  port1.close();
  assert.ok(allocate(1).at > 0);
});

if (ownNamespaces()) worker.run();
