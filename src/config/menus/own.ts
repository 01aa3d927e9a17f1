// The menus RouterOS does not have under /ip ipsec: what a gateway in user space needs beside them.
import { choice, deviceName, flag, integer, optional } from '../kind.js';
import { filePath } from '../list-kind.js';
import { menu, property } from '../menu.js';
import { loopback } from '../network-kind.js';

export const tunMenu = menu({
  name: 'tun',
  list: false,
  text:
    'The device through which the host hands us packets, and the threads behind it. Ours: ' +
    'RouterOS has no such menu.',
  properties: [
    property({
      name: 'name',
      kind: deviceName,
      default: 'culvert0',
      ours: true,
      text: 'Name of the TUN device. The control socket takes its name from it.',
      shown: ['net/tun.test.ts'],
    }),
    property({
      name: 'mtu',
      kind: integer(576, 9000, 'bytes'),
      default: 1400,
      ours: true,
      text:
        'Largest inner packet. 1400 leaves room for ESP, UDP and IPv6 around it on an ' +
        'Ethernet path.',
      shown: ['net/tun.test.ts'],
    }),
    property({
      name: 'workers',
      kind: integer(0, 8, '0: one per processor'),
      default: 0,
      ours: true,
      text: 'Data plane threads. 0: one per processor, at most 8.',
      shown: ['dataplane/pool.test.ts'],
    }),
    property({
      name: 'table',
      kind: integer(256, 4_294_966_000),
      default: 2030,
      ours: true,
      text:
        'First routing table of ours; each of our own addresses that lies inside a policy takes one ' +
        'more. They hold our routes alone.',
      shown: ['net/host.test.ts'],
    }),
    property({
      name: 'rule-priority',
      kind: integer(1, 31_000),
      default: 10_000,
      ours: true,
      text:
        'Priority of our first routing rule (ip-rule(8)); the policies follow it in their order, and ' +
        'the last is 32000, before the main table.',
      shown: ['net/host.test.ts'],
    }),
    property({
      name: 'fail-closed',
      kind: flag,
      default: true,
      ours: true,
      text:
        'While no daemon is there, killed or stopped, what the encrypt policies hold is refused, not sent ' +
        'in the clear, until it starts again; `culvert release` opens the host where it is not to. no: ' +
        'it follows the other routes of the host.',
      shown: ['net/host.test.ts', 'e2e/tunnel.test.ts', 'e2e/leak.test.ts'],
    }),
    property({
      name: 'refuse-plain',
      kind: flag,
      default: true,
      ours: true,
      text:
        'Packets that come in the clear although an encrypt policy holds them (source and ' +
        'destination exchanged) are refused, to this host and through it, by an nf_tables table of ' +
        'ours. IKE, ESP and IPv6 neighbour discovery of this host itself always pass.',
      shown: ['net/plain-guard.test.ts', 'e2e/properties.test.ts'],
    }),
    property({
      name: 'lease-file',
      kind: optional(filePath),
      default: '',
      ours: true,
      text:
        'Where the addresses that pools gave are kept, so that a client gets the one it had also after ' +
        'a restart. Without a value NAME.leases, NAME being that of the device, in the directory that ' +
        "systemd's StateDirectory= names, else in /var/lib/culvert; it is made when the first address " +
        'is given.',
      shown: ['daemon/lease-file.test.ts', 'interop/strongswan-mode-config.test.ts'],
    }),
    property({
      name: 'mss-clamp',
      kind: flag,
      default: true,
      ours: true,
      text:
        'Lower the maximum segment size in TCP SYNs to what the tunnel and `mtu` carry, so that ' +
        'TCP needs no path MTU discovery.',
      shown: ['assembly/ip.test.ts', 'e2e/properties.test.ts'],
    }),
    property({
      name: 'mtu-probe',
      kind: flag,
      default: true,
      ours: true,
      text:
        'Find out what the path to each peer carries by asking it, every ten minutes, in IKE messages as ' +
        'long as a packet: their answers are authentic. It shows paths that swallow large packets ' +
        'without an ICMP message. no leaves the path MTU to the kernel, which hears of it by ICMP only.',
      shown: ['e2e/narrow.test.ts', 'daemon/path-mtu.test.ts', 'e2e/properties.test.ts'],
    }),
    property({
      name: 'offload',
      kind: flag,
      default: true,
      ours: true,
      text:
        'Exchange super-packets of up to 64 KiB with the kernel, at the TUN device (TSO, USO) and on ' +
        'port 4500 (UDP_GRO, UDP_SEGMENT): several times faster. What the kernel lacks is noticed ' +
        'and done without; no is for a kernel that gets it wrong.',
      shown: ['e2e/offload.test.ts', 'net/tun.test.ts'],
    }),
  ],
});

export const logMenu = menu({
  name: 'log',
  list: false,
  text: 'What is written to standard error. Ours: RouterOS configures its log elsewhere.',
  properties: [
    property({
      name: 'level',
      kind: choice(['debug', 'info', 'warning', 'error']),
      default: 'info',
      ours: true,
      text: 'The least important lines that are written.',
      shown: ['daemon/log.test.ts'],
    }),
    property({
      name: 'format',
      kind: choice(['text', 'json']),
      default: 'text',
      ours: true,
      text: 'text: a line for people; json: an object per line for machines.',
      shown: ['daemon/log.test.ts'],
    }),
  ],
});

export const metricsMenu = menu({
  name: 'metrics',
  list: false,
  text:
    'Figures for Prometheus, at http://ADDRESS:PORT/metrics: every counter, bytes and packets of peers ' +
    'and SAs, handshake times, load. Ours: RouterOS has no such menu.',
  properties: [
    property({
      name: 'address',
      kind: optional(loopback),
      default: '',
      ours: true,
      text:
        'The loopback address that is listened on; empty: none. There is no password, and names of ' +
        'peers are in the answer: another host is let in by a proxy of yours only.',
      shown: ['daemon/metrics.test.ts'],
    }),
    property({
      name: 'port',
      kind: integer(1, 65_535),
      default: 9516,
      ours: true,
      text: 'The TCP port.',
      shown: ['daemon/metrics.test.ts'],
    }),
  ],
});
