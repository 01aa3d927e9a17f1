// Network namespaces of our own, for the demo and the tests, without iproute2: a namespace is an open
// file of this process and vanishes with it. setns(2) moves only the calling thread, so a synchronous
// function, and any child process or worker it starts, can run inside while the rest stays outside.
import { type SpawnOptions, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { prefixOf } from './addressing.js';
import { addAddress } from './addresses.js';
import { check, close, open, setns, unshare } from './libc.js';
import { addVeth, setLink } from './links.js';
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY } from './linux.js';
import { Netlink } from './netlink.js';
import { writeSysctl } from './sysctl.js';

const SELF = '/proc/thread-self/ns/net';
const ADVICE = { EPERM: 'run as root, or under `unshare -rn` (see mayMakeNamespaces)' };

export class Namespace {
  readonly label: string;
  readonly fd: number;

  /** A new, empty namespace with its loopback up. */
  constructor(label: string) {
    this.label = label;
    const home = openSelf();
    try {
      check(unshare(CLONE_NEWNET), 'unshare', `a network namespace for ${label}`, ADVICE);
      try {
        this.fd = openSelf();
        withNetlink((netlink) => setLink(netlink, 'lo', { up: true }));
      } finally {
        check(setns(home, CLONE_NEWNET), 'setns', 'the home namespace');
      }
    } finally {
      close(home);
    }
  }

  /** A name other processes can open: `nsenter --net=PATH`. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.fd}`;
  }

  /** Runs `work` inside. It must be synchronous: what it awaits would go on outside. */
  enter<T>(work: () => T): T {
    const home = openSelf();
    try {
      check(setns(this.fd, CLONE_NEWNET), 'setns', this.label, ADVICE);
      try {
        return work();
      } finally {
        check(setns(home, CLONE_NEWNET), 'setns', 'the home namespace');
      }
    } finally {
      close(home);
    }
  }

  /** Runs `work` inside with an rtnetlink socket. */
  configure<T>(work: (netlink: Netlink) => T): T {
    return this.enter(() => withNetlink(work));
  }

  /** Starts a command inside. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return this.enter(() => spawn(command, args, options));
  }

  /** Runs a command inside and waits for it. */
  run(command: string, args: readonly string[], timeoutMs = 30_000): SpawnSyncReturns<string> {
    return this.enter(() => spawnSync(command, args, { encoding: 'utf8', timeout: timeoutMs }));
  }

  /** Gives the namespace back; the kernel removes it with its last socket, process and device. */
  close(): void {
    close(this.fd);
  }
}

export interface VethEnd {
  readonly namespace: Namespace;
  readonly name: string;
  readonly addresses: readonly string[];
}

/**
 * Joins two namespaces by a veth pair, up and addressed. The link-local addresses are given, not left
 * to the kernel, which would add them some time later: what is seen from here on stays as it is.
 */
export function joinNamespaces(left: VethEnd, right: VethEnd): void {
  left.namespace.configure((netlink) =>
    addVeth(netlink, left.name, { name: right.name, namespace: { fd: right.namespace.fd } }),
  );
  // Where the kernel has no IPv6 there is nothing to give.
  const ends = [left, right].map((end, index) =>
    end.namespace.configure((netlink) => {
      const refused = writeSysctl(`ipv6/conf/${end.name}/addr_gen_mode`, '1');
      setLink(netlink, end.name, { up: true });
      return { end, linkLocal: refused === undefined ? [`fe80::${index + 1}/64`] : [] };
    }),
  );
  for (const { end, linkLocal } of ends) {
    const addresses = [...end.addresses, ...linkLocal].map(prefixOf);
    end.namespace.configure((netlink) => {
      for (const address of addresses) addAddress(netlink, end.name, address);
    });
  }
}

/**
 * Whether this process may make namespaces: `yes`; `inside unshare -rn`, when it must start itself
 * again with `unshareCommand`; or the reason why neither works.
 */
export function mayMakeNamespaces(): 'yes' | 'inside unshare -rn' | { readonly reason: string } {
  try {
    new Namespace('probe').close();
    return 'yes';
  } catch (error) {
    const [command, ...args] = unshareCommand(['true']);
    const tried = spawnSync(command!, args, { encoding: 'utf8' });
    if (tried.status === 0) return 'inside unshare -rn';
    const said = tried.error?.message ?? tried.stderr.trim();
    const first = error instanceof Error ? error.message : String(error);
    return { reason: `${first}; and unshare -rn fails: ${said}` };
  }
}

/** The command line that runs `command` as root of a user namespace of its own. */
export const unshareCommand = (command: readonly string[]): string[] => [
  'unshare',
  '--user',
  '--map-root-user',
  '--net',
  '--',
  ...command,
];

function withNetlink<T>(work: (netlink: Netlink) => T): T {
  const netlink = new Netlink();
  try {
    return work(netlink);
  } finally {
    netlink.close();
  }
}

const openSelf = (): number =>
  check(open(SELF, O_RDONLY | O_CLOEXEC), 'open', SELF, {
    ENOENT: 'Linux 3.17 or newer is needed',
  });
