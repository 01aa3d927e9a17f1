// Outer packets that leave through the socket that takes whole packets, in fragments where the path
// carries less: the kernel cuts none of those. ESP in transport mode and AH, of which what is inside must
// not be cut (RFC 4303 §3.3.4, RFC 4302 §3.3.4) or cannot be made smaller.
//   1. sparesFor   slots to keep free behind that of a packet that will be too large, one per fragment
//   2. sendPieces  the sealed packet, its fragments in these slots
import { OUT_BUNDLE_ERRORS, OUTER_FRAGMENTED } from '../src/contract/drops';
import { SA_FLAG_INNER, SA_FLAG_TRANSPORT, SA_FLAG_UDP } from '../src/contract/ids';
import { SA_FLAGS, SA_PATH_MTU, SA_SPI } from '../src/contract/layout';
import { isAh } from './ah';
import { count } from './counters';
import { JOB_FIELD, JOB_HEADER, JOB_SEQUENCE, JOB_SLOT, JOB_SPARES, saOf } from './esp';
import { setHeaderChecksum } from './ip/checksum';
import { countFragments, writeFragment } from './ip/fragment';
import { setPacketLength } from './ip/header';
import { parsePacket, VIEW_HEADER, viewed } from './ip/packet';
import { slotAt } from './slots';
import { sendBypass } from './transmit';

/** More than IPsec adds to any packet: AH 48, ESP header and IV 24, padding 17, ICV 64. */
export const MOST_ADDED: i32 = 160;
const HEADER_6: i32 = 40;
const FRAGMENT_6: i32 = 8;
const FRAGMENT: u8 = 44;
const NEXT_6: i32 = 6;
const DF: u16 = 0x0040; // as it stands in memory

/** Whether its packets leave with an IP header that we wrote. */
function leavesWhole(sa: usize): bool {
  const flags = load<u32>(sa, SA_FLAGS);
  if (isAh(sa) || flags & SA_FLAG_INNER) return true;
  return (flags & (SA_FLAG_TRANSPORT | SA_FLAG_UDP)) == SA_FLAG_TRANSPORT;
}

// ---- 1. spares -----------------------------------------------------------------------------------

/** For a packet of `length` bytes that is too large for the SA's path. */
export function sparesFor(sa: usize, length: i32): i32 {
  if (!leavesWhole(sa)) return 0;
  const chunk = chunkOf(load<i32>(sa, SA_PATH_MTU), HEADER_6 + FRAGMENT_6);
  return chunk <= 0 ? 0 : (length + MOST_ADDED + HEADER_6) / chunk;
}

/** Bytes of the datagram in each fragment but the last. */
function chunkOf(mtu: i32, headers: i32): i32 {
  return (mtu - headers) & ~7;
}

// ---- 2. pieces -----------------------------------------------------------------------------------

/** The whole packet of a sealed job, `length` bytes at `at` with its IP header. */
export function sendPieces(job: usize, at: usize, length: i32): void {
  const mtu = load<i32>(saOf(job), SA_PATH_MTU);
  const slot = load<i32>(job, JOB_SLOT);
  const family: i32 = load<u8>(at) >> 4;
  if (length <= mtu) return sendBypass(slot, at, length, family);
  const sent = family == 4 ? cut4(job, at, length, mtu) : cut6(job, at, length, mtu);
  count(sent ? OUTER_FRAGMENTED : OUT_BUNDLE_ERRORS);
}

/** The first fragment last: it stays where the packet is. */
function cut4(job: usize, at: usize, length: i32, mtu: i32): bool {
  if (!parsePacket(at, length)) return false;
  const slot = load<i32>(job, JOB_SLOT);
  const pieces = countFragments(mtu);
  if (pieces == 0 || pieces > load<i32>(job, JOB_SPARES) + 1) return false;
  store<u16>(at, load<u16>(at, 6) & ~DF, 6);
  // the kernel fills in an identification of 0, another one for each (raw(7))
  if (load<u16>(at, 4) == 0) {
    const id = <u16>load<u32>(job, JOB_SEQUENCE);
    store<u16>(at, bswap<u16>(id == 0 ? 0xffff : id), 4);
  }
  setHeaderChecksum(at, viewed(VIEW_HEADER));
  for (let i = pieces - 1; i >= 0; i--) {
    const to = i == 0 ? at : slotAt(slot + i);
    sendBypass(slot + i, to, writeFragment(at, mtu, i, to), 4);
  }
  return true;
}

/** RFC 8200 §4.5: what stands in front of the IPsec header is in every fragment. */
function cut6(job: usize, at: usize, length: i32, mtu: i32): bool {
  const slot = load<i32>(job, JOB_SLOT);
  const header = max(load<i32>(job, JOB_HEADER), HEADER_6);
  const field = max(load<i32>(job, JOB_FIELD), NEXT_6);
  const chunk = chunkOf(mtu, header + FRAGMENT_6);
  const data = length - header;
  if (chunk <= 0) return false;
  const pieces = (data + chunk - 1) / chunk;
  if (pieces > load<i32>(job, JOB_SPARES) + 1) return false;
  const next = load<u8>(at + field);
  const id = load<u32>(job, JOB_SEQUENCE) ^ load<u32>(saOf(job), SA_SPI);
  for (let i = pieces - 1; i >= 0; i--) {
    const from = i * chunk;
    const size = min(chunk, data - from);
    // the first one moves towards the slot's beginning, by the header that is put in
    const to = i == 0 ? at - FRAGMENT_6 : slotAt(slot + i);
    memory.copy(to, at, header);
    store<u8>(to + field, FRAGMENT);
    const fragment = to + header;
    memory.copy(fragment + FRAGMENT_6, at + header + from, size);
    store<u8>(fragment, next);
    store<u8>(fragment, 0, 1);
    store<u16>(fragment, bswap<u16>(<u16>(from | (i < pieces - 1 ? 1 : 0))), 2);
    store<u32>(fragment, bswap<u32>(id), 4);
    setPacketLength(to, header, header + FRAGMENT_6 + size);
    sendBypass(slot + i, to, header + FRAGMENT_6 + size, 6);
  }
  return true;
}
