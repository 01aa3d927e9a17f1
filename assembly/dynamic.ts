// Policies made from templates (src/dataplane/dynamic-table.ts): the first made of those that hold the
// packet in view, found by a hash of template and destination in every class of prefix lengths there is.
import {
  CONTROL_AT,
  CONTROL_DYNAMIC_4,
  CONTROL_DYNAMIC_6,
  DYNAMIC_BUCKETS,
  DYNAMIC_HEADS,
  POLICY_ID,
  POLICY_NEXT,
  POLICY_TEMPLATE,
} from '../src/contract/layout';
import { VIEW_DST_HIGH, VIEW_DST_LOW, VIEW_FAMILY, viewed } from './ip/packet';
import { holds } from './match';
import { scratchAt, VIEW } from './memory';

/** Address of the policy, 0 where none made from `template` holds the packet. */
export function findDynamic(template: u32, later: bool): u32 {
  const six = viewed(VIEW_FAMILY) == 6;
  const control = CONTROL_AT + (six ? CONTROL_DYNAMIC_6 : CONTROL_DYNAMIC_4);
  let classes = atomic.load<u32>(control);
  let best: u32 = 0;
  for (; classes != 0; classes &= classes - 1) {
    const number = ctz<u32>(classes);
    const bits = six ? number * 16 : 96 + number * 8;
    let at = atomic.load<u32>(DYNAMIC_HEADS + bucketOf(template, bits) * 4);
    for (; at != 0; at = atomic.load<u32>(at, POLICY_NEXT)) {
      if (load<u32>(at, POLICY_TEMPLATE) != template || !holds(at, later)) continue;
      // the one made first has what a later one of the same template asks for as well
      if (best == 0 || load<u32>(at, POLICY_ID) < load<u32>(best, POLICY_ID)) best = at;
    }
  }
  return best;
}

/** The same in src/dataplane/dynamic-table.ts. */
function bucketOf(template: u32, bits: u32): u32 {
  const view = scratchAt + VIEW;
  const high = load<u64>(view, VIEW_DST_HIGH) & leading(bits);
  const low = load<u64>(view, VIEW_DST_LOW) & leading(bits > 64 ? bits - 64 : 0);
  let hash = mix(template, bits);
  hash = mix(hash, <u32>(high >> 32));
  hash = mix(hash, <u32>high);
  hash = mix(hash, <u32>(low >> 32));
  return mix(hash, <u32>low) & (DYNAMIC_BUCKETS - 1);
}

/** Ones in the first `bits` places. */
function leading(bits: u32): u64 {
  return bits == 0 ? 0 : bits >= 64 ? ~(<u64>0) : ~(<u64>0) << (64 - bits);
}

function mix(hash: u32, word: u32): u32 {
  const mixed = (hash ^ word) * 0x9e3779b1;
  return mixed ^ (mixed >> 15);
}
