// Writes one SA record (src/contract/layout.ts, "SA records") field by field; the keys are
// key-contexts.ts's.
import { encryptionNamed } from '../algorithms/encryption.js';
import { integrityNamed } from '../algorithms/integrity.js';
import * as ids from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import { AF_INET, AF_INET6, IP_PKTINFO, IPV6_PKTINFO, SOL_IP, SOL_IPV6 } from '../net/linux.js';
import { type Address, toBytes } from '../policy/address.js';
import type { TrafficSelector } from '../policy/selector.js';
import { type Association, AssociationError, type Direction } from './association.js';
import { checkAssociation } from './association-checks.js';
import { writeKeys } from './key-contexts.js';
import type { Module } from './module.js';

// Our own choice: numbers stop far enough before their end for a rekey.
const SOFT_SEQUENCE = 0xf000_0000n;
const SOFT_SEQUENCE_ESN = 0xf000_0000_0000_0000n;
/** A quarter of what assembly/sa.ts lets a cipher of 64-bit blocks encrypt ("isWorn"). */
const SMALL_BLOCK_SOFT_BYTES = 2 ** 30;
const ANY_PROTOCOL = 256;
const FAR = layout.SA_SIZE - layout.SA_NEAR;
const ZEROS = new Uint8Array(FAR);
const selectorAt = (index: number): number =>
  index < layout.NEAR_SELECTORS
    ? layout.SA_SELECTORS + index * layout.SELECTOR_SIZE
    : layout.SA_MORE_SELECTORS + (index - layout.NEAR_SELECTORS) * layout.SELECTOR_SIZE;

/** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
export function writeAddress(view: DataView, at: number, address: Address): void {
  const bytes = new Uint8Array(view.buffer, at, 16);
  bytes.fill(0);
  const own = toBytes(address);
  bytes.set(own, 16 - own.length);
  if (address.family === 4) bytes.fill(0xff, 10, 12);
}

export class SaRecord {
  readonly #view: DataView;
  readonly #at: number;

  constructor(memory: WebAssembly.Memory, slot: number) {
    this.#at = layout.SAS_AT + slot * layout.SA_SIZE;
    this.#view = new DataView(memory.buffer, this.#at, layout.SA_SIZE);
  }

  /** Everything but the state, which the caller publishes last. */
  write(module: Module, slot: number, sa: Association, direction: Direction, mtu: number): void {
    const encryption = encryptionNamed(sa.encryption);
    const integrity = integrityNamed(sa.integrity);
    const keys = direction === 'in' ? sa.inbound : sa.outbound;
    const { cipher, mac } = checkAssociation(sa, keys);
    this.erase();
    this.#u32(layout.SA_FLAGS, flagsOf(sa, direction));
    this.#u32(layout.SA_SPI, keys.spi);
    this.#u32(layout.SA_CIPHER, cipher);
    this.#u32(layout.SA_MAC, mac);
    this.#u32(layout.SA_KEY_BYTES, encryption.keyBytes);
    this.#u32(layout.SA_IV_BYTES, encryption.ivBytes);
    this.#u32(layout.SA_BLOCK_BYTES, Math.max(4, encryption.blockBytes));
    this.#u32(layout.SA_ICV_BYTES, encryption.aead ? encryption.icvBytes : integrity.icvBytes);
    this.#u32(layout.SA_SLOT, slot);
    this.#u64(layout.SA_SOFT_BYTES, BigInt(softBytesOf(sa, encryption.blockBytes)));
    this.#u64(layout.SA_HARD_BYTES, BigInt(sa.lifetime.hardBytes));
    this.#u64(layout.SA_SOFT_SEQ, sa.esn ? SOFT_SEQUENCE_ESN : SOFT_SEQUENCE);
    this.#u32(layout.SA_REPLAY_WINDOW, direction === 'in' ? sa.replayWindow : 0);
    this.#u32(layout.SA_POLICY, sa.policy);
    new Uint8Array(this.#view.buffer, this.#at + layout.SA_SALT, 16).set(keys.salt);
    this.#u32(layout.SA_BUNDLE_BYTES, sa.around ? ahBytesOf(sa, sa.around.integrity) : 0);
    this.#writeSelectors(sa);
    this.writeEndpoints(sa);
    this.writePathMtu(mtu);
    writeKeys(module, this.#at, cipher, mac, keys);
  }

  /** Where packets go and come from; the peer's sockaddr and our source as a control message. */
  writeEndpoints({ local, remote, udpEncapsulation: udp, original }: Association): void {
    const four = remote.address.family === 4;
    const flags = new Uint32Array(this.#view.buffer, this.#at + layout.SA_FLAGS, 1);
    if (four) Atomics.and(flags, 0, ~ids.SA_FLAG_OUTER_V6);
    else Atomics.or(flags, 0, ids.SA_FLAG_OUTER_V6);
    if (udp) Atomics.or(flags, 0, ids.SA_FLAG_UDP);
    else Atomics.and(flags, 0, ~ids.SA_FLAG_UDP);
    writeAddress(this.#view, this.#at + layout.SA_LOCAL, local.address);
    writeAddress(this.#view, this.#at + layout.SA_REMOTE, remote.address);
    this.#u16(layout.SA_LOCAL_PORT, local.port);
    this.#u16(layout.SA_REMOTE_PORT, remote.port);
    const bytes = (offset: number, value: Uint8Array): void =>
      new Uint8Array(this.#view.buffer, this.#at + offset, value.length).set(value);
    // struct sockaddr_in {family, port, address}, sockaddr_in6 {family, port, flow, address, scope}.
    // A raw socket wants port 0 (ip(7), ipv6(7)).
    this.#u16(layout.SA_NAME, four ? AF_INET : AF_INET6);
    this.#view.setUint16(layout.SA_NAME + 2, udp ? remote.port : 0);
    bytes(layout.SA_NAME + (four ? 4 : 8), toBytes(remote.address));
    this.#u32(layout.SA_NAMELEN, four ? 16 : 28);
    // struct cmsghdr {u64 length, i32 level, i32 type}, then in_pktinfo {interface, source,
    // destination} or in6_pktinfo {source, interface}.
    this.#u64(layout.SA_CMSG, four ? 28n : 36n);
    this.#u32(layout.SA_CMSG + 8, four ? SOL_IP : SOL_IPV6);
    this.#u32(layout.SA_CMSG + 12, four ? IP_PKTINFO : IPV6_PKTINFO);
    bytes(layout.SA_CMSG + 16 + (four ? 4 : 0), toBytes(local.address));
    this.#u32(layout.SA_CMSGLEN, four ? 32 : 40);
    const here = { local: local.address, remote: remote.address };
    this.#u32(layout.SA_CHECKSUM_FIX, original ? checksumFix(here, original) : 0);
  }

  /** The outer packet the path carries, and the largest inner packet whose outer one fits. */
  writePathMtu(mtu: number): void {
    const flags = this.u32(layout.SA_FLAGS);
    const ip = (flags & ids.SA_FLAG_OUTER_V6) === 0 ? 20 : 40;
    this.#u32(layout.SA_PATH_MTU, mtu);
    if ((flags & ids.SA_FLAG_AH) !== 0) {
      const header = ahBytes(ip === 20 ? 4 : 6, this.u32(layout.SA_ICV_BYTES));
      const outer = (flags & ids.SA_FLAG_TRANSPORT) === 0 ? ip : 0;
      this.#u32(layout.SA_INNER_MTU, Math.max(mtu - header - outer, 0));
      return;
    }
    const udp = (flags & ids.SA_FLAG_UDP) === 0 ? 0 : 8;
    const around = this.u32(layout.SA_BUNDLE_BYTES);
    const fixed =
      ip + around + udp + 8 + this.u32(layout.SA_IV_BYTES) + this.u32(layout.SA_ICV_BYTES);
    const block = this.u32(layout.SA_BLOCK_BYTES);
    const room = Math.floor((mtu - fixed) / block) * block;
    // in transport mode the outer header is the packet's own
    const kept = (flags & ids.SA_FLAG_TRANSPORT) === 0 ? 0 : ip;
    // RFC 4303 §2.4, §2.6: pad length and next header are part of the last block.
    this.#u32(layout.SA_INNER_MTU, Math.max(room - 2 + kept, 0));
  }

  #writeSelectors(sa: Association): void {
    const pairs = sa.localSelectors.flatMap((local) =>
      sa.remoteSelectors
        .filter((remote) => remote.family === local.family)
        .map((remote) => [local, remote] as const),
    );
    if (pairs.length === 0 || pairs.length > layout.MAX_SELECTORS) {
      const counts = `${sa.localSelectors.length} local and ${sa.remoteSelectors.length} remote`;
      throw new AssociationError(
        `peer '${sa.peer}': ${counts} selectors, 1 to ${layout.MAX_SELECTORS} pairs have room`,
      );
    }
    this.#u32(layout.SA_SELECTOR_COUNT, pairs.length);
    pairs.forEach(([local, remote], index) => {
      this.#writeSelector(selectorAt(index), local, remote);
    });
  }

  #writeSelector(offset: number, local: TrafficSelector, remote: TrafficSelector): void {
    const { family } = local;
    const address = (at: number, value: bigint): void =>
      writeAddress(this.#view, this.#at + offset + at, { family, value });
    address(layout.SELECTOR_LOCAL_LOW, local.start);
    address(layout.SELECTOR_LOCAL_HIGH, local.end);
    address(layout.SELECTOR_REMOTE_LOW, remote.start);
    address(layout.SELECTOR_REMOTE_HIGH, remote.end);
    this.#u16(offset + layout.SELECTOR_LOCAL_PORT_LOW, local.startPort);
    this.#u16(offset + layout.SELECTOR_LOCAL_PORT_HIGH, local.endPort);
    this.#u16(offset + layout.SELECTOR_REMOTE_PORT_LOW, remote.startPort);
    this.#u16(offset + layout.SELECTOR_REMOTE_PORT_HIGH, remote.endPort);
    const protocol = local.protocol || remote.protocol || ANY_PROTOCOL;
    this.#u32(offset + layout.SELECTOR_PROTOCOL, protocol);
    this.#u32(offset + layout.SELECTOR_FAMILY, family);
  }

  /** Overwrites the whole record, keys and all, with zeros: a free slot. */
  erase(): void {
    new Uint8Array(this.#view.buffer, this.#at, layout.SA_NEAR).fill(0);
    // What was never written takes no memory, and shall not for being erased.
    const far = new Uint8Array(this.#view.buffer, this.#at + layout.SA_NEAR, FAR);
    if (Buffer.compare(far, ZEROS) !== 0) far.fill(0);
  }

  setState(state: number): void {
    const words = new Uint32Array(this.#view.buffer, this.#at, 1);
    Atomics.store(words, layout.SA_STATE / 4, state);
  }

  /** The other half of a bundle, slot + 1. */
  setBundle(other: number): void {
    this.#u32(layout.SA_BUNDLE, other);
  }

  setNext(next: number): void {
    Atomics.store(new Uint32Array(this.#view.buffer, this.#at + layout.SA_NEXT, 1), 0, next);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** A 64-bit counter as a number: exact up to 2^53. */
  counter(offset: number): number {
    return Number(this.#view.getBigUint64(offset, true));
  }

  #u16(offset: number, value: number): void {
    this.#view.setUint16(offset, value, true);
  }

  #u32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  #u64(offset: number, value: bigint): void {
    this.#view.setBigUint64(offset, value, true);
  }
}

/** RFC 4302 §2.6: the ICV is padded to 32 bits in IPv4, to 64 in IPv6. */
function ahBytes(family: 4 | 6, icvBytes: number): number {
  const align = family === 4 ? 4 : 8;
  return Math.ceil((12 + icvBytes) / align) * align;
}

const ahBytesOf = ({ remote }: Association, integrity: string): number =>
  ahBytes(remote.address.family, integrityNamed(integrity).icvBytes);

function softBytesOf({ lifetime }: Association, blockBytes: number): number {
  if (blockBytes !== 8) return lifetime.softBytes;
  return Math.min(lifetime.softBytes || SMALL_BLOCK_SOFT_BYTES, SMALL_BLOCK_SOFT_BYTES);
}

type Addresses = { readonly local: Address; readonly remote: Address };

/** What a checksum over the peer's addresses lacks to be one over ours, in ones' complement. */
function checksumFix(here: Addresses, original: Addresses): number {
  const words = ({ local, remote }: Addresses): number[] =>
    [local, remote].flatMap((address) => {
      const bytes = toBytes(address);
      return Array.from({ length: bytes.length / 2 }, (_, i) => {
        return (bytes[2 * i]! << 8) | bytes[2 * i + 1]!;
      });
    });
  const parts = [...words(here), ...words(original).map((word) => ~word & 0xffff)];
  return parts.reduce((total, word) => (total + word) % 0xffff, 0);
}

function flagsOf(sa: Association, direction: Direction): number {
  return (
    (direction === 'out' ? ids.SA_FLAG_OUTBOUND : ids.SA_FLAG_ANTI_REPLAY) |
    (sa.esn ? ids.SA_FLAG_ESN : 0) |
    (sa.udpEncapsulation ? ids.SA_FLAG_UDP : 0) |
    (sa.mode === 'transport' ? ids.SA_FLAG_TRANSPORT : 0) |
    (sa.protocol === 'ah' ? ids.SA_FLAG_AH : 0) |
    (sa.around ? ids.SA_FLAG_INNER : 0)
  );
}
