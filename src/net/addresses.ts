// Addresses of interfaces over rtnetlink: list them with their interface, add, delete.
import { type IpPrefix, domainOf, familyOf, prefixText } from './addressing.js';
import { bytesAttribute, u32Attribute } from './attributes.js';
import { linkIndex } from './links.js';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IFA_ADDRESS,
  IFA_F_NODAD,
  IFA_FLAGS,
  IFA_LOCAL,
  NLM_F_CREATE,
  NLM_F_EXCL,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
} from './linux.js';
import type { Netlink } from './netlink.js';

export interface InterfaceAddress extends IpPrefix {
  readonly index: number;
}

const IFADDRMSG = 8; // u8 family, u8 prefix length, u8 flags, u8 scope, u32 interface index

function ifaddr(domain: number, bits = 0, index = 0): Uint8Array {
  const body = new Uint8Array(IFADDRMSG);
  const view = new DataView(body.buffer);
  view.setUint8(0, domain);
  view.setUint8(1, bits);
  view.setUint32(4, index, true);
  return body;
}

/** Every address of this host with its prefix length and interface. */
export function listAddresses(netlink: Netlink): InterfaceAddress[] {
  const body = ifaddr(AF_UNSPEC);
  const answers = netlink.dump({ type: RTM_GETADDR, body, what: 'list addresses' });
  return answers.flatMap(({ body: header, attributes }) => {
    const [family = 0, bits = 0] = header;
    // IFA_LOCAL is our own end on a point-to-point link; IPv6 has it only there.
    const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    if (!address || (family !== AF_INET && family !== AF_INET6)) return [];
    const index = new DataView(header.buffer, header.byteOffset).getUint32(4, true);
    return [{ address, bits, index }];
  });
}

/** Adds an address; the kernel makes the route to its prefix. */
export function addAddress(netlink: Netlink, name: string, prefix: IpPrefix): void {
  changeAddress(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, name, prefix);
}

/** Deletes an address; EADDRNOTAVAIL where the interface has it not. */
export function deleteAddress(netlink: Netlink, name: string, prefix: IpPrefix): void {
  changeAddress(netlink, RTM_DELADDR, 0, name, prefix);
}

function changeAddress(
  netlink: Netlink,
  type: number,
  flags: number,
  name: string,
  prefix: IpPrefix,
): void {
  const { address, bits } = prefix;
  const family = familyOf(address);
  const attributes = [bytesAttribute(IFA_LOCAL, address), bytesAttribute(IFA_ADDRESS, address)];
  // Without duplicate detection an IPv6 address works at once; these links have two ends.
  if (family === 6) attributes.push(u32Attribute(IFA_FLAGS, IFA_F_NODAD));
  const verb = type === RTM_NEWADDR ? 'add' : 'delete';
  netlink.change({
    type,
    flags,
    body: ifaddr(domainOf(family), bits, linkIndex(netlink, name)),
    attributes,
    what: `${verb} address ${prefixText(prefix)} on ${name}`,
  });
}
