// One policy as the packet path reads it (src/contract/layout.ts, "policies").
import * as ids from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import { type Prefix, prefixRange } from '../policy/address.js';
import type { Policy } from '../policy/database.js';
import { isTemplate } from '../policy/template.js';

const ACTION = { none: ids.ACTION_NONE, discard: ids.ACTION_DISCARD, encrypt: ids.ACTION_ENCRYPT };
const LEVEL = { require: ids.LEVEL_REQUIRE, unique: ids.LEVEL_UNIQUE, use: ids.LEVEL_USE };
const ANY_PROTOCOL = 256;
const LOW_64 = 0xffff_ffff_ffff_ffffn;

/** `head`: first outbound slot + 1 of its chain of SAs, or 0. */
export function writePolicy(view: DataView, at: number, policy: Policy, head: number): void {
  new Uint8Array(view.buffer, at, layout.POLICY_SIZE).fill(0);
  writeRange(view, at + layout.POLICY_SRC_LOW, at + layout.POLICY_SRC_HIGH, policy.src);
  writeRange(view, at + layout.POLICY_DST_LOW, at + layout.POLICY_DST_HIGH, policy.dst);
  const u16 = (offset: number, value: number): void => view.setUint16(at + offset, value, true);
  const u32 = (offset: number, value: number): void => view.setUint32(at + offset, value, true);
  u16(layout.POLICY_SRC_PORT_LOW, policy.srcPort ?? 0);
  u16(layout.POLICY_SRC_PORT_HIGH, policy.srcPort ?? 65535);
  u16(layout.POLICY_DST_PORT_LOW, policy.dstPort ?? 0);
  u16(layout.POLICY_DST_PORT_HIGH, policy.dstPort ?? 65535);
  u32(layout.POLICY_PROTOCOL, policy.protocol === 0 ? ANY_PROTOCOL : policy.protocol);
  u32(layout.POLICY_ACTION, isTemplate(policy) ? ids.ACTION_TEMPLATE : ACTION[policy.action]);
  u32(layout.POLICY_LEVEL, LEVEL[policy.level]);
  u32(layout.POLICY_ID, policy.id);
  u32(layout.POLICY_SA, head);
  u32(layout.POLICY_FAMILY, policy.src.address.family);
}

/** First and last address of a prefix, 16 bytes each, IPv4 as ::ffff:a.b.c.d. */
function writeRange(view: DataView, low: number, high: number, prefix: Prefix): void {
  const { start, end } = prefixRange(prefix);
  for (const [at, value] of [
    [low, start],
    [high, end],
  ] as const) {
    if (prefix.address.family === 4) {
      view.setUint32(at + 8, 0xffff);
      view.setUint32(at + 12, Number(value));
    } else {
      view.setBigUint64(at, value >> 64n);
      view.setBigUint64(at + 8, value & LOW_64);
    }
  }
}
