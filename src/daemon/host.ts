// The host's answers to the control plane: which address of ours reaches a peer and how large a packet
// the path carries; and the policies as routing rules and as a packet filter.
import {
  type Address,
  addressFromBytes,
  type Prefix,
  parsePrefix,
  prefixContains,
  toBytes,
} from '../policy/address.js';
import type { DynamicPolicy, Policy } from '../policy/database.js';
import { isTemplate } from '../policy/template.js';
import { listAddresses } from '../net/addresses.js';
import type { RoutedDynamic, RoutedEntry, RoutedPolicy } from '../net/host.js';
import { SystemError } from '../net/libc.js';
import { linkIndex } from '../net/links.js';
import { Netlink } from '../net/netlink.js';
import type { GuardedPolicy } from '../net/plain-guard-rules.js';
import { reach, type Reach } from '../net/routes.js';

/** SO_MARK of everything the gateway sends itself, so that no policy catches it: our own choice. */
export const MARK = 0x63756c76;
/** First mark of packets whose connections go into a tunnel; each that gave us addresses has one. */
export const FIRST_MARKED = 0x63760001;
const NO_ROUTE: ReadonlySet<string> = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EACCES']);

/** What the kernel would do with a packet of ours to `remote`; undefined where it has no route. */
export function reachOf(remote: Address): Reach | undefined {
  const netlink = new Netlink();
  try {
    return reachBy(netlink, remote);
  } finally {
    netlink.close();
  }
}

/** The same for who asks often, by a socket that he keeps. */
export function reachBy(netlink: Netlink, remote: Address): Reach | undefined {
  try {
    return reach(netlink, toBytes(remote), { mark: MARK });
  } catch (error) {
    // No route is an answer, not a failure: whoever asked says so with the peer's name.
    if (error instanceof SystemError && NO_ROUTE.has(error.code)) return undefined;
    throw error;
  }
}

export function localAddressFor(remote: Address): Address | undefined {
  const found = reachOf(remote);
  return found && addressFromBytes(found.local);
}

/** The addresses of this host: all, and those that are no peer's secret to reach it by. */
export interface OwnAddresses {
  readonly all: readonly Address[];
  /** Neither loopback nor link-local, nor behind one of the policies, nor the TUN's own. */
  readonly outside: readonly Address[];
}

const NOT_GLOBAL = ['127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10'].map(
  (text) => parsePrefix(text)!,
);

export function ownAddresses(tun: string, policies: readonly Policy[]): OwnAddresses {
  const netlink = new Netlink();
  try {
    const index = linkIndex(netlink, tun);
    const listed = listAddresses(netlink).map((one) => ({
      ...one,
      address: addressFromBytes(one.address),
    }));
    const inside = policies.filter(({ action, tunnel }) => action === 'encrypt' && tunnel);
    const hidden = [...NOT_GLOBAL, ...inside.map(({ src }) => src)];
    return {
      all: listed.map(({ address }) => address),
      outside: listed
        .filter((one) => one.index !== index)
        .map(({ address }) => address)
        .filter((address) => !hidden.some((prefix) => prefixContains(prefix, address))),
    };
  } finally {
    netlink.close();
  }
}

export const ipPrefix = ({ address, bits }: Prefix): RoutedPolicy['src'] => ({
  address: toBytes(address),
  bits,
});

/** Where policies made from a template stand, as routing and packet filter know it. */
const place = (policy: Policy): { readonly template?: number } =>
  isTemplate(policy) ? { template: policy.id } : {};

/** Level `use` lets packets in as it lets them out: with an SA or without. */
export const guardedPolicy = (policy: Policy): GuardedPolicy => {
  const { action: _, ...selectors } = routedPolicy(policy);
  const refused = policy.level === 'use' ? 'pass' : 'refuse';
  const verdict = { encrypt: refused, discard: 'discard', none: 'pass' } as const;
  return { ...selectors, verdict: verdict[policy.action], ...place(policy) };
};

export const routedDynamic = (policy: DynamicPolicy): RoutedDynamic => {
  const { action: _, ...selectors } = routedPolicy(policy);
  return { ...selectors, id: policy.id, template: policy.template };
};

export const routedPolicy = (policy: Policy): RoutedEntry => ({
  ...place(policy),
  action: policy.action,
  src: ipPrefix(policy.src),
  dst: ipPrefix(policy.dst),
  protocol: policy.protocol,
  srcPort: policy.srcPort,
  dstPort: policy.dstPort,
});
