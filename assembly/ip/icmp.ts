// Tells the sender of an inner packet that it is too big for the tunnel: ICMP "fragmentation needed"
// (RFC 1191 §4) or ICMPv6 "packet too big" (RFC 4443 §3.2). The source is the packet's own
// destination, so that the host's reverse-path checks let it pass.
import { WORKER_ICMP_AT, WORKER_ICMP_COUNT } from '../../src/contract/layout';
import { BATCH_NOW, scratchAt, VIEW, workerAt } from '../memory';
import { addSum, setHeaderChecksum } from './checksum';
import {
  IP_ICMP,
  IP_ICMPV6,
  LATER,
  VIEW_DST_HIGH,
  VIEW_DST_LOW,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_SRC_LOW,
  VIEW_SRC_PORT,
  VIEW_TOTAL,
  viewed,
} from './packet';

const HOP_LIMIT: u8 = 64;
// Our own choices: how much of the packet comes back, and how often (RFC 4443 §2.4 f).
const QUOTE_4: i32 = 548; // a message of 576 bytes, RFC 1812 §4.3.2.3
const QUOTE_6: i32 = 1232; // a message of 1280 bytes
const INTERVAL_MS: u64 = 100;
const PER_INTERVAL: u32 = 100;

/** Writes the message about the packet in view at `to`; returns its length, 0: none may be sent. */
export function writeTooBig(at: usize, mtu: i32, to: usize): i32 {
  const family = viewed(VIEW_FAMILY);
  if (viewed(VIEW_FRAGMENT) >= LATER || isError(family) || !unicast(family) || !allowed()) return 0;
  return family == 4 ? write4(at, mtu, to) : write6(at, mtu, to);
}

/** No error about an error (RFC 1122 §3.2.2, RFC 4443 §2.4 e). */
function isError(family: i32): bool {
  const protocol = viewed(VIEW_PROTOCOL);
  const type = viewed(VIEW_SRC_PORT) >> 8;
  if (family == 4) {
    const error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    return protocol == IP_ICMP && error;
  }
  return protocol == IP_ICMPV6 && (type < 128 || type == 137);
}

/** Both ends must be single hosts: the source is told, the destination is who tells. */
function unicast(family: i32): bool {
  const view = scratchAt + VIEW;
  const src = load<u64>(view, VIEW_SRC_LOW);
  const dst = load<u64>(view, VIEW_DST_LOW);
  if (family == 4) return host4(<u32>src) && host4(<u32>dst);
  return host6(load<u64>(view, VIEW_SRC_HIGH), src) && host6(load<u64>(view, VIEW_DST_HIGH), dst);
}

function host4(address: u32): bool {
  const first = address >> 24;
  return first != 0 && first != 127 && first < 224;
}

function host6(high: u64, low: u64): bool {
  return high >> 56 != 0xff && (high | (low >> 1)) != 0;
}

function allowed(): bool {
  const now = load<u64>(scratchAt + BATCH_NOW);
  if (now - load<u64>(workerAt, WORKER_ICMP_AT) >= INTERVAL_MS) {
    store<u64>(workerAt, now, WORKER_ICMP_AT);
    store<u32>(workerAt, 0, WORKER_ICMP_COUNT);
  }
  const sent = load<u32>(workerAt, WORKER_ICMP_COUNT);
  if (sent >= PER_INTERVAL) return false;
  store<u32>(workerAt, sent + 1, WORKER_ICMP_COUNT);
  return true;
}

function write4(at: usize, mtu: i32, to: usize): i32 {
  const quote = min(viewed(VIEW_TOTAL), QUOTE_4);
  const total = 28 + quote;
  memory.fill(to, 0, 28);
  store<u8>(to, 0x45);
  store<u16>(to, bswap<u16>(<u16>total), 2);
  store<u8>(to, HOP_LIMIT, 8);
  store<u8>(to, <u8>IP_ICMP, 9);
  store<u32>(to, load<u32>(at, 16), 12);
  store<u32>(to, load<u32>(at, 12), 16);
  setHeaderChecksum(to, 20);
  const message = to + 20;
  store<u8>(message, 3);
  store<u8>(message, 4, 1);
  store<u16>(message, bswap<u16>(<u16>mtu), 6);
  memory.copy(message + 8, at, quote);
  store<u16>(message, bswap<u16>(<u16>~addSum(0, message, 8 + quote)), 2);
  return total;
}

function write6(at: usize, mtu: i32, to: usize): i32 {
  const quote = min(viewed(VIEW_TOTAL), QUOTE_6);
  const length = 8 + quote;
  memory.fill(to, 0, 48);
  store<u8>(to, 0x60);
  store<u16>(to, bswap<u16>(<u16>length), 4);
  store<u8>(to, <u8>IP_ICMPV6, 6);
  store<u8>(to, HOP_LIMIT, 7);
  v128.store(to, v128.load(at, 24), 8);
  v128.store(to, v128.load(at, 8), 24);
  const message = to + 40;
  store<u8>(message, 2);
  store<u32>(message, bswap<u32>(mtu), 4);
  memory.copy(message + 8, at, quote);
  // the pseudo-header of RFC 8200 §8.1: addresses, length, next header
  const pseudo = addSum(<u32>(length + IP_ICMPV6), to + 8, 32);
  store<u16>(message, bswap<u16>(<u16>~addSum(pseudo, message, length)), 2);
  return 40 + length;
}
