// Two hosts with transport mode between their own addresses, and what their kernels do in between: a
// raw socket takes a whole packet out, and hands the other side's what that kind of socket shows.
import {
  PORT_AH4,
  PORT_AH6,
  PORT_BYPASS4,
  PORT_ESP4,
  PORT_ESP6,
  PORT_UDP4_4500,
} from '../../src/contract/ids.js';
import { integrityNamed } from '../../src/algorithms/integrity.js';
import type { Association, AssociationAround } from '../../src/dataplane/association.js';
import { type Address, parseAddress } from '../../src/policy/address.js';
import { seeded } from './arena.js';
import { Gateway, type Message, type Received } from './gateway.js';
import { EAST, mirror, policy, selectors, type TunnelOptions, WEST, westChild } from './site.js';

export interface HostOptions extends TunnelOptions {
  readonly pathMtu?: number;
  readonly mode?: 'tunnel' | 'transport';
  readonly protocol?: 'esp' | 'ah';
  /** Integrity algorithm of an AH around the ESP. */
  readonly around?: string;
  /** West's address as east sees it: a NAT between them. */
  readonly seenAs?: string;
}

export interface Hosts {
  readonly west: Gateway;
  readonly east: Gateway;
  readonly child: Association;
  readonly family: 4 | 6;
}

const address = (text: string): Address => parseAddress(text)!;

/** The AH of a bundle. */
export function aroundWith(integrity: string, esn: boolean): AssociationAround {
  const random = seeded(2401);
  const none = new Uint8Array(0);
  const keys = (spi: number): AssociationAround['inbound'] => {
    const integrityKey = random.bytes(integrityNamed(integrity).keyBytes);
    return { spi, encryptionKey: none, salt: none, integrityKey };
  };
  return { integrity, esn, inbound: keys(0x5001), outbound: keys(0x6001) };
}

/** The child between the two hosts' own addresses, as west has it. */
export function hostChild(options: HostOptions = {}): Association {
  const family = options.outer ?? 4;
  const { mode = 'transport', protocol = 'esp', around } = options;
  return {
    ...westChild(1, options),
    mode,
    protocol,
    around: around === undefined ? undefined : aroundWith(around, options.esn ?? false),
    localSelectors: [selectors(WEST[family])],
    remoteSelectors: [selectors(EAST[family])],
  };
}

export function hosts(options: HostOptions = {}): Hosts {
  const family = options.outer ?? 4;
  const child = hostChild(options);
  const seenAs = options.seenAs ?? WEST[family];
  const seen: Association = {
    ...mirror(child),
    remote: { ...child.local, address: address(seenAs) },
    remoteSelectors: [selectors(seenAs)],
    original: options.seenAs ? { local: address(EAST[4]), remote: address(WEST[4]) } : undefined,
  };
  // east computes its checksums over the address that it sees
  const original = { local: address(seenAs), remote: address(EAST[4]) };
  const west = new Gateway();
  const east = new Gateway();
  west.tables.setPolicies([policy(1, WEST[family], EAST[family])]);
  east.tables.setPolicies([policy(1, EAST[family], seenAs)]);
  const mtu = { activate: true, pathMtu: options.pathMtu ?? 1500 };
  west.tables.install(options.seenAs ? { ...child, original } : child, mtu);
  east.tables.install(seen, mtu);
  return { west, east, child, family };
}

/** Where the upper layer of an IPv6 packet begins, ESP and AH counted as such, and its number. */
export function upperOf(packet: Buffer): { readonly at: number; readonly protocol: number } {
  let at = 40;
  let protocol = packet[6]!;
  while ([0, 43, 60].includes(protocol)) {
    protocol = packet[at]!;
    at += (packet[at + 1]! + 1) * 8;
  }
  return { at, protocol };
}

/** What the receiving kernel hands over for a message, and through which socket. */
export function arrive(
  message: Message,
  from: string,
  to: string,
): { readonly port: number; readonly received: Received } {
  const { port, bytes } = message;
  if (port === PORT_BYPASS4) {
    const protocol = bytes[9];
    return { port: protocol === 51 ? PORT_AH4 : PORT_ESP4, received: { bytes, from, to } };
  }
  if (port === PORT_UDP4_4500) return { port, received: { bytes, from, to, fromPort: 4500 } };
  // a raw IPv6 socket: the upper layer alone, extension headers as control messages
  const { at, protocol } = upperOf(bytes);
  const tos = (bytes.readUInt16BE(0) >> 4) & 255;
  const extensions = extensionsOf(bytes, at);
  const received = { bytes: bytes.subarray(at), from, to, tos, extensions };
  return { port: protocol === 51 ? PORT_AH6 : PORT_ESP6, received };
}

function extensionsOf(packet: Buffer, end: number): { type: number; bytes: Buffer }[] {
  const found: { type: number; bytes: Buffer }[] = [];
  for (let at = 40, type = packet[6]!; at < end; ) {
    const size = (packet[at + 1]! + 1) * 8;
    found.push({ type, bytes: packet.subarray(at, at + size) });
    type = packet[at]!;
    at += size;
  }
  return found;
}

/** West sends one packet; returns the message and what east wrote to its TUN. */
export function pass(pair: Hosts, packet: Uint8Array, seenAs?: string) {
  const { messages } = pair.west.outbound([packet]);
  if (messages.length !== 1) throw new Error(`${messages.length} messages`);
  const [message] = messages as [Message];
  const { port, received } = arrive(message, seenAs ?? WEST[pair.family], EAST[pair.family]);
  return { message, tun: pair.east.inbound(port, [received]).tun };
}
