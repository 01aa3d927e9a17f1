// Our SPIs of all IKE SAs, for the workers to tell messages that belong to one from those of strangers
// (assembly/ike.ts). Written by the main thread alone; an entry is one 64-bit word, stored in one atomic
// write. A table, not SPIs that prove themselves by a keyed hash: such a proof is anybody's for the asking
// (a first message gets one) and holds after the SA is gone, and it takes bits from the SPI's own chance.
import {
  CONTROL_AT,
  CONTROL_IKE_FULL,
  IKE_SPI_ENTRIES,
  IKE_SPIS_AT,
  MAX_IKE_SPIS,
} from '../contract/layout.js';

const EMPTY = 0n;
const DELETED = 0xffff_ffff_ffff_ffffn;
const LAST = IKE_SPI_ENTRIES - 1;

export class IkeSpiTable {
  readonly #words: BigUint64Array;
  readonly #control: Uint32Array;
  /** Those the table had no room for: as long as there are any, it proves nothing. */
  readonly #beyond = new Set<bigint>();
  #size = 0;

  constructor(memory: WebAssembly.Memory) {
    this.#words = new BigUint64Array(memory.buffer, IKE_SPIS_AT, IKE_SPI_ENTRIES);
    this.#control = new Uint32Array(memory.buffer, CONTROL_AT);
  }

  /** No SA may have it already. */
  add(spi: bigint): void {
    const word = asOnTheWire(spi);
    if (this.#size >= MAX_IKE_SPIS || word === DELETED) {
      this.#beyond.add(spi);
      this.#setFull();
      return;
    }
    let index = home(word);
    while (!isFree(Atomics.load(this.#words, index))) index = (index + 1) & LAST;
    Atomics.store(this.#words, index, word);
    this.#size++;
  }

  /** Leaves a mark, so that what was pushed past it is still found, unless nothing was. */
  remove(spi: bigint): void {
    if (this.#beyond.delete(spi)) {
      this.#setFull();
      return;
    }
    const word = asOnTheWire(spi);
    let index = home(word);
    for (let entry = Atomics.load(this.#words, index); entry !== word; ) {
      if (entry === EMPTY) return;
      index = (index + 1) & LAST;
      entry = Atomics.load(this.#words, index);
    }
    this.#size--;
    Atomics.store(this.#words, index, DELETED);
    if (Atomics.load(this.#words, (index + 1) & LAST) !== EMPTY) return;
    for (; Atomics.load(this.#words, index) === DELETED; index = (index + LAST) & LAST) {
      Atomics.store(this.#words, index, EMPTY);
    }
  }

  #setFull(): void {
    Atomics.store(this.#control, CONTROL_IKE_FULL >> 2, this.#beyond.size > 0 ? 1 : 0);
  }
}

const swapped = new DataView(new ArrayBuffer(8));

/** The word that a worker reads where a message has the SPI. */
function asOnTheWire(spi: bigint): bigint {
  swapped.setBigUint64(0, spi);
  return swapped.getBigUint64(0, true);
}

/** assembly/ike.ts begins there too. */
const home = (word: bigint): number => Number(word & BigInt(LAST));
const isFree = (entry: bigint): boolean => entry === EMPTY || entry === DELETED;
