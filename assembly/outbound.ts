// Packets from the TUN to the peers, a round at a time:
//   1. classify  parse, virtio header, ports of a fragment (fragments.ts), flow cache, policy
//                (policy.ts): drop, pass in the clear, protect
//   2. protect   the policy's SA for this packet; without one ask the control plane and wait (held.ts);
//                what the SA's mode leaves outside (transport.ts); the fragments of a datagram that it
//                wants whole (reassembly.ts), which then begins at 1
//   3. fit       (fit.ts) one packet, or all that a super-packet stands for
//   4. seal      (seal.ts) the whole round, kernels side by side; the ESP packets of a bundle once
//                more, as what an AH protects (bundle.ts)
//   5. send      a message per sealed packet, or for many (transmit.ts), or for each of its fragments
//                (fragmenting.ts)
import {
  OUT_BUNDLE_ERRORS,
  OUT_NO_STATES,
  OUT_POLICY_BLOCKED,
  OUT_POLICY_DEAD,
  OUT_POLICY_ERRORS,
  OUT_STATE_EXPIRED,
  OUT_STATE_MODE_ERRORS,
  OUT_STATE_PROTOCOL_ERRORS,
} from '../src/contract/drops';
import {
  ACTION_DISCARD,
  ACTION_ENCRYPT,
  ACTION_NONE,
  LEVEL_USE,
  SA_DEAD,
  SA_FLAG_TRANSPORT,
} from '../src/contract/ids';
import {
  FLOW_POLICY,
  POLICY_ACTION,
  POLICY_LEVEL,
  POLICY_SA,
  RX_AT,
  RX_DONE,
  RX_HELD,
  RX_LENGTH,
  SA_FLAGS,
  SA_ICV_BYTES,
  SA_IV_BYTES,
  SA_STATE,
  SUPER_ROOM,
} from '../src/contract/layout';
import { acquire } from './acquire';
import { isAh } from './ah';
import { wrapJobs } from './bundle';
import { count } from './counters';
import {
  DONE,
  ESP_HEADER,
  JOB_HEADER,
  JOB_SLOT,
  JOB_TARGET,
  JOB_TEXT,
  JOB_TOS,
  jobAt,
  jobCount,
  nextJob,
  saOf,
  SENT,
  setState,
  stateOf,
} from './esp';
import { bypassMany, bypassOne, fitMany, fitOne, hasRoom } from './fit';
import { sendPieces } from './fragmenting';
import { followFirst, noteFragment, OUTWARD } from './fragments';
import { hold } from './held';
import { keepWhole } from './ip/extensions';
import { packetLength, setPacketLength } from './ip/header';
import { parsePacket, VIEW_DST_HIGH, VIEW_FAMILY, viewed } from './ip/packet';
import { BROKEN, MANY, readOffload } from './ip/segment';
import { scratchAt, VIEW } from './memory';
import { addPiece, hasPlace, isPiece, sweepPieces, wasAssembled } from './reassembly';
import { AMBIGUOUS, findFlow, flowSa, NO_POLICY } from './policy';
import { entryAt } from './receive';
import { isSpent, isWorn, raiseHard, recordOf } from './sa';
import { sealJobs } from './seal';
import { sendEsp } from './transmit';
import { carriesWhole, isBetweenEnds } from './transport';

/** Takes packets from `first` on, as many as this round has slots for; returns the first it left. */
export function outboundBatch(first: i32, packets: i32): i32 {
  sweepPieces(entryAt(first));
  let next = first;
  while (next < packets && hasRoom() && classify(entryAt(next))) next++;
  sealJobs();
  if (wrapJobs()) sealJobs();
  const jobs = jobCount();
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) == DONE) sendAll(i);
  }
  return next;
}

// ---- 1. classify ---------------------------------------------------------------------------------

/** False: the slots ran out inside it, and the next round goes on with the same packet. */
function classify(entry: usize): bool {
  const at: usize = load<u32>(entry, RX_AT);
  const length = load<i32>(entry, RX_LENGTH);
  if (length > SUPER_ROOM) return drop(OUT_BUNDLE_ERRORS);
  if (!parsePacket(at, length)) return drop(OUT_POLICY_ERRORS);
  const offload = readOffload(at);
  if (offload == BROKEN) return drop(OUT_POLICY_ERRORS);
  if (!followFirst(OUTWARD)) return drop(OUT_POLICY_ERRORS);
  const flow = findFlow();
  const policy: u32 = load<u32>(flow, FLOW_POLICY);
  if (policy == AMBIGUOUS) return drop(OUT_POLICY_ERRORS);
  noteFragment(OUTWARD);
  if (policy == NO_POLICY) return isOwnTalk() || bypass(entry, at, offload);
  const action = load<u32>(policy, POLICY_ACTION);
  if (action == ACTION_ENCRYPT) return protect(entry, at, offload, flow, policy);
  if (action == ACTION_NONE) return bypass(entry, at, offload);
  return drop(action == ACTION_DISCARD ? OUT_POLICY_BLOCKED : OUT_POLICY_ERRORS);
}

