// The open hash from inbound SPI to SA slot, written by the main thread alone and read by every
// worker: an entry is one 64-bit word, {slot + 1 << 32 | SPI}, stored in one atomic write.
import { SPI_TABLE_AT, SPI_TABLE_ENTRIES, SPI_TOMBSTONE } from '../contract/layout.js';

const EMPTY = 0n;
const TOMBSTONE = BigInt(SPI_TOMBSTONE) << 32n;

export class SpiTable {
  readonly #words: BigUint64Array;

  constructor(memory: WebAssembly.Memory) {
    this.#words = new BigUint64Array(memory.buffer, SPI_TABLE_AT, SPI_TABLE_ENTRIES);
  }

  has(spi: number): boolean {
    return this.#find(spi) !== undefined;
  }

  /** The SPI must not be in the table; the table is never more than half full (MAX_SAS). */
  insert(spi: number, slot: number): void {
    let index = home(spi);
    while (!isFree(Atomics.load(this.#words, index))) index = next(index);
    Atomics.store(this.#words, index, (BigInt(slot + 1) << 32n) | BigInt(spi >>> 0));
  }

  /** Leaves a tombstone, so that what was pushed past it is still found, unless nothing was. */
  remove(spi: number): void {
    const found = this.#find(spi);
    if (found === undefined) return;
    Atomics.store(this.#words, found, TOMBSTONE);
    if (Atomics.load(this.#words, next(found)) !== EMPTY) return;
    for (let index = found; Atomics.load(this.#words, index) === TOMBSTONE; index = before(index)) {
      Atomics.store(this.#words, index, EMPTY);
    }
  }

  #find(spi: number): number | undefined {
    let index = home(spi);
    for (let probes = 0; probes < SPI_TABLE_ENTRIES; probes++) {
      const entry = Atomics.load(this.#words, index);
      if (entry === EMPTY) return undefined;
      if (!isFree(entry) && Number(entry & 0xffffffffn) === spi >>> 0) return index;
      index = next(index);
    }
    return undefined;
  }
}

/** assembly/sa.ts hashes alike. */
const home = (spi: number): number => Math.imul(spi, 0x9e3779b1) >>> 16;
const next = (index: number): number => (index + 1) % SPI_TABLE_ENTRIES;
const before = (index: number): number => (index + SPI_TABLE_ENTRIES - 1) % SPI_TABLE_ENTRIES;
const isFree = (entry: bigint): boolean => entry === EMPTY || entry >> 32n === TOMBSTONE >> 32n;
