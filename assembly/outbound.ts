// Packets from the TUN to the peers, a batch at a time:
//   1. classify  parse, flow cache, policy (policy.ts): drop, pass in the clear, or protect
//   2. protect   the policy's SA for this packet; without one ask the control plane
//   3. fit       MSS clamp; too big: ICMP error, or fragments
//   4. seal      (seal.ts) the whole batch, kernels side by side
//   5. send      a message per sealed packet
import {
  BYPASSED,
  FRAGMENTED,
  OUT_BUNDLE_CHECK_ERRORS,
  OUT_BUNDLE_ERRORS,
  OUT_NO_STATES,
  OUT_POLICY_BLOCKED,
  OUT_POLICY_DEAD,
  OUT_POLICY_ERRORS,
  OUT_STATE_EXPIRED,
  OUT_STATE_MODE_ERRORS,
  OUT_STATE_PROTOCOL_ERRORS,
  TOO_BIG_SENT,
} from '../src/contract/drops';
import {
  ACTION_DISCARD,
  ACTION_ENCRYPT,
  ACTION_NONE,
  LEVEL_USE,
  MAIL_ACQUIRE,
  SA_DEAD,
  SA_FLAG_TRANSPORT,
} from '../src/contract/ids';
import {
  CONTROL_AT,
  CONTROL_MSS_CLAMP,
  FLOW_POLICY,
  MAIL_ACQUIRE_DST,
  MAIL_ACQUIRE_DST_PORT,
  MAIL_ACQUIRE_POLICY,
  MAIL_ACQUIRE_PROTOCOL,
  MAIL_ACQUIRE_SIZE,
  MAIL_ACQUIRE_SRC,
  MAIL_ACQUIRE_SRC_PORT,
  POLICY_ACQUIRE_AT,
  POLICY_ACTION,
  POLICY_ID,
  POLICY_LEVEL,
  POLICY_SA,
  RX_ROOM,
  SA_FLAGS,
  SA_ICV_BYTES,
  SA_INNER_MTU,
  SA_IV_BYTES,
  SA_STATE,
  SLOT,
  SLOT_HEADROOM,
  SLOT_TAILROOM,
  WORKER_RX_LENGTH,
} from '../src/contract/layout';
import { count } from './counters';
import {
  addJob,
  DONE,
  ESP_HEADER,
  JOB_LENGTH,
  JOB_SLOT,
  JOB_SOURCE,
  JOB_TARGET,
  JOB_TEXT,
  JOB_TOS,
  jobAt,
  jobCount,
  saOf,
  stateOf,
} from './esp';
import { countFragments, writeFragment } from './ip/fragment';
import { writeTooBig } from './ip/icmp';
import { clampMss } from './ip/mss';
import {
  LATER,
  parsePacket,
  VIEW_DF,
  VIEW_DST_HIGH,
  VIEW_DST_LOW,
  VIEW_DST_PORT,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_SRC_LOW,
  VIEW_SRC_PORT,
  VIEW_TOS,
  VIEW_TOTAL,
  viewed,
} from './ip/packet';
import { openMail, postMail } from './mail';
import { BATCH_NOW, scratchAt, VIEW, workerAt } from './memory';
import { AMBIGUOUS, findFlow, flowSa, NO_POLICY } from './policy';
import { receivedAt } from './receive';
import { isSpent, isWorn, raiseHard, recordOf, selectorsHold } from './sa';
import { sealJobs } from './seal';
import { sendBypass, sendEsp, slotAt, slotsLeft, takeSlot, writeTun } from './transmit';

const ACQUIRE_MS: u64 = 1000;
const LEAST_MTU_6: i32 = 1280; // RFC 8200 §5: what every IPv6 link carries
/** Largest inner packet a transmit slot holds with header, IV, padding, trailer and a whole digest. */
const MOST: i32 = SLOT - SLOT_HEADROOM - SLOT_TAILROOM - 24;

export function outboundBatch(packets: i32): void {
  for (let i = 0; i < packets; i++) {
    classify(receivedAt(i), load<i32>(workerAt + WORKER_RX_LENGTH + i * 4));
  }
  sealJobs();
  const jobs = jobCount();
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) == DONE) send(jobAt(i));
  }
}

