// One gateway of one worker with a real TUN and real sockets, its peer and its hosts played by the test:
//   hosts 198.18.0.0/16 → tun0 [ gateway 192.0.2.1 ] wan ─ wan [ peer 192.0.2.2 ] → hosts 198.19.0.0/16
import { MessageChannel } from 'node:worker_threads';
import { PORT_COUNT, PORT_TUN } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { COUNTERS } from '../../src/daemon/counter-names.js';
import type { Association } from '../../src/dataplane/association.js';
import { readCounter } from '../../src/dataplane/counters.js';
import { createMemory, loadModule } from '../../src/dataplane/module.js';
import { Tables } from '../../src/dataplane/tables.js';
import { Loop } from '../../src/dataplane/worker.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { addressOf, close, eventfd } from '../../src/net/libc.js';
import { setLink } from '../../src/net/links.js';
import { IPPROTO_ESP, IPPROTO_RAW, SOCK_RAW } from '../../src/net/linux.js';
import { joinNamespaces, type Namespace } from '../../src/net/namespace.js';
import { addRoute } from '../../src/net/routes.js';
import { openSockets } from '../../src/net/sockets.js';
import { writeSysctl } from '../../src/net/sysctl.js';
import { openTun } from '../../src/net/tun.js';
import { parseAddress } from '../../src/policy/address.js';
import { seeded } from '../assembly/arena.js';
import { selectors, type TunnelOptions, westChild } from '../assembly/site.js';
import { TestSocket } from '../helpers/datagrams.js';

export const OURS = '192.0.2.1';
export const PEER = '192.0.2.2';
/** Nobody has a route to it. */
export const NOWHERE = '203.0.113.1';
export const HERE = '198.18.0.0/16';
export const THERE = '198.19.0.0/16';
export const TUN_MTU = 9000;

export interface Bench {
  readonly memory: WebAssembly.Memory;
  readonly tables: Tables;
  /** A packet of a host of ours, as it is, towards the TUN. */
  host(packet: Uint8Array): void;
  /** What the peer sends, in UDP or plain. */
  peer(bytes: Uint8Array, way: 'udp' | 'plain'): void;
  device(up: boolean): void;
  /** The worker's loop, until nothing comes any more. */
  work(): void;
  /** RouterOS's counters, by name. */
  counters(): Record<string, number>;
  close(): void;
}

export function openBench(a: Namespace, b: Namespace): Bench {
  joinNamespaces(
    { namespace: a, name: 'wan', addresses: [`${OURS}/24`] },
    { namespace: b, name: 'wan', addresses: [`${PEER}/24`] },
  );
  const tun = a.configure((netlink) => {
    const made = openTun({ name: 'tun0', queues: 1, mtu: TUN_MTU, offload: false });
    writeSysctl('ipv6/conf/tun0/disable_ipv6', '1'); // its own talk would come between
    const route = { table: 254, type: 'unicast', interface: made.index } as const;
    addRoute(netlink, { ...route, destination: prefixOf(THERE) });
    return made;
  });
  const sockets = a.enter(() => openSockets({ workers: 1, mark: 7 }));
  const hosts = a.enter(() => new TestSocket(addressBytes(OURS), 0, SOCK_RAW, IPPROTO_RAW));
  const udp = b.enter(() => new TestSocket(addressBytes(PEER), 4500));
  const plain = b.enter(() => new TestSocket(addressBytes(PEER), 0, SOCK_RAW, IPPROTO_ESP));

  const memory = createMemory();
  const base = addressOf(new Uint8Array(memory.buffer));
  const view = new DataView(memory.buffer);
  view.setBigUint64(layout.CONTROL_AT + layout.CONTROL_BASE, BigInt(base), true);
  const random = seeded(25);
  const tables = new Tables(loadModule(layout.CONTROL_ROW, memory), {
    workers: 1,
    random: (length) => random.bytes(length),
  });
  const { port1, port2 } = new MessageChannel();
  const stopFd = eventfd(0, 0);
  const fds = Array.from({ length: PORT_COUNT }, (_, port) =>
    port === PORT_TUN ? tun.fds[0]! : sockets.workers[0]![port]!,
  );
  const { fragmenting } = sockets;
  const task = { memory, row: 0, fds, fragmenting, stopFd, port: port2 };
  const loop = new Loop(task, loadModule(0, memory).exports);
  return {
    memory,
    tables,
    host: (packet) => hosts.send(addressBytes('198.19.0.2'), 0, packet),
    peer: (bytes, way) =>
      way === 'udp'
        ? udp.send(addressBytes(OURS), 4500, bytes)
        : plain.send(addressBytes(OURS), 0, bytes),
    device: (up) =>
      a.configure((netlink) => {
        setLink(netlink, 'tun0', { up });
        const route = { table: 254, type: 'unicast', interface: tun.index } as const;
        if (up) addRoute(netlink, { ...route, destination: prefixOf(THERE) });
      }),
    work: () => {
      for (let idle = 0; idle < 3; ) idle = loop.turn(10) > 0 ? 0 : idle + 1;
    },
    counters: () =>
      Object.fromEntries(
        COUNTERS.slice(0, 25).map(({ name, column }) => [name, readCounter(memory, column)]),
      ),
    close: () => {
      for (const port of [port1, port2]) port.close();
      for (const socket of [hosts, udp, plain]) socket.close();
      close(stopFd);
      sockets.close();
      tun.close();
    },
  };
}

/** The gateway's half of a child with the peer. */
export function childWith(options: TunnelOptions = {}, remote = PEER): Association {
  const child = westChild(1, options);
  const port = options.udp ? 4500 : 500;
  return {
    ...child,
    local: { address: parseAddress(OURS)!, port },
    remote: { address: parseAddress(remote)!, port },
    localSelectors: [selectors(HERE)],
    remoteSelectors: [selectors(THERE)],
  };
}
