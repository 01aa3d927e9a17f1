// Packets from the peers to the TUN, a batch at a time:
//   1. demultiplex  keepalive, IKE (mail to main) or ESP, by port and marker (RFC 3948 §2.2)
//   2. admit        SPI → SA; its state, encapsulation and limits; lengths; replay check, no effect
//   3. open         (open.ts) ICV, then decryption, the whole batch
//   4. accept       replay commit, trailer, counters of the SA, a peer that moved
//   5. deliver      inner packet against selectors and policy, ECN, MSS, to the TUN's list
import * as drops from '../src/contract/drops';
import {
  ACTION_DISCARD,
  ACTION_ENCRYPT,
  MAIL_FIRST_USE,
  MAIL_IKE,
  MAIL_MOVED,
  PORT_ESP4,
  PORT_ESP6,
  PORT_UDP4_4500,
  PORT_UDP4_500,
  PORT_UDP6_4500,
  PORT_UDP6_500,
  SA_FLAG_OUTBOUND,
  SA_FLAG_OUTER_V6,
  SA_FLAG_UDP,
} from '../src/contract/ids';
import {
  CONTROL_AT,
  CONTROL_MSS_CLAMP,
  FLOW_POLICY,
  MAIL_IKE_BODY,
  MAIL_IKE_BYTES,
  MAIL_IKE_LOCAL,
  MAIL_IKE_LOCAL_PORT,
  MAIL_IKE_PORT,
  MAIL_IKE_REMOTE,
  MAIL_IKE_REMOTE_PORT,
  MAIL_SA_REMOTE,
  MAIL_SA_REMOTE_PORT,
  MMSGHDR_FLAGS,
  MMSGHDR_LEN,
  POLICY_ACTION,
  RX_ROOM,
  SA_BLOCK_BYTES,
  SA_FLAGS,
  SA_ICV_BYTES,
  SA_INNER_MTU,
  SA_IV_BYTES,
  SA_MOVED_AT,
  SA_REMOTE,
  SA_REMOTE_PORT,
} from '../src/contract/layout';
import { count, countMore } from './counters';
import {
  addJob,
  DONE,
  ESP_HEADER,
  FRAMED,
  JOB_INDEX,
  JOB_LENGTH,
  JOB_SEQUENCE,
  JOB_SOURCE,
  JOB_TARGET,
  JOB_TEXT,
  JOB_TOS,
  jobAt,
  jobCount,
  NO_NEXT_HEADER,
  saOf,
  setState,
  stateOf,
} from './esp';
import { mergeEcn } from './ip/ecn';
import { clampMss } from './ip/mss';
import { IP_ESP, parsePacket, reverseView, VIEW_FAMILY, VIEW_TOTAL, viewed } from './ip/packet';
import { mailSa, openMail, openSaMail, postMail } from './mail';
import { BATCH_NOW, scratchAt } from './memory';
import { openJobs } from './open';
import { AMBIGUOUS, findFlow, NO_POLICY } from './policy';
import {
  messageAt,
  ORIGIN_LOCAL,
  ORIGIN_REMOTE,
  ORIGIN_REMOTE_PORT,
  ORIGIN_TOS,
  readName,
  readOrigin,
  receivedAt,
  TRUNCATED,
} from './receive';
import { ADVANCED, checkReplay, commitReplay, inferSequence, REPLAYED } from './replay';
import { account, findInbound, isSpent, isUsable, raiseHard, selectorsHold } from './sa';
import { slotAt, slotsLeft, takeSlot, writeTun } from './transmit';

const KEEPALIVE: u8 = 0xff; // RFC 3948 §2.3
const IKE_HEADER: i32 = 28; // RFC 7296 §3.1
const IKE_PORT: u16 = 500;
const NATT_PORT: u16 = 4500;
const MOVED_MS: u64 = 1000;

export function inboundBatch(port: i32, packets: i32): void {
  for (let i = 0; i < packets; i++) demultiplex(port, i);
  openJobs();
  const jobs = jobCount();
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) == DONE) accept(jobAt(i));
  }
}

// ---- 1. demultiplex ------------------------------------------------------------------------------

