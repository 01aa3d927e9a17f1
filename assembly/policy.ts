// The security policy database: which ordered policy holds a packet, remembered per flow.
//   1. findFlow: the flow cache; on a miss   2. lookupPolicy: the first policy that holds the packet
//   3. flowSa: the outbound SA of that policy for this flow
// A policy with ports cannot be told apart for a later fragment, which has none unless it follows its
// first (fragments.ts). Where such a policy would encrypt or discard, the answer is AMBIGUOUS and the
// packet goes nowhere: nothing that may be protected leaves in the clear (RFC 4301 §7).
import { ACTION_TEMPLATE } from '../src/contract/ids';
import {
  CLASSIFIER_COPY,
  CLASSIFIER_LATER,
  CLASSIFIER_ROOTS,
  CLASSIFIERS_AT,
  CONTROL_AT,
  CONTROL_POLICY_COPY,
  FLOW_CHAIN,
  FLOW_DST,
  FLOW_ENTRIES,
  FLOW_ENTRY,
  FLOW_EPOCH,
  FLOW_KIND,
  FLOW_POLICY,
  FLOW_PORTS,
  FLOW_SA,
  FLOW_SRC,
  POLICIES_AT,
  POLICIES_COPY,
  POLICY_ACTION,
  POLICY_CHAIN,
  POLICY_DST_PORT_LOW,
  POLICY_ID,
  POLICY_SA,
  POLICY_SIZE,
  POLICY_SRC_PORT_LOW,
  WORKER_FLOWS,
} from '../src/contract/layout';
import { firstMatch, NONE } from './classifier';
import { findDynamic } from './dynamic';
import {
  LATER,
  VIEW_DST_HIGH,
  VIEW_DST_LOW,
  VIEW_DST_PORT,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_SRC_LOW,
  VIEW_SRC_PORT,
  viewed,
} from './ip/packet';
import { BATCH_EPOCH, scratchAt, VIEW, workerAt } from './memory';
import { findOutbound, isUsable } from './sa';

export const NO_POLICY: u32 = 0;
export const AMBIGUOUS: u32 = 1;
/** Two u16, low and high. */
const ALL_PORTS: u32 = 0xffff0000;

/** The cache entry of the packet in view (seen outward), its policy filled in. */
export function findFlow(): usize {
  const view = scratchAt + VIEW;
  const ports = <u32>((viewed(VIEW_SRC_PORT) << 16) | viewed(VIEW_DST_PORT));
  const later = viewed(VIEW_FRAGMENT) == LATER ? 1 : 0;
  const kind = <u32>(viewed(VIEW_PROTOCOL) | (viewed(VIEW_FAMILY) << 8) | (later << 16));
  const epoch = load<u32>(scratchAt + BATCH_EPOCH);
  const flow = workerAt + WORKER_FLOWS + hashOf(view, ports, kind) * FLOW_ENTRY;
  const source = v128.load(view, VIEW_SRC_HIGH);
  const destination = v128.load(view, VIEW_DST_HIGH);
  const difference = v128.or(
    v128.xor(source, v128.load(flow, FLOW_SRC)),
    v128.xor(destination, v128.load(flow, FLOW_DST)),
  );
  if (
    load<u32>(flow, FLOW_EPOCH) == epoch &&
    load<u32>(flow, FLOW_PORTS) == ports &&
    load<u32>(flow, FLOW_KIND) == kind &&
    !v128.any_true(difference)
  ) {
    return flow;
  }
  v128.store(flow, source, FLOW_SRC);
  v128.store(flow, destination, FLOW_DST);
  store<u32>(flow, ports, FLOW_PORTS);
  store<u32>(flow, kind, FLOW_KIND);
  store<u32>(flow, epoch, FLOW_EPOCH);
  store<u32>(flow, lookupPolicy(), FLOW_POLICY);
  store<u32>(flow, 0, FLOW_SA);
  return flow;
}

function hashOf(view: usize, ports: u32, kind: u32): u32 {
  const source = load<u64>(view, VIEW_SRC_HIGH) ^ rotl<u64>(load<u64>(view, VIEW_SRC_LOW), 21);
  const destination = load<u64>(view, VIEW_DST_HIGH) ^ rotl<u64>(load<u64>(view, VIEW_DST_LOW), 43);
  let hash = (source ^ (((<u64>kind) << 32) | ports)) * 0x9e3779b97f4a7c15;
  hash = (hash ^ (hash >> 29) ^ destination) * 0xbf58476d1ce4e5b9;
  return <u32>(hash >> 40) & (FLOW_ENTRIES - 1);
}

/** Address of the first policy in order that holds the packet in view, NO_POLICY or AMBIGUOUS. */
export function lookupPolicy(): u32 {
  const copy = atomic.load<u32>(CONTROL_AT, CONTROL_POLICY_COPY) & 1;
  const policies: usize = POLICIES_AT + copy * POLICIES_COPY;
  const later = viewed(VIEW_FRAGMENT) == LATER;
  const family: u32 = viewed(VIEW_FAMILY) == 6 ? 4 : 0;
  const root: usize = CLASSIFIERS_AT + copy * CLASSIFIER_COPY + CLASSIFIER_ROOTS + family;
  const reference = load<u32>(later ? root + CLASSIFIER_LATER : root);
  const index = firstMatch(reference, policies, later);
  if (index == NONE) return NO_POLICY;
  const policy = standingAt(policies + index * POLICY_SIZE, later);
  // made policies may go between two looks: this packet is lost, the next one asks anew
  if (policy == 0) return AMBIGUOUS;
  return later && hasPorts(policy) ? AMBIGUOUS : <u32>policy;
}

/** The policy in the place of a template, or the one that is there itself. */
function standingAt(policy: usize, later: bool): usize {
  if (load<u32>(policy, POLICY_ACTION) != ACTION_TEMPLATE) return policy;
  return findDynamic(load<u32>(policy, POLICY_ID), later);
}

function hasPorts(policy: usize): bool {
  return (
    load<u32>(policy, POLICY_SRC_PORT_LOW) != ALL_PORTS ||
    load<u32>(policy, POLICY_DST_PORT_LOW) != ALL_PORTS
  );
}

/**
 * The outbound SA of a flow whose policy encrypts, or 0. It is remembered until the policy's chain
 * changes: the SAs of one policy come and go without the flows of another noticing.
 */
export function flowSa(flow: usize): usize {
  const policy: usize = load<u32>(flow, FLOW_POLICY);
  // before the chain: a change that comes in between is seen at the next packet
  const chain = atomic.load<u32>(policy, POLICY_CHAIN);
  const known: usize = load<u32>(flow, FLOW_SA);
  if (known != 0 && load<u32>(flow, FLOW_CHAIN) == chain && isUsable(known)) return known;
  const sa = findOutbound(atomic.load<u32>(policy, POLICY_SA));
  store<u32>(flow, <u32>sa, FLOW_SA);
  store<u32>(flow, chain, FLOW_CHAIN);
  return sa;
}
