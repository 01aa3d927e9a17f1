// The open hash from inbound SPI to SA slot, written by the main thread alone and read by every
// worker: an entry is one 64-bit word, {slot + 1 << 32 | SPI}, stored in one atomic write. An SPI that we
// have offered stands there before its SA does, with a mark in place of the slot (expected-table.ts).
import {
  MAX_EXPECTED,
  SPI_EXPECTED,
  SPI_TABLE_AT,
  SPI_TABLE_ENTRIES,
  SPI_TOMBSTONE,
} from '../contract/layout.js';

const EMPTY = 0n;
const TOMBSTONE = BigInt(SPI_TOMBSTONE) << 32n;

export class SpiTable {
  readonly #words: BigUint64Array;

  constructor(memory: WebAssembly.Memory) {
    this.#words = new BigUint64Array(memory.buffer, SPI_TABLE_AT, SPI_TABLE_ENTRIES);
  }

  /** Whether an SA has it, or one may. */
  has(spi: number): boolean {
    return this.#find(spi) !== undefined;
  }

  /** Whether an SA has it. */
  serves(spi: number): boolean {
    const found = this.#find(spi);
    return found !== undefined && !isExpected(Atomics.load(this.#words, found));
  }

  /** No SA may have it; the table is never more than half full (MAX_SAS, MAX_EXPECTED). */
  insert(spi: number, slot: number): void {
    this.#write(spi, slot + 1);
  }

  /** An SA with it may come: `place` is of the table of those. */
  expect(spi: number, place: number): void {
    if (!this.has(spi)) this.#write(spi, SPI_EXPECTED + place);
  }

  /** Without effect where the SA has come. */
  expectNoMore(spi: number): void {
    if (!this.serves(spi)) this.remove(spi);
  }

  /** In the place it has already, if any: a worker that looks finds the one or the other. */
  #write(spi: number, value: number): void {
    let index = this.#find(spi);
    if (index === undefined) {
      index = home(spi);
      while (!isFree(Atomics.load(this.#words, index))) index = next(index);
    }
    Atomics.store(this.#words, index, (BigInt(value) << 32n) | BigInt(spi >>> 0));
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
const isExpected = (entry: bigint): boolean => {
  const value = Number(entry >> 32n);
  return value >= SPI_EXPECTED && value < SPI_EXPECTED + MAX_EXPECTED;
};
