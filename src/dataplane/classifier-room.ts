// The memory of one copy's decision trees: what classifier.ts grows is laid down here.
import * as layout from '../contract/layout.js';

/** What a classifier takes. */
export interface ClassifierSize {
  readonly nodes: number;
  /** Policies in leaves, copies counted. */
  readonly places: number;
  readonly bytes: number;
}

/** The bytes of one copy: nodes from the front, lists from the end. */
export class Room {
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #start: number;
  readonly #end: number;
  #node: number;
  #list: number;
  #places = 0;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.#words = new Uint32Array(memory.buffer);
    this.#halves = new Uint16Array(memory.buffer);
    this.#start = base + layout.CLASSIFIER_HEADER;
    this.#end = base + layout.CLASSIFIER_COPY;
    this.#node = this.#start;
    this.#list = this.#end;
  }

  /** What is taken from here on can be given back. */
  mark(): readonly [node: number, list: number, places: number] {
    return [this.#node, this.#list, this.#places];
  }

  release(mark: ReturnType<Room['mark']>): void {
    [this.#node, this.#list, this.#places] = mark;
  }

  /** A node without children yet; its address is its reference. */
  node(field: number, threshold: readonly number[]): number {
    const at = this.#node;
    this.#node += layout.NODE_SIZE;
    this.#check();
    const [first = 0, second = 0, third = 0, fourth = 0] = threshold;
    // two little-endian u64
    this.#words.set([second, first, fourth, third, 0, 0, 0, field << 16], at / 4);
    return at;
  }

  link(node: number, child: number, reference: number): void {
    this.#words[(node + child) / 4] = reference;
  }

  setLeast(node: number, index: number): void {
    this.#halves[(node + layout.NODE_LEAST) / 2] = index;
  }

  /** The reference of policies in order. */
  leaf(indices: readonly number[]): number {
    this.#places += indices.length;
    const [only] = indices;
    if (only === undefined) return 0;
    if (indices.length === 1) return (only << 2) | layout.REF_POLICY;
    this.#list -= ((indices.length + 2) >> 1) * 4;
    this.#check();
    this.#halves.set([...indices, layout.LIST_END], this.#list / 2);
    return this.#list | layout.REF_LIST;
  }

  size(): ClassifierSize {
    const nodes = this.#node - this.#start;
    const bytes = layout.CLASSIFIER_HEADER + nodes + this.#end - this.#list;
    return { nodes: nodes / layout.NODE_SIZE, places: this.#places, bytes };
  }

  /** Cannot happen: the places are counted (layout.ts, CLASSIFIER_COPY). */
  #check(): void {
    if (this.#node > this.#list) throw new Error('the policy classifier has outgrown its memory');
  }
}
