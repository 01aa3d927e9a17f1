// Policies made from templates, in shared memory. One comes or goes without the others: its record is
// chained into a bucket, or out of it, and workers find it from their next batch on. The ordered table
// has the template where its made policies stand (assembly/classifier.ts, "matches").
import * as layout from '../contract/layout.js';
import { toBytes } from '../policy/address.js';
import type { DynamicPolicy } from '../policy/database.js';
import { writePolicy } from './policy-record.js';
import type { Quiescence } from './quiescence.js';

interface Entry {
  readonly at: number;
  readonly bucket: number;
  readonly number: number;
  readonly family: 4 | 6;
  readonly owner: number;
}

export class DynamicTable {
  readonly #view: DataView;
  readonly #words: Uint32Array;
  readonly #quiescence: Quiescence;
  readonly #entries = new Map<number, Entry>();
  /** Records of each bucket in the order of their chain. */
  readonly #buckets = new Map<number, number[]>();
  readonly #byOwner = new Map<number, Entry[]>();
  /** How many policies each class has. */
  readonly #classes = { 4: new Array<number>(32).fill(0), 6: new Array<number>(32).fill(0) };
  readonly #free: number[] = [];
  #fresh = 0;
  /** Records written or chained anew so far: for the test that counts them. */
  writes = 0;

  constructor(memory: WebAssembly.Memory, quiescence: Quiescence) {
    this.#view = new DataView(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#quiescence = quiescence;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** Throws where there is no room; nothing is changed then. */
  add(policy: DynamicPolicy, head: number): void {
    const { family } = policy.dst.address;
    const number = classOf(policy);
    const bucket = bucketOf(policy, number);
    const at = this.#take();
    writePolicy(this.#view, at, policy, head);
    this.#view.setUint32(at + layout.POLICY_OWNER, policy.owner, true);
    this.#view.setUint32(at + layout.POLICY_TEMPLATE, policy.template, true);
    const entry = { at, bucket, number, family, owner: policy.owner };
    this.#entries.set(policy.id, entry);
    this.#byOwner.set(policy.owner, [...(this.#byOwner.get(policy.owner) ?? []), entry]);
    const chain = this.#buckets.get(bucket) ?? [];
    this.#link(bucket, chain.at(-1), at);
    this.#buckets.set(bucket, [...chain, at]);
    this.#countClass(family, number, 1);
    this.writes += 2;
    this.#changed();
  }

  /** Unknown ids are ignored. */
  remove(id: number): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    const { at, bucket, number, family, owner } = entry;
    this.#entries.delete(id);
    const owned = (this.#byOwner.get(owner) ?? []).filter((other) => other !== entry);
    if (owned.length > 0) this.#byOwner.set(owner, owned);
    else this.#byOwner.delete(owner);
    const chain = this.#buckets.get(bucket)!;
    const place = chain.indexOf(at);
    // a reader that stands on it still finds the rest
    this.#link(bucket, chain[place - 1], chain[place + 1] ?? 0);
    const rest = chain.toSpliced(place, 1);
    if (rest.length > 0) this.#buckets.set(bucket, rest);
    else this.#buckets.delete(bucket);
    this.#countClass(family, number, -1);
    this.writes++;
    this.#changed();
    this.#quiescence.after(() => this.#free.push(at));
  }

  /** The chain of SAs of an owner has changed: flows of its policies choose anew. */
  setHead(owner: number, head: number): void {
    for (const { at } of this.#byOwner.get(owner) ?? []) {
      Atomics.store(this.#words, (at + layout.POLICY_SA) / 4, head);
      Atomics.add(this.#words, (at + layout.POLICY_CHAIN) / 4, 1);
    }
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#fresh >= layout.MAX_DYNAMIC) {
      throw new Error(
        `all ${layout.MAX_DYNAMIC} places for policies made from templates are taken`,
      );
    }
    return layout.DYNAMIC_RECORDS + this.#fresh++ * layout.POLICY_SIZE;
  }

  #link(bucket: number, before: number | undefined, at: number): void {
    const from =
      before === undefined ? layout.DYNAMIC_HEADS + 4 * bucket : before + layout.POLICY_NEXT;
    Atomics.store(this.#words, from / 4, at);
  }

  #countClass(family: 4 | 6, number: number, change: number): void {
    const counts = this.#classes[family];
    counts[number]! += change;
    const bits = counts.reduce((all, count, index) => (count > 0 ? all | (1 << index) : all), 0);
    const control = family === 4 ? layout.CONTROL_DYNAMIC_4 : layout.CONTROL_DYNAMIC_6;
    Atomics.store(this.#words, (layout.CONTROL_AT + control) / 4, bits);
  }

  /** Whatever workers remember about flows is looked up again. */
  #changed(): void {
    Atomics.add(this.#words, (layout.CONTROL_AT + layout.CONTROL_POLICY_EPOCH) / 4, 1);
  }
}

/** Prefix lengths are rounded down to the class's. */
const classOf = ({ dst }: DynamicPolicy): number =>
  Math.floor(dst.bits / (dst.address.family === 4 ? 8 : 16));

/** The same in assembly/dynamic.ts. */
function bucketOf({ dst, template }: DynamicPolicy, number: number): number {
  const bits = dst.address.family === 4 ? 96 + 8 * number : 16 * number;
  const address = new Uint8Array(16);
  if (dst.address.family === 4) address.fill(0xff, 10, 12);
  const own = toBytes(dst.address);
  address.set(own, 16 - own.length);
  address.fill(0, bits / 8); // classes end at whole bytes
  const view = new DataView(address.buffer);
  let hash = mix(template, bits);
  for (let word = 0; word < 4; word++) hash = mix(hash, view.getUint32(4 * word));
  return hash & (layout.DYNAMIC_BUCKETS - 1);
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1) >>> 0;
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
