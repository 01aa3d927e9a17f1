// What follows on a packet whose ICV is right, and only then (RFC 4303 §3.4.4):
//   1. accept   replay commit, trailer, counters of the SA, a peer that moved
//   2. unwrap   tunnel mode: the packet inside, ECN; transport mode: its header in front again
//   3. deliver  the packet against selectors and policy, MSS, to the TUN's list
import * as drops from '../src/contract/drops';
import {
  ACTION_DISCARD,
  ACTION_ENCRYPT,
  MAIL_FIRST_USE,
  MAIL_MOVED,
  SA_FLAG_TRANSPORT,
  SA_FLAG_UDP,
} from '../src/contract/ids';
import {
  CONTROL_AT,
  CONTROL_MSS_CLAMP,
  FLOW_POLICY,
  MAIL_SA_REMOTE,
  MAIL_SA_REMOTE_PORT,
  POLICY_ACTION,
  POLICY_OWNER,
  SA_FLAGS,
  SA_INNER_MTU,
  SA_POLICY,
  SA_MOVED_AT,
  SA_REMOTE,
  SA_REMOTE_PORT,
} from '../src/contract/layout';
import { isAh, statedBytes, stripAh } from './ah';
import { admitInner, isAround } from './bundle';
import { count, countMore } from './counters';
import {
  JOB_HEADER,
  JOB_INDEX,
  JOB_SEQUENCE,
  JOB_TARGET,
  JOB_TEXT,
  JOB_TOS,
  NO_NEXT_HEADER,
  saOf,
} from './esp';
import { followFirst, INWARD, noteFragment } from './fragments';
import { deliverJoined } from './ip/coalesce';
import { mergeEcn } from './ip/ecn';
import { clampMss } from './ip/mss';
import {
  IP_IN_IP,
  IPV6_IN_IP,
  parsePacket,
  reverseView,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_TOTAL,
  viewed,
  WHOLE,
} from './ip/packet';
import { mailSa, openSaMail, postMail } from './mail';
import { BATCH_NOW, scratchAt } from './memory';
import { AMBIGUOUS, findFlow, NO_POLICY } from './policy';
import { ORIGIN_REMOTE, ORIGIN_REMOTE_PORT, readName } from './receive';
import { ADVANCED, commitReplay, REPLAYED } from './replay';
import { account, selectorsHold } from './sa';
import { mendChecksum, rebuild } from './transport';

const MOVED_MS: u64 = 1000;

// ---- 1. accept -----------------------------------------------------------------------------------

/** The packet is authentic: now it may change the SA. */
export function accept(job: usize): void {
  const sa = saOf(job);
  const taken = commitReplay(sa, load<u64>(job, JOB_SEQUENCE));
  if (taken == REPLAYED) return count(drops.IN_STATE_SEQUENCE_ERRORS);
  if (taken == ADVANCED && load<u32>(sa, SA_FLAGS) & SA_FLAG_UDP) {
    noticeMove(sa, load<i32>(job, JOB_INDEX));
  }
  if (isAh(sa)) return acceptAh(sa, job);
  const at: usize = load<u32>(job, JOB_TARGET);
  const text = load<i32>(job, JOB_TEXT);
  const length = text - 2 - load<u8>(at + text - 2);
  const sound = length >= 0 && paddingIsSound(at + length, text - 2 - length);
  if (account(sa, 1, sound ? length : 0) == 0) mailSa(MAIL_FIRST_USE, sa);
  if (!sound) return count(drops.IN_HEADER_ERRORS);
  const next = load<u8>(at + text - 1);
  if (next == NO_NEXT_HEADER) return count(drops.DUMMIES);
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_TRANSPORT) {
    passWhole(sa, rebuild(sa, job, at, length, next), at, length);
  } else {
    unwrapTunnel(sa, at, length, next, load<i32>(job, JOB_TOS));
  }
}