function demultiplex(port: i32, index: i32): void {
  const length = load<i32>(messageAt(index), MMSGHDR_LEN);
  const truncated = load<u32>(messageAt(index), MMSGHDR_FLAGS) & TRUNCATED;
  if (truncated || length > RX_ROOM) return count(drops.IN_BUFFER_ERRORS);
  const at = receivedAt(index);
  if (port == PORT_UDP4_500 || port == PORT_UDP6_500) return ike(port, index, at, length);
  const natt = port == PORT_UDP4_4500 || port == PORT_UDP6_4500;
  if (natt) {
    if (length == 1 && load<u8>(at) == KEEPALIVE) return count(drops.KEEPALIVES);
    if (length < 4) return count(drops.IN_HEADER_ERRORS);
    if (load<u32>(at) == 0) return ike(port, index, at + 4, length - 4);
    const tos = load<i32>(readOrigin(index), ORIGIN_TOS);
    return admit(
      index,
      at,
      length,
      tos,
      SA_FLAG_UDP | (port == PORT_UDP6_4500 ? SA_FLAG_OUTER_V6 : 0),
    );
  }
  if (port == PORT_ESP6) {
    const tos = load<i32>(readOrigin(index), ORIGIN_TOS);
    return admit(index, at, length, tos, SA_FLAG_OUTER_V6);
  }
  if (port == PORT_ESP4) return rawIpv4(index, at, length);
  count(drops.IN_ERRORS);
}

/** A raw IPv4 socket delivers the header too; the kernel has checked and reassembled the packet. */
function rawIpv4(index: i32, at: usize, length: i32): void {
  if (length < 20) return count(drops.IN_HEADER_ERRORS);
  const header: i32 = (load<u8>(at) & 15) << 2;
  const total: i32 = bswap<u16>(load<u16>(at, 2));
  const wrong = load<u8>(at) >> 4 != 4 || header < 20 || total < header || total > length;
  if (wrong || load<u8>(at, 9) != IP_ESP) return count(drops.IN_HEADER_ERRORS);
  admit(index, at + header, total - header, load<u8>(at, 1), 0);
}

/** IKE is main's business: the message goes there as it is, without the non-ESP marker. */
function ike(port: i32, index: i32, at: usize, length: i32): void {
  if (length < IKE_HEADER) return count(drops.IN_HEADER_ERRORS);
  const origin = readOrigin(index);
  const mail = openMail(MAIL_IKE, MAIL_IKE_BODY + length);
  if (mail == 0) return;
  const natt = port == PORT_UDP4_4500 || port == PORT_UDP6_4500;
  store<i32>(mail, port, MAIL_IKE_PORT);
  store<i32>(mail, length, MAIL_IKE_BYTES);
  v128.store(mail, v128.load(origin, ORIGIN_LOCAL), MAIL_IKE_LOCAL);
  v128.store(mail, v128.load(origin, ORIGIN_REMOTE), MAIL_IKE_REMOTE);
  store<u16>(mail, natt ? NATT_PORT : IKE_PORT, MAIL_IKE_LOCAL_PORT);
  store<u16>(mail, <u16>load<i32>(origin, ORIGIN_REMOTE_PORT), MAIL_IKE_REMOTE_PORT);
  memory.copy(mail + MAIL_IKE_BODY, at, length);
  postMail(mail);
}

// ---- 2. admit ------------------------------------------------------------------------------------

/** `outer`: the SA_FLAG_* that the way it came requires. */
function admit(index: i32, at: usize, length: i32, tos: i32, outer: u32): void {
  if (length < ESP_HEADER) return count(drops.IN_HEADER_ERRORS);
  const sa = findInbound(bswap<u32>(load<u32>(at)));
  if (sa == 0) return count(drops.IN_NO_STATES);
  const flags = load<u32>(sa, SA_FLAGS);
  if (flags & SA_FLAG_OUTBOUND) return count(drops.IN_NO_STATES);
  if (!isUsable(sa)) return count(drops.IN_STATE_INVALID);
  if (isSpent(sa)) {
    raiseHard(sa);
    return count(drops.IN_STATE_EXPIRED);
  }
  if ((flags & (SA_FLAG_UDP | SA_FLAG_OUTER_V6)) != outer) return count(drops.IN_STATE_MISMATCHES);
  const block = load<i32>(sa, SA_BLOCK_BYTES);
  const text = length - ESP_HEADER - load<i32>(sa, SA_IV_BYTES) - load<i32>(sa, SA_ICV_BYTES);
  if (text < block) return count(drops.IN_HEADER_ERRORS);
  if (text & (block - 1)) return count(drops.IN_STATE_PROTOCOL_ERRORS);
  const sequence = inferSequence(sa, bswap<u32>(load<u32>(at, 4)));
  if (!checkReplay(sa, sequence)) return count(drops.IN_STATE_SEQUENCE_ERRORS);
  if (slotsLeft() == 0) return count(drops.IN_BUFFER_ERRORS);
  const job = addJob(sa);
  store<u64>(job, sequence, JOB_SEQUENCE);
  store<u32>(job, <u32>at, JOB_SOURCE);
  store<i32>(job, length, JOB_LENGTH);
  store<u32>(job, <u32>slotAt(takeSlot()), JOB_TARGET);
  store<i32>(job, text, JOB_TEXT);
  store<i32>(job, tos, JOB_TOS);
  store<i32>(job, index, JOB_INDEX);
  setState(job, FRAMED);
}

