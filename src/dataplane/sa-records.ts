// The places for SA records in the shared memory: which are free, and the record of each.
import { MAX_SAS } from '../contract/layout.js';
import { AssociationError } from './association.js';
import { SaRecord } from './sa-record.js';

export class SaRecords {
  readonly #memory: WebAssembly.Memory;
  readonly #free: number[] = [];
  /** The first place that no record was in yet. */
  #fresh = 0;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  at(slot: number): SaRecord {
    return new SaRecord(this.#memory, slot);
  }

  /** Throws AssociationError where all are taken. */
  take(): number {
    const slot = this.#free.pop() ?? this.#fresh++;
    if (slot >= MAX_SAS) {
      this.#fresh--;
      throw new AssociationError(`all ${MAX_SAS} places for SAs are taken`);
    }
    return slot;
  }

  /** Overwrites the record with zeros; its place is free. */
  erase(slot: number): void {
    this.at(slot).erase();
    this.#free.push(slot);
  }
}