// ---- 1. classify ---------------------------------------------------------------------------------

function classify(at: usize, length: i32): void {
  if (length > RX_ROOM) return count(OUT_BUNDLE_ERRORS);
  if (!parsePacket(at, length)) return count(OUT_POLICY_ERRORS);
  const flow = findFlow();
  const policy: u32 = load<u32>(flow, FLOW_POLICY);
  if (policy == AMBIGUOUS) return count(OUT_POLICY_ERRORS);
  if (policy == NO_POLICY) {
    if (!isOwnTalk()) bypass(at);
    return;
  }
  const action = load<u32>(policy, POLICY_ACTION);
  if (action == ACTION_ENCRYPT) protect(at, flow, policy);
  else if (action == ACTION_NONE) bypass(at);
  else count(action == ACTION_DISCARD ? OUT_POLICY_BLOCKED : OUT_POLICY_ERRORS);
}

/**
 * Group reports and discoveries that the kernel makes for the device itself: IPv6 multicast without a
 * policy. Nobody sent it here to get anywhere, so it goes nowhere and is no event.
 */
function isOwnTalk(): bool {
  return viewed(VIEW_FAMILY) == 6 && load<u64>(scratchAt + VIEW, VIEW_DST_HIGH) >> 56 == 0xff;
}

function bypass(at: usize): void {
  if (slotsLeft() == 0) return count(OUT_BUNDLE_ERRORS);
  sendBypass(takeSlot(), at, viewed(VIEW_TOTAL), viewed(VIEW_FAMILY));
  count(BYPASSED);
}

// ---- 2. protect ----------------------------------------------------------------------------------

function protect(at: usize, flow: usize, policy: usize): void {
  const sa = flowSa(flow);
  if (sa == 0) {
    if (isBeingRemoved(policy)) return count(OUT_POLICY_DEAD);
    if (load<u32>(policy, POLICY_LEVEL) == LEVEL_USE) return bypass(at);
    count(OUT_NO_STATES);
    return acquire(policy);
  }
  if (isSpent(sa)) {
    raiseHard(sa);
    return count(OUT_STATE_EXPIRED);
  }
  if (isWorn(sa)) {
    raiseHard(sa);
    return count(OUT_STATE_PROTOCOL_ERRORS);
  }
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_TRANSPORT) return count(OUT_STATE_MODE_ERRORS);
  fit(at, sa);
}

/** Its SA is dead and not yet out of the chain: the control plane is about it, this batch came between. */
function isBeingRemoved(policy: usize): bool {
  const head = recordOf(atomic.load<u32>(policy, POLICY_SA));
  return head != 0 && atomic.load<u32>(head, SA_STATE) == SA_DEAD;
}

/** Tells the control plane that the policy wants an SA: at most once a second, whoever asks. */
function acquire(policy: usize): void {
  const now = load<u64>(scratchAt + BATCH_NOW);
  const last = atomic.load<u64>(policy, POLICY_ACQUIRE_AT);
  if (last != 0 && now - last < ACQUIRE_MS) return;
  if (atomic.cmpxchg<u64>(policy, last, now, POLICY_ACQUIRE_AT) != last) return;
  const mail = openMail(MAIL_ACQUIRE, MAIL_ACQUIRE_SIZE);
  if (mail == 0) return;
  store<u32>(mail, load<u32>(policy, POLICY_ID), MAIL_ACQUIRE_POLICY);
  store<i32>(mail, viewed(VIEW_PROTOCOL), MAIL_ACQUIRE_PROTOCOL);
  const view = scratchAt + VIEW;
  store<u64>(mail, bswap<u64>(load<u64>(view, VIEW_SRC_HIGH)), MAIL_ACQUIRE_SRC);
  store<u64>(mail, bswap<u64>(load<u64>(view, VIEW_SRC_LOW)), MAIL_ACQUIRE_SRC + 8);
  store<u64>(mail, bswap<u64>(load<u64>(view, VIEW_DST_HIGH)), MAIL_ACQUIRE_DST);
  store<u64>(mail, bswap<u64>(load<u64>(view, VIEW_DST_LOW)), MAIL_ACQUIRE_DST + 8);
  store<u16>(mail, <u16>viewed(VIEW_SRC_PORT), MAIL_ACQUIRE_SRC_PORT);
  store<u16>(mail, <u16>viewed(VIEW_DST_PORT), MAIL_ACQUIRE_DST_PORT);
  postMail(mail);
}