// ---- 4. accept -----------------------------------------------------------------------------------

/** The packet is authentic: now it may change the SA. */
function accept(job: usize): void {
  const sa = saOf(job);
  const taken = commitReplay(sa, load<u64>(job, JOB_SEQUENCE));
  if (taken == REPLAYED) return count(drops.IN_STATE_SEQUENCE_ERRORS);
  if (taken == ADVANCED && load<u32>(sa, SA_FLAGS) & SA_FLAG_UDP) {
    noticeMove(sa, load<i32>(job, JOB_INDEX));
  }
  const at: usize = load<u32>(job, JOB_TARGET);
  const text = load<i32>(job, JOB_TEXT);
  const length = text - 2 - load<u8>(at + text - 2);
  const sound = length >= 0 && paddingIsSound(at + length, text - 2 - length);
  if (account(sa, 1, sound ? length : 0) == 0) mailSa(MAIL_FIRST_USE, sa);
  if (!sound) return count(drops.IN_HEADER_ERRORS);
  const next = load<u8>(at + text - 1);
  if (next == NO_NEXT_HEADER) return count(drops.DUMMIES);
  if (next != 4 && next != 41) return count(drops.IN_STATE_MODE_ERRORS);
  deliver(sa, at, length, next == 4 ? 4 : 6, load<i32>(job, JOB_TOS));
}

/** RFC 4303 §2.4: padding counts 1, 2, 3 … */
function paddingIsSound(at: usize, length: i32): bool {
  let difference: u32 = 0;
  for (let i = 0; i < length; i++) difference |= load<u8>(at + i) ^ <u8>(i + 1);
  return difference == 0;
}

/**
 * An authentic packet that is newer than all before came from another address or port: the NAT in
 * between rebound (RFC 7296 §2.23). The control plane decides; at most one notice a second.
 */
function noticeMove(sa: usize, index: i32): void {
  const origin = readName(index);
  const port = load<i32>(origin, ORIGIN_REMOTE_PORT);
  const address = v128.load(origin, ORIGIN_REMOTE);
  const moved = v128.any_true(v128.xor(address, v128.load(sa, SA_REMOTE)));
  if (!moved && port == load<u16>(sa, SA_REMOTE_PORT)) return;
  const now = load<u64>(scratchAt + BATCH_NOW);
  const last = load<u64>(sa, SA_MOVED_AT);
  if (last != 0 && now - last < MOVED_MS) return;
  const mail = openSaMail(MAIL_MOVED, sa);
  if (mail == 0) return;
  store<u64>(sa, now, SA_MOVED_AT);
  v128.store(mail, address, MAIL_SA_REMOTE);
  store<u16>(mail, <u16>port, MAIL_SA_REMOTE_PORT);
  postMail(mail);
}

// ---- 5. deliver ----------------------------------------------------------------------------------

function deliver(sa: usize, at: usize, length: i32, family: i32, tos: i32): void {
  // bytes behind the inner packet's own length are TFC padding (RFC 4303 §2.7)
  if (!parsePacket(at, length)) return count(drops.IN_HEADER_ERRORS);
  if (viewed(VIEW_FAMILY) != family) return count(drops.IN_STATE_MODE_ERRORS);
  reverseView();
  if (!selectorsHold(sa)) return count(drops.IN_TEMPLATE_MISMATCHES);
  const policy: u32 = load<u32>(findFlow(), FLOW_POLICY);
  if (policy == AMBIGUOUS) return count(drops.IN_POLICY_ERRORS);
  if (policy == NO_POLICY) return count(drops.IN_NO_POLICIES);
  const action = load<u32>(policy, POLICY_ACTION);
  if (action != ACTION_ENCRYPT) {
    return count(action == ACTION_DISCARD ? drops.IN_POLICY_BLOCKED : drops.IN_NO_POLICIES);
  }
  if (!mergeEcn(at, tos)) return count(drops.IN_STATE_MODE_ERRORS);
  if (load<u32>(CONTROL_AT + CONTROL_MSS_CLAMP)) clampMss(at, load<i32>(sa, SA_INNER_MTU));
  const total = viewed(VIEW_TOTAL);
  writeTun(at, total);
  count(drops.IN_PACKETS);
  countMore(drops.IN_BYTES, total);
}
