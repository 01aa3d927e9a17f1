// The ordered policies in shared memory, with the trees that find the first match among them: two
// copies, the live one named by CONTROL_POLICY_COPY. A change writes the other copy and flips; workers
// drop their flow caches at their next batch, and go on with the old copy until then. So the next
// change waits until every batch that may have seen the old copy has ended: of several, the last.
import * as layout from '../contract/layout.js';
import type { Policy } from '../policy/database.js';
import { writeClassifier } from './classifier.js';
import type { ClassifierSize } from './classifier-room.js';
import { writePolicy } from './policy-record.js';
import type { Quiescence } from './quiescence.js';

interface Wanted {
  readonly policies: readonly Policy[];
  readonly headOf: (policy: number) => number;
}

export class PolicyTable {
  readonly #memory: WebAssembly.Memory;
  readonly #view: DataView;
  readonly #words: Uint32Array;
  readonly #times: BigUint64Array;
  readonly #quiescence: Quiescence;
  /** Index of each policy of the live copy, by id. */
  #places: ReadonlyMap<number, number> = new Map();
  #wanted: Wanted | undefined;
  /** A batch that began before the last change may still read the other copy. */
  #inUse = false;
  #size: ClassifierSize = { nodes: 0, places: 0, bytes: 0 };

  constructor(memory: WebAssembly.Memory, quiescence: Quiescence) {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#times = new BigUint64Array(memory.buffer);
    this.#quiescence = quiescence;
  }

  /** What the trees of the live copy take. */
  get size(): ClassifierSize {
    return this.#size;
  }

  /**
   * Replaces all policies, at once or as soon as the batches of the last change have ended; `headOf`
   * gives the first outbound slot + 1 of a policy, or 0.
   */
  set(policies: readonly Policy[], headOf: (policy: number) => number): void {
    if (policies.length > layout.MAX_POLICIES) {
      throw new Error(`${policies.length} policies: at most ${layout.MAX_POLICIES} have room`);
    }
    this.#wanted = { policies, headOf };
    if (!this.#inUse) this.#apply(this.#wanted);
  }

  #apply({ policies, headOf }: Wanted): void {
    this.#wanted = undefined;
    const copy = 1 - this.#live();
    policies.forEach((policy, index) => {
      writePolicy(this.#view, this.#at(copy, index), policy, headOf(policy.id));
    });
    this.#size = writeClassifier(this.#memory, copy, policies.length);
    const { CONTROL_AT, CONTROL_POLICY_COPY, CONTROL_POLICY_COUNT, CONTROL_POLICY_EPOCH } = layout;
    Atomics.store(this.#words, (CONTROL_AT + CONTROL_POLICY_COUNT) / 4 + copy, policies.length);
    Atomics.store(this.#words, (CONTROL_AT + CONTROL_POLICY_COPY) / 4, copy);
    // whatever workers remember about flows is looked up again
    Atomics.add(this.#words, (CONTROL_AT + CONTROL_POLICY_EPOCH) / 4, 1);
    this.#places = new Map(policies.map(({ id }, index) => [id, index]));
    this.#inUse = true;
    this.#quiescence.after(() => {
      this.#inUse = false;
      if (this.#wanted) this.#apply(this.#wanted);
    });
  }

  /**
   * Makes `head` (slot + 1, 0: none) the start of the policy's chain of outbound SAs. To be called also
   * where the chain changed behind its head: flows of this policy, and of no other, choose anew.
   */
  setHead(policy: number, head: number): void {
    const index = this.#places.get(policy);
    if (index === undefined) return; // the policy went while its SA was negotiated
    const at = this.#at(this.#live(), index);
    Atomics.store(this.#words, (at + layout.POLICY_SA) / 4, head);
    Atomics.add(this.#words, (at + layout.POLICY_CHAIN) / 4, 1);
  }

  /** No SA is to be had for the policy: what waits for one since before now goes nowhere. */
  setUnmet(policy: number, nowMs: number): void {
    const index = this.#places.get(policy);
    if (index === undefined) return;
    const at = this.#at(this.#live(), index) + layout.POLICY_UNMET_AT;
    Atomics.store(this.#times, at / 8, BigInt(Math.floor(nowMs)));
  }

  #live(): number {
    const { CONTROL_AT, CONTROL_POLICY_COPY } = layout;
    return Atomics.load(this.#words, (CONTROL_AT + CONTROL_POLICY_COPY) / 4) & 1;
  }

  #at(copy: number, index: number): number {
    return layout.POLICIES_AT + copy * layout.POLICIES_COPY + index * layout.POLICY_SIZE;
  }
}
