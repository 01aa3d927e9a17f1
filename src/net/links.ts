// Network interfaces over rtnetlink: list, make a veth pair, bring up, set the MTU, move, remove.
// Names are looked up for each change: an index kept for later may belong to another by then.
import {
  type Attribute,
  nestedAttribute,
  textAttribute,
  textOf,
  u32Attribute,
  u32Of,
} from './attributes.js';
import {
  AF_UNSPEC,
  IFF_LOWER_UP,
  IFF_UP,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  IFLA_NET_NS_PID,
  IFLA_TXQLEN,
  NLM_F_CREATE,
  NLM_F_EXCL,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
  VETH_INFO_PEER,
} from './linux.js';
import { SystemError } from './libc.js';
import type { Netlink } from './netlink.js';

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  /** Whether there is somebody at the other end: of a TUN that is up, a process. */
  readonly carrier: boolean;
}

/** Another network namespace: of a process, or an open file of /proc/PID/ns/net. */
export type NamespaceRef = { readonly pid: number } | { readonly fd: number };

const IFINFOMSG = 16; // u8 family, u8 0, u16 type, i32 index, u32 flags, u32 change
const ABSENT = { ENODEV: 'there is no interface of this name' };

function ifinfo(index = 0, flags = 0, change = 0): Uint8Array {
  const body = new Uint8Array(IFINFOMSG);
  const view = new DataView(body.buffer);
  view.setUint8(0, AF_UNSPEC);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return body;
}

/** Every interface of the namespace. */
export function listLinks(netlink: Netlink): Link[] {
  const answers = netlink.dump({ type: RTM_GETLINK, body: ifinfo(), what: 'list interfaces' });
  return answers.map(linkFrom);
}

function linkFrom(answer: { body: Uint8Array; attributes: Map<number, Uint8Array> }): Link {
  const view = new DataView(answer.body.buffer, answer.body.byteOffset, IFINFOMSG);
  return {
    index: view.getInt32(4, true),
    name: textOf(answer.attributes.get(IFLA_IFNAME)) ?? '',
    mtu: u32Of(answer.attributes.get(IFLA_MTU)) ?? 0,
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
    carrier: (view.getUint32(8, true) & IFF_LOWER_UP) !== 0,
  };
}

/** One interface by name; throws where there is none. */
export function getLink(netlink: Netlink, name: string): Link {
  const attributes = [textAttribute(IFLA_IFNAME, name)];
  const what = `look up interface ${name}`;
  return linkFrom(
    netlink.get({ type: RTM_GETLINK, body: ifinfo(), attributes, what, advice: ABSENT }),
  );
}

/** The MTU of an interface; undefined where it is gone. */
export function mtuOf(netlink: Netlink, index: number): number | undefined {
  try {
    const what = `look up interface ${index}`;
    return linkFrom(netlink.get({ type: RTM_GETLINK, body: ifinfo(index), what })).mtu;
  } catch (error) {
    if (error instanceof SystemError && error.code === 'ENODEV') return undefined;
    throw error;
  }
}

export const linkIndex = (netlink: Netlink, name: string): number => getLink(netlink, name).index;

export interface LinkChange {
  readonly mtu?: number;
  readonly up?: boolean;
  readonly namespace?: NamespaceRef;
  /** Packets that wait for the driver; of a TUN, for whoever reads it. */
  readonly queue?: number;
}

/** Brings an interface up or down, sets its MTU or queue, moves it; what is not named stays. */
export function setLink(netlink: Netlink, name: string, change: LinkChange): void {
  const attributes: Attribute[] = [];
  if (change.mtu !== undefined) attributes.push(u32Attribute(IFLA_MTU, change.mtu));
  if (change.queue !== undefined) attributes.push(u32Attribute(IFLA_TXQLEN, change.queue));
  if (change.namespace) attributes.push(namespaceAttribute(change.namespace));
  // The mask says which flags are meant: without it every other flag would be cleared.
  const body =
    change.up === undefined
      ? ifinfo(linkIndex(netlink, name))
      : ifinfo(linkIndex(netlink, name), change.up ? IFF_UP : 0, IFF_UP);
  const words = Object.entries(change).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const what = `set interface ${name} ${words.join(' ')}`;
  netlink.change({ type: RTM_NEWLINK, body, attributes, what, advice: ABSENT });
}

/** Makes a veth pair, with the peer at once in another namespace where one is given. */
export function addVeth(
  netlink: Netlink,
  name: string,
  peer: { readonly name: string; readonly namespace?: NamespaceRef },
): void {
  const there = [textAttribute(IFLA_IFNAME, peer.name)];
  if (peer.namespace) there.push(namespaceAttribute(peer.namespace));
  // The peer's description is a whole link message: its own header first, then its attributes.
  const info = nestedAttribute(IFLA_LINKINFO, [
    textAttribute(IFLA_INFO_KIND, 'veth'),
    nestedAttribute(IFLA_INFO_DATA, [nestedAttribute(VETH_INFO_PEER, there, ifinfo())]),
  ]);
  netlink.change({
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: ifinfo(),
    attributes: [textAttribute(IFLA_IFNAME, name), info],
    what: `make veth pair ${name} and ${peer.name}`,
    advice: { EOPNOTSUPP: 'the kernel has no veth (modprobe veth)' },
  });
}

/** Removes an interface; of a veth pair, both ends. */
export function deleteLink(netlink: Netlink, name: string): void {
  const body = ifinfo(linkIndex(netlink, name));
  netlink.change({ type: RTM_DELLINK, body, what: `delete interface ${name}`, advice: ABSENT });
}

const namespaceAttribute = (ref: NamespaceRef): Attribute =>
  'pid' in ref ? u32Attribute(IFLA_NET_NS_PID, ref.pid) : u32Attribute(IFLA_NET_NS_FD, ref.fd);
