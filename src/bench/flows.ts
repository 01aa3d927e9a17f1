// Flows in the shared memory, looked up by the thousand in one call (assembly/flows.ts).
import { POLICY_ID, RX_AREA, WORKER_RX_SLOTS, WORKERS_AT } from '../contract/layout.js';
import type { Module } from '../dataplane/module.js';
import type { Address } from '../policy/address.js';

/** The packet view (assembly/ip/packet.ts) in 64 bytes, the answer in the last four. */
const FLOW_BYTES = 64;
const ANSWER = 60;
const LATER = 2;
const MAPPED = 0xffffn << 32n;
const LOW_64 = 0xffff_ffff_ffff_ffffn;
/** They stand where packets are received: nothing else may run on this row meanwhile. */
const MOST_FLOWS = Math.floor(RX_AREA / FLOW_BYTES);

export interface Flow {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  readonly srcPort: number;
  readonly dstPort: number;
  /** A fragment but the first: it has no ports. */
  readonly later: boolean;
}

export class Flows {
  readonly #module: Module;
  readonly #view: DataView;
  #count = 0;

  /** `module` is attached to row 0. */
  constructor(module: Module) {
    this.#module = module;
    this.#view = new DataView(module.memory.buffer);
  }

  put(flows: readonly Flow[]): void {
    if (flows.length > MOST_FLOWS) throw new Error(`${flows.length} flows: at most ${MOST_FLOWS}`);
    this.#count = flows.length;
    for (const [index, flow] of flows.entries()) {
      const at = this.#at(index);
      this.#putAddress(at, flow.src);
      this.#putAddress(at + 16, flow.dst);
      const words = [flow.srcPort, flow.dstPort, flow.protocol, flow.src.family];
      for (const [place, word] of words.entries()) {
        this.#view.setInt32(at + 32 + 4 * place, word, true);
      }
      this.#view.setInt32(at + 56, flow.later ? LATER : 0, true);
    }
  }

  /** Looks all of them up, through the flow cache if `cached`. */
  look(cached: boolean): void {
    this.#module.exports.lookupFlows!(this.#at(0), this.#count, cached ? 1 : 0);
  }

  /** What the last look found: ids of policies. */
  answers(): (number | 'ambiguous' | undefined)[] {
    return Array.from({ length: this.#count }, (_, index) => {
      const policy = this.#view.getUint32(this.#at(index) + ANSWER, true);
      if (policy === 1) return 'ambiguous';
      return policy === 0 ? undefined : this.#view.getUint32(policy + POLICY_ID, true);
    });
  }

  #at(index: number): number {
    return WORKERS_AT + WORKER_RX_SLOTS + index * FLOW_BYTES;
  }

  #putAddress(at: number, { family, value }: Address): void {
    const wide = family === 4 ? MAPPED | value : value;
    this.#view.setBigUint64(at, wide >> 64n, true);
    this.#view.setBigUint64(at + 8, wide & LOW_64, true);
  }
}
