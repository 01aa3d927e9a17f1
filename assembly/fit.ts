// Makes a packet, or a super-packet, fit its SA and adds what comes out as jobs to seal:
//   1. fit     MSS clamp; whole, or cut into its segments; too big: ICMP error, or fragments
//   2. bypass  the same cutting for what passes in the clear
import {
  BYPASSED,
  FRAGMENTED,
  OUT_BUNDLE_CHECK_ERRORS,
  OUT_BUNDLE_ERRORS,
  SEGMENTED,
  TOO_BIG_SENT,
} from '../src/contract/drops';
import {
  CONTROL_AT,
  CONTROL_MSS_CLAMP,
  RX_DONE,
  SA_INNER_MTU,
  SA_IV_BYTES,
  SLOT,
  SLOT_HEADROOM,
  SLOT_TAILROOM,
  TX_SLOTS,
} from '../src/contract/layout';
import { ahFront, isAh, splitAhJob } from './ah';
import { bundleFront } from './bundle';
import { count, countMore } from './counters';
import {
  addJob,
  ESP_HEADER,
  JOB_LENGTH,
  JOB_NEXT,
  JOB_SLOT,
  JOB_SOURCE,
  JOB_SPARES,
  JOB_TARGET,
  JOB_TOS,
} from './esp';
import { MOST_ADDED, sparesFor } from './fragmenting';
import { deliverAlone } from './ip/coalesce';
import { VIEW_SPLIT } from './ip/extensions';
import { countFragments, writeFragment } from './ip/fragment';
import { writeTooBig } from './ip/icmp';
import { clampMss } from './ip/mss';
import {
  IP_IN_IP,
  IP_TCP,
  IPV6_IN_IP,
  LATER,
  parsePacket,
  VIEW_DF,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_PROTOCOL,
  VIEW_TOS,
  VIEW_TOTAL,
  viewed,
} from './ip/packet';
import { segmentLength, segmentPayload, superPayload, writeSegment } from './ip/segment';
import { scratchAt, VIEW } from './memory';
import { wasAssembled } from './reassembly';
import { selectorsHold } from './sa';
import { slotAt, slotsLeft, takeSlot } from './slots';
import { sendBypass } from './transmit';
import { splitJob, surplus } from './transport';

const LEAST_MTU_6: i32 = 1280; // RFC 8200 §5: what every IPv6 link carries
/** Largest inner packet a transmit slot holds with header, IV, padding, trailer and a whole digest. */
const MOST: i32 = SLOT - SLOT_HEADROOM - SLOT_TAILROOM - 24;
const MOST_IP: i32 = 65535;
/** Slots that one packet of the TUN may need: 9,000 bytes in the smallest likely fragments. */
const RESERVE: i32 = 24;

/** Whether this round has slots for another packet. */
export function hasRoom(): bool {
  return slotsLeft() >= RESERVE;
}

// ---- 1. fit --------------------------------------------------------------------------------------

/** Bytes in front of the inner packet where it is encrypted in place. */
function front(sa: usize): usize {
  return isAh(sa) ? ahFront(sa) : bundleFront(sa) + ESP_HEADER + load<u32>(sa, SA_IV_BYTES);
}

/** The largest packet that there is room to seal; a reassembled one is sealed where it is. */
function mostOf(sa: usize, at: usize): i32 {
  return wasAssembled(at) ? MOST_IP - MOST_ADDED : MOST - bundleFront(sa);
}

/** The largest packet whose outer packet the path carries. */
function roomOf(sa: usize): i32 {
  const split = viewed(VIEW_SPLIT);
  return load<i32>(sa, SA_INNER_MTU) - (split > 0 && !isAh(sa) ? surplus(sa, split) : 0);
}

/** The largest packet that this SA takes from the family in view. */
function limitOf(sa: usize): i32 {
  const mtu = roomOf(sa);
  // an IPv6 sender need not go below 1280: then the outer packet is what is fragmented (RFC 2473 §7.1)
  return viewed(VIEW_FAMILY) == 6 ? max(mtu, LEAST_MTU_6) : mtu;
}

/** The one packet in view; it is encrypted from where it is. False: this round has no slots for it. */
export function fitOne(at: usize, sa: usize): bool {
  const most = load<i32>(CONTROL_AT + CONTROL_MSS_CLAMP);
  if (most) clampMss(at, min(most, load<i32>(sa, SA_INNER_MTU)));
  const total = viewed(VIEW_TOTAL);
  if (total > limitOf(sa) && shrink(at, sa)) return true;
  if (total > mostOf(sa, at)) {
    count(OUT_BUNDLE_ERRORS);
    return true;
  }
  if (sparesOf(sa, total) >= slotsLeft() && slotsLeft() < TX_SLOTS) return false;
  addPacket(sa, takeSlot(), at, total);
  return true;
}

/**
 * The super-packet in view, in as many packets as it stands for: each is written where it will be
 * encrypted. False: the slots ran out first, and the entry remembers where.
 */
export function fitMany(entry: usize, at: usize, sa: usize): bool {
  const payload = superPayload();
  const limit = limitOf(sa);
  const largest = segmentLength(0);
  if (largest > mostOf(sa, at)) {
    count(OUT_BUNDLE_ERRORS);
    return true;
  }
  if (largest > limit && mayNotBeCut()) {
    refuseMany(at, limit);
    return true;
  }
  let done = load<i32>(entry, RX_DONE);
  for (; done < payload && hasRoom(); done += segmentPayload(done)) {
    const slot = takeSlot();
    const to = slotAt(slot) + front(sa);
    const length = segmentLength(done);
    writeSegment(at, done, to);
    count(SEGMENTED);
    if (length > limit && parsePacket(to, length) && shrink(to, sa)) continue;
    addPacket(sa, slot, to, length);
  }
  store<i32>(entry, done, RX_DONE);
  return done >= payload;
}

