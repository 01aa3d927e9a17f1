// The ordered policies in shared memory: two copies, the live one named by CONTROL_POLICY_COPY. A
// change writes the other copy and flips; workers drop their flow caches at the next epoch.
import * as ids from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import { prefixRange } from '../policy/address.js';
import type { Policy } from '../policy/database.js';
import { writeAddress } from './sa-record.js';

const ACTION = { none: ids.ACTION_NONE, discard: ids.ACTION_DISCARD, encrypt: ids.ACTION_ENCRYPT };
const LEVEL = { require: ids.LEVEL_REQUIRE, unique: ids.LEVEL_UNIQUE, use: ids.LEVEL_USE };
const ANY_PROTOCOL = 256;

export class PolicyTable {
  readonly #view: DataView;
  readonly #words: Uint32Array;
  #order: readonly Policy[] = [];

  constructor(memory: WebAssembly.Memory) {
    this.#view = new DataView(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
  }

  /** Replaces all policies; `headOf` gives the first outbound slot + 1 of a policy, or 0. */
  set(policies: readonly Policy[], headOf: (policy: number) => number): void {
    if (policies.length > layout.MAX_POLICIES) {
      throw new Error(`${policies.length} policies: at most ${layout.MAX_POLICIES} have room`);
    }
    const copy = 1 - this.#live();
    policies.forEach((policy, index) => {
      this.#write(this.#at(copy, index), policy, headOf(policy.id));
    });
    const { CONTROL_AT, CONTROL_POLICY_COPY, CONTROL_POLICY_COUNT } = layout;
    Atomics.store(this.#words, (CONTROL_AT + CONTROL_POLICY_COUNT) / 4 + copy, policies.length);
    Atomics.store(this.#words, (CONTROL_AT + CONTROL_POLICY_COPY) / 4, copy);
    this.#order = policies;
    this.raiseEpoch();
  }

  /** Makes `head` (slot + 1, 0: none) the start of the policy's chain of outbound SAs. */
  setHead(policy: number, head: number): void {
    const index = this.#order.findIndex(({ id }) => id === policy);
    if (index < 0) return; // the policy went while its SA was negotiated
    Atomics.store(this.#words, (this.#at(this.#live(), index) + layout.POLICY_SA) / 4, head);
    this.raiseEpoch();
  }

  /** Whatever workers remember about flows is looked up again. */
  raiseEpoch(): void {
    Atomics.add(this.#words, (layout.CONTROL_AT + layout.CONTROL_POLICY_EPOCH) / 4, 1);
  }

  #live(): number {
    const { CONTROL_AT, CONTROL_POLICY_COPY } = layout;
    return Atomics.load(this.#words, (CONTROL_AT + CONTROL_POLICY_COPY) / 4) & 1;
  }

  #at(copy: number, index: number): number {
    return layout.POLICIES_AT + copy * layout.POLICIES_COPY + index * layout.POLICY_SIZE;
  }

  #write(at: number, policy: Policy, head: number): void {
    const { family } = policy.src.address;
    new Uint8Array(this.#view.buffer, at, layout.POLICY_SIZE).fill(0);
    const src = prefixRange(policy.src);
    const dst = prefixRange(policy.dst);
    writeAddress(this.#view, at + layout.POLICY_SRC_LOW, { family, value: src.start });
    writeAddress(this.#view, at + layout.POLICY_SRC_HIGH, { family, value: src.end });
    writeAddress(this.#view, at + layout.POLICY_DST_LOW, { family, value: dst.start });
    writeAddress(this.#view, at + layout.POLICY_DST_HIGH, { family, value: dst.end });
    const u16 = (offset: number, value: number): void =>
      this.#view.setUint16(at + offset, value, true);
    const u32 = (offset: number, value: number): void =>
      this.#view.setUint32(at + offset, value, true);
    u16(layout.POLICY_SRC_PORT_LOW, policy.srcPort ?? 0);
    u16(layout.POLICY_SRC_PORT_HIGH, policy.srcPort ?? 65535);
    u16(layout.POLICY_DST_PORT_LOW, policy.dstPort ?? 0);
    u16(layout.POLICY_DST_PORT_HIGH, policy.dstPort ?? 65535);
    u32(layout.POLICY_PROTOCOL, policy.protocol === 0 ? ANY_PROTOCOL : policy.protocol);
    u32(layout.POLICY_ACTION, ACTION[policy.action]);
    u32(layout.POLICY_LEVEL, LEVEL[policy.level]);
    u32(layout.POLICY_ID, policy.id);
    u32(layout.POLICY_SA, head);
    u32(layout.POLICY_FAMILY, family);
  }
}
