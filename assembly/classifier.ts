// The first policy in order that holds the packet in view, by the decision trees that
// src/dataplane/classifier.ts made of the copy:
//   1. key      the packet's fields side by side, 128 bits each
//   2. descend  at each node to the side of the threshold that the field is on
//   3. leaf     its policies one by one; the first that matches is the leaf's answer
//   4. go back  to the trees across that were put off, where they may still hold an earlier policy
import { ACTION_TEMPLATE } from '../src/contract/ids';
import {
  KEY_DST,
  KEY_DST_PORT,
  KEY_PROTOCOL,
  KEY_SRC,
  KEY_SRC_PORT,
  LIST_END,
  NODE_ACROSS,
  NODE_BELOW,
  NODE_FIELD,
  NODE_LEAST,
  NODE_THRESHOLD,
  POLICY_ACTION,
  POLICY_ID,
  POLICY_SIZE,
  REF_KIND,
  REF_LIST,
  REF_POLICY,
} from '../src/contract/layout';
import { findDynamic } from './dynamic';
import {
  VIEW_DST_HIGH,
  VIEW_DST_PORT,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_SRC_PORT,
} from './ip/packet';
import { holds } from './match';
import { KEY, PUT_OFF, scratchAt, VIEW } from './memory';

/** No policy holds the packet. */
export const NONE: u32 = 0xffffffff;

/**
 * Index of the first policy of the table at `policies` that holds the packet in view, or NONE. Of a
 * `later` fragment ports are not looked at; `root` is then that of the trees made for them.
 */
export function firstMatch(root: u32, policies: usize, later: bool): u32 {
  writeKey();
  const putOff = scratchAt + PUT_OFF;
  // the root is put off like any tree across, so that there is one way to begin
  store<u32>(putOff, root);
  store<u32>(putOff, 0, 4);
  let best = NONE;
  for (let top = putOff + 8; top > putOff; ) {
    top -= 8;
    if (load<u32>(top, 4) >= best) continue;
    let reference = load<u32>(top);
    while (reference != 0 && (reference & REF_KIND) == 0) {
      const across = load<u32>(reference, NODE_ACROSS);
      if (across != 0) {
        store<u32>(top, across);
        store<u32>(top, load<u16>(reference, NODE_LEAST), 4);
        top += 8;
      }
      reference = load<u32>(reference + isAbove(reference) * 4, NODE_BELOW);
    }
    best = min<u32>(best, searchLeaf(reference, policies, later));
  }
  return best;
}

// ---- 1. key --------------------------------------------------------------------------------------

function writeKey(): void {
  const view = scratchAt + VIEW;
  const key = scratchAt + KEY;
  v128.store(key, v128.load(view, VIEW_SRC_HIGH), KEY_SRC);
  v128.store(key, v128.load(view, VIEW_DST_HIGH), KEY_DST);
  store<u64>(key, 0, KEY_SRC_PORT);
  store<u64>(key, load<u32>(view, VIEW_SRC_PORT), KEY_SRC_PORT + 8);
  store<u64>(key, 0, KEY_DST_PORT);
  store<u64>(key, load<u32>(view, VIEW_DST_PORT), KEY_DST_PORT + 8);
  store<u64>(key, 0, KEY_PROTOCOL);
  store<u64>(key, load<u32>(view, VIEW_PROTOCOL), KEY_PROTOCOL + 8);
}

// ---- 2. descend ----------------------------------------------------------------------------------

/** 1 where the field is at or above the threshold, else 0; without a branch, which would be a guess. */
function isAbove(node: u32): u32 {
  const field = scratchAt + KEY + load<u16>(node, NODE_FIELD);
  const high = load<u64>(field);
  const limit = load<u64>(node, NODE_THRESHOLD);
  const low = <u32>(load<u64>(field, 8) >= load<u64>(node, NODE_THRESHOLD + 8));
  return <u32>(high > limit) | (<u32>(high == limit) & low);
}

// ---- 3. leaf -------------------------------------------------------------------------------------

function searchLeaf(reference: u32, policies: usize, later: bool): u32 {
  const kind = reference & REF_KIND;
  if (kind == REF_POLICY) {
    const index = reference >> 2;
    return matches(policies + index * POLICY_SIZE, later) ? index : NONE;
  }
  if (kind != REF_LIST) return NONE;
  let entry: usize = reference - REF_LIST;
  let index: u32 = load<u16>(entry);
  while (index != LIST_END && !matches(policies + index * POLICY_SIZE, later)) {
    entry += 2;
    index = load<u16>(entry);
  }
  return index == LIST_END ? NONE : index;
}

/** A template holds what a policy made from it holds. */
function matches(policy: usize, later: bool): bool {
  if (!holds(policy, later)) return false;
  if (load<u32>(policy, POLICY_ACTION) != ACTION_TEMPLATE) return true;
  return findDynamic(load<u32>(policy, POLICY_ID), later) != 0;
}