/** Slots that the fragments of the packet in view take beside its own. */
function sparesOf(sa: usize, length: i32): i32 {
  return length > roomOf(sa) ? sparesFor(sa, length) : 0;
}

function addPacket(sa: usize, slot: i32, at: usize, length: i32): void {
  const spares = sparesOf(sa, length);
  const begin = wasAssembled(at) ? at - front(sa) : slotAt(slot);
  if (spares > slotsLeft()) return count(OUT_BUNDLE_ERRORS);
  for (let i = 0; i < spares; i++) takeSlot();
  const job = addJob(sa);
  store<u32>(job, <u32>at, JOB_SOURCE);
  store<i32>(job, length, JOB_LENGTH);
  store<u32>(job, <u32>begin + bundleFront(sa), JOB_TARGET);
  store<i32>(job, slot, JOB_SLOT);
  store<i32>(job, spares, JOB_SPARES);
  store<i32>(job, viewed(VIEW_FAMILY) == 4 ? IP_IN_IP : IPV6_IN_IP, JOB_NEXT);
  if (isAh(sa)) splitAhJob(job, at);
  else if (viewed(VIEW_SPLIT) > 0) splitJob(sa, job, at);
  // RFC 4301 §5.1.2.1: DSCP is copied; RFC 6040 §4.1, normal mode: so is ECN
  store<i32>(job, viewed(VIEW_TOS), JOB_TOS);
}

/**
 * The packet in view is too big for the tunnel; false: it leaves all the same. Fragments of ours would
 * have no ports and be no one's where the SA has some, so then the outer packet is what is fragmented
 * (RFC 4301 §7: such an SA carries no fragments), and in transport mode, which carries none at all.
 */
function shrink(at: usize, sa: usize): bool {
  if (mayNotBeCut()) refuse(at, limitOf(sa));
  else if (viewed(VIEW_SPLIT) > 0) return false;
  else if (selectorsHoldLater(sa)) cut(at, sa, min(limitOf(sa), mostOf(sa, at)));
  else return false;
  return true;
}

/**
 * In transport mode we stand for the host's own IP, which would cut what it sends, DF or not, if it knew
 * the path: but fragments cannot be protected. So TCP alone is told to send less, and does.
 */
function mayNotBeCut(): bool {
  if (!viewed(VIEW_DF)) return false;
  return viewed(VIEW_SPLIT) == 0 || viewed(VIEW_PROTOCOL) == IP_TCP;
}

/** Whether later fragments of the packet in view, which have no ports, would be the SA's too. */
function selectorsHoldLater(sa: usize): bool {
  const fragment = viewed(VIEW_FRAGMENT);
  store<i32>(scratchAt + VIEW, LATER, VIEW_FRAGMENT);
  const held = selectorsHold(sa);
  store<i32>(scratchAt + VIEW, fragment, VIEW_FRAGMENT);
  return held;
}

/** Too big and not to be fragmented: the sender is told. */
function refuse(at: usize, mtu: i32): void {
  count(OUT_BUNDLE_CHECK_ERRORS);
  if (slotsLeft() == 0) return;
  const to = slotAt(takeSlot());
  const length = writeTooBig(at, mtu, to);
  if (length == 0) return;
  deliverAlone(to, length);
  count(TOO_BIG_SENT);
}

/** No packet of it fits, but perhaps the last: the sender is told once, about the first. */
function refuseMany(at: usize, mtu: i32): void {
  const more = (superPayload() - 1) / segmentPayload(0);
  const first = slotAt(takeSlot());
  const length = segmentLength(0);
  writeSegment(at, 0, first);
  if (parsePacket(first, length)) refuse(first, mtu);
  countMore(OUT_BUNDLE_CHECK_ERRORS, more);
}

/** Each fragment is written where it will be encrypted, in place: header and IV go in front of it. */
function cut(at: usize, sa: usize, mtu: i32): void {
  const pieces = countFragments(mtu);
  if (pieces == 0 || pieces > slotsLeft()) return count(OUT_BUNDLE_ERRORS);
  for (let i = 0; i < pieces; i++) {
    const slot = takeSlot();
    const to = slotAt(slot) + front(sa);
    addPacket(sa, slot, to, writeFragment(at, mtu, i, to));
  }
  count(FRAGMENTED);
}

// ---- 2. bypass -----------------------------------------------------------------------------------

/** The one packet in view leaves as it is. */
export function bypassOne(at: usize): void {
  sendBypass(takeSlot(), at, viewed(VIEW_TOTAL), viewed(VIEW_FAMILY));
  count(BYPASSED);
}

/** The packets of the super-packet in view leave as they are; false as fitMany. */
export function bypassMany(entry: usize, at: usize): bool {
  const payload = superPayload();
  if (segmentLength(0) > MOST) {
    count(OUT_BUNDLE_ERRORS);
    return true;
  }
  let done = load<i32>(entry, RX_DONE);
  for (; done < payload && hasRoom(); done += segmentPayload(done)) {
    const slot = takeSlot();
    writeSegment(at, done, slotAt(slot));
    sendBypass(slot, slotAt(slot), segmentLength(done), viewed(VIEW_FAMILY));
    count(SEGMENTED);
    count(BYPASSED);
  }
  store<i32>(entry, done, RX_DONE);
  return done >= payload;
}