// ---- 3. fit --------------------------------------------------------------------------------------

function fit(at: usize, sa: usize): void {
  const mtu = load<i32>(sa, SA_INNER_MTU);
  const total = viewed(VIEW_TOTAL);
  if (load<u32>(CONTROL_AT + CONTROL_MSS_CLAMP)) clampMss(at, mtu);
  // an IPv6 sender need not go below 1280: then the outer packet is what is fragmented (RFC 2473 §7.1)
  const limit = viewed(VIEW_FAMILY) == 6 ? max(mtu, LEAST_MTU_6) : mtu;
  if (total > limit && viewed(VIEW_DF)) return refuse(at, limit);
  if (total > limit && selectorsHoldLater(sa)) return cut(at, sa, min(limit, MOST));
  // too big still: its fragments would have no ports and be no one's, so the outer packet is what is
  // fragmented, by the kernel (RFC 4301 §7: such an SA carries no fragments)
  if (total > MOST || slotsLeft() == 0) return count(OUT_BUNDLE_ERRORS);
  addPacket(sa, takeSlot(), at, total);
}

/** Whether later fragments of the packet in view, which have no ports, would be the SA's too. */
function selectorsHoldLater(sa: usize): bool {
  const fragment = viewed(VIEW_FRAGMENT);
  store<i32>(scratchAt + VIEW, LATER, VIEW_FRAGMENT);
  const held = selectorsHold(sa);
  store<i32>(scratchAt + VIEW, fragment, VIEW_FRAGMENT);
  return held;
}

function addPacket(sa: usize, slot: i32, at: usize, length: i32): void {
  const job = addJob(sa);
  store<u32>(job, <u32>at, JOB_SOURCE);
  store<i32>(job, length, JOB_LENGTH);
  store<u32>(job, <u32>slotAt(slot), JOB_TARGET);
  store<i32>(job, slot, JOB_SLOT);
  // RFC 4301 §5.1.2.1: DSCP is copied; RFC 6040 §4.1, normal mode: so is ECN
  store<i32>(job, viewed(VIEW_TOS), JOB_TOS);
}

/** Too big and not to be fragmented: the sender is told. */
function refuse(at: usize, mtu: i32): void {
  count(OUT_BUNDLE_CHECK_ERRORS);
  if (slotsLeft() == 0) return;
  const to = slotAt(takeSlot());
  const length = writeTooBig(at, mtu, to);
  if (length == 0) return;
  writeTun(to, length);
  count(TOO_BIG_SENT);
}

/** Each fragment is written where it will be encrypted, in place: header and IV go in front of it. */
function cut(at: usize, sa: usize, mtu: i32): void {
  const pieces = countFragments(mtu);
  if (pieces == 0 || pieces > slotsLeft()) return count(OUT_BUNDLE_ERRORS);
  for (let i = 0; i < pieces; i++) {
    const slot = takeSlot();
    const to = slotAt(slot) + ESP_HEADER + load<i32>(sa, SA_IV_BYTES);
    addPacket(sa, slot, to, writeFragment(at, mtu, i, to));
  }
  count(FRAGMENTED);
}

// ---- 5. send -------------------------------------------------------------------------------------

function send(job: usize): void {
  const sa = saOf(job);
  const overhead = ESP_HEADER + load<i32>(sa, SA_IV_BYTES) + load<i32>(sa, SA_ICV_BYTES);
  const length = overhead + load<i32>(job, JOB_TEXT);
  const at: usize = load<u32>(job, JOB_TARGET);
  sendEsp(sa, load<i32>(job, JOB_SLOT), at, length, load<i32>(job, JOB_TOS));
}