/** Counts, and is done with the packet. */
function drop(column: u32): bool {
  count(column);
  return true;
}

/**
 * Group reports and discoveries that the kernel makes for the device itself: IPv6 multicast without a
 * policy. Nobody sent it here to get anywhere, so it goes nowhere and is no event.
 */
function isOwnTalk(): bool {
  return viewed(VIEW_FAMILY) == 6 && load<u64>(scratchAt + VIEW, VIEW_DST_HIGH) >> 56 == 0xff;
}

function bypass(entry: usize, at: usize, offload: i32): bool {
  if (offload == MANY) return bypassMany(entry, at);
  bypassOne(at);
  return true;
}

// ---- 2. protect ----------------------------------------------------------------------------------

function protect(entry: usize, at: usize, offload: i32, flow: usize, policy: usize): bool {
  const sa = flowSa(flow);
  if (sa == 0) {
    if (isBeingRemoved(policy)) return drop(OUT_POLICY_DEAD);
    if (load<u32>(policy, POLICY_LEVEL) == LEVEL_USE) return bypass(entry, at, offload);
    acquire(policy);
    return (offload != MANY && hold(entry, policy)) || drop(OUT_NO_STATES);
  }
  if (isSpent(sa)) {
    raiseHard(sa);
    return drop(OUT_STATE_EXPIRED);
  }
  if (isWorn(sa)) {
    raiseHard(sa);
    return drop(OUT_STATE_PROTOCOL_ERRORS);
  }
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_TRANSPORT) {
    if (isPiece() && isBetweenEnds(sa)) return collect(entry, at);
    if (!carriesWhole(sa, at)) return drop(OUT_STATE_MODE_ERRORS);
  } else {
    keepWhole();
  }
  return offload == MANY ? fitMany(entry, at, sa) : fitOne(at, sa);
}

/** The packet in view is a fragment, which transport mode does not carry: its datagram, once whole. */
function collect(entry: usize, at: usize): bool {
  // a fragment within a fragment is no host's own IP
  if (wasAssembled(at)) return drop(OUT_STATE_MODE_ERRORS);
  if (!hasPlace()) return false;
  const whole = addPiece(at);
  if (whole == 0) return true;
  store<u32>(entry, <u32>whole, RX_AT);
  store<i32>(entry, packetLength(whole), RX_LENGTH);
  store<u32>(entry, 0, RX_DONE);
  store<u32>(entry, 0, RX_HELD);
  return classify(entry);
}

/** Its SA is dead and not yet out of the chain: the control plane is about it, this batch came between. */
function isBeingRemoved(policy: usize): bool {
  const head = recordOf(atomic.load<u32>(policy, POLICY_SA));
  return head != 0 && atomic.load<u32>(head, SA_STATE) == SA_DEAD;
}

// ---- 5. send -------------------------------------------------------------------------------------

/** Job `first` and all others of its SA: side by side they can share a message. */
function sendAll(first: i32): void {
  const sa = saOf(jobAt(first));
  const jobs = jobCount();
  const overhead = ESP_HEADER + load<i32>(sa, SA_IV_BYTES) + load<i32>(sa, SA_ICV_BYTES);
  for (let i = first; i < jobs; i = nextJob(i + 1, DONE, sa)) {
    const job = jobAt(i);
    const at: usize = load<u32>(job, JOB_TARGET);
    const header = load<i32>(job, JOB_HEADER);
    const slot = load<i32>(job, JOB_SLOT);
    const length = overhead + load<i32>(job, JOB_TEXT);
    setState(job, SENT);
    if (isAh(sa)) sendPieces(job, at, load<i32>(job, JOB_TEXT));
    else if (header == 0) sendEsp(sa, slot, at, length, load<i32>(job, JOB_TOS));
    else {
      // the packet's own header, whose length is known now
      setPacketLength(at - header, header, header + length);
      sendPieces(job, at - header, header + length);
    }
  }
}