/** RFC 4302 §3.4.4: what follows the AH, as it stands. */
function acceptAh(sa: usize, job: usize): void {
  const header: usize = load<u32>(job, JOB_TARGET) + load<u32>(job, JOB_HEADER);
  const bytes = statedBytes(header);
  const at = header + bytes;
  const length = load<i32>(job, JOB_TEXT) - load<i32>(job, JOB_HEADER) - bytes;
  if (account(sa, 1, length) == 0) mailSa(MAIL_FIRST_USE, sa);
  const next: i32 = load<u8>(header);
  if (isAround(sa)) return admitInner(sa, job, at, length, next);
  if (next == NO_NEXT_HEADER) return count(drops.DUMMIES);
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_TRANSPORT) {
    passWhole(sa, stripAh(job, at, length, next), at, length);
  } else {
    unwrapTunnel(sa, at, length, next, load<i32>(job, JOB_TOS));
  }
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

// ---- 2. unwrap -----------------------------------------------------------------------------------

function unwrapTunnel(sa: usize, at: usize, length: i32, next: i32, tos: i32): void {
  if (next != IP_IN_IP && next != IPV6_IN_IP) return count(drops.IN_STATE_MODE_ERRORS);
  // bytes behind the inner packet's own length are TFC padding (RFC 4303 §2.7)
  if (!parsePacket(at, length)) return count(drops.IN_HEADER_ERRORS);
  const family = viewed(VIEW_FAMILY);
  if ((family == 4) != (next == IP_IN_IP)) return count(drops.IN_STATE_MODE_ERRORS);
  if (!mayPass(sa)) return;
  if (!mergeEcn(at, tos)) return count(drops.IN_STATE_MODE_ERRORS);
  deliver(sa, at);
}

/** The packet begins at `from`; from `at` on, `length` bytes of it were protected. */
function passWhole(sa: usize, from: usize, at: usize, length: i32): void {
  if (!parsePacket(from, length + <i32>(at - from))) return count(drops.IN_HEADER_ERRORS);
  // transport mode carries whole datagrams (RFC 4303 §3.3.4)
  if (viewed(VIEW_FRAGMENT) != WHOLE) return count(drops.IN_STATE_MODE_ERRORS);
  if (!mayPass(sa)) return;
  mendChecksum(sa, from);
  deliver(sa, from);
}

// ---- 3. deliver ----------------------------------------------------------------------------------

/** Whether selectors and policy let the packet in view in; counts the reason where not. */
function mayPass(sa: usize): bool {
  reverseView();
  const reason = followFirst(INWARD) ? refusalOf(sa) : drops.IN_POLICY_ERRORS;
  if (reason >= 0) count(reason);
  else noteFragment(INWARD);
  return reason < 0;
}

/** A column of drops.ts, or -1. */
function refusalOf(sa: usize): i32 {
  if (!selectorsHold(sa)) return drops.IN_TEMPLATE_MISMATCHES;
  const policy: u32 = load<u32>(findFlow(), FLOW_POLICY);
  if (policy == AMBIGUOUS) return drops.IN_POLICY_ERRORS;
  if (policy == NO_POLICY) return drops.IN_NO_POLICIES;
  const action = load<u32>(policy, POLICY_ACTION);
  if (action == ACTION_ENCRYPT) {
    // a made policy is its peer's alone: another's SA, be its selectors the same, does not serve it
    const owner = load<u32>(policy, POLICY_OWNER);
    return owner == 0 || owner == load<u32>(sa, SA_POLICY) ? -1 : drops.IN_TEMPLATE_MISMATCHES;
  }
  return action == ACTION_DISCARD ? drops.IN_POLICY_BLOCKED : drops.IN_NO_POLICIES;
}

function deliver(sa: usize, at: usize): void {
  const most = load<i32>(CONTROL_AT + CONTROL_MSS_CLAMP);
  if (most) clampMss(at, min(most, load<i32>(sa, SA_INNER_MTU)));
  const total = viewed(VIEW_TOTAL);
  if (deliverJoined(sa, at)) count(drops.COALESCED);
  count(drops.IN_PACKETS);
  countMore(drops.IN_BYTES, total);
}
