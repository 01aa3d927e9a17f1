// Inbound SPIs that we have offered and have no SA for yet: workers keep a few packets that come for one
// from its peer (assembly/early.ts). What is beyond MAX_EXPECTED is not expected, and its early packets are
// lost.
import { EXPECTED_AT, EXPECTED_ENTRY, MAX_EXPECTED } from '../contract/layout.js';
import type { Address } from '../policy/address.js';
import { writeAddress } from './sa-record.js';
import type { SpiTable } from './spi-table.js';

export class ExpectedTable {
  readonly #view: DataView;
  readonly #spis: SpiTable;
  readonly #places = new Map<number, number>();
  readonly #free: number[] = [];
  #fresh = 0;

  constructor(memory: WebAssembly.Memory, spis: SpiTable) {
    this.#view = new DataView(memory.buffer);
    this.#spis = spis;
  }

  /** Packets with that SPI may come from `remote`; said again where the peer has moved. */
  add(spi: number, remote: Address): void {
    const known = this.#places.get(spi);
    const place = known ?? this.#free.pop() ?? this.#fresh++;
    if (place >= MAX_EXPECTED) {
      this.#fresh--;
      return;
    }
    writeAddress(this.#view, EXPECTED_AT + place * EXPECTED_ENTRY, remote);
    if (known !== undefined) return;
    this.#places.set(spi, place);
    this.#spis.expect(spi, place);
  }

  /** There is an SA with it, or there will be none. */
  remove(spi: number): void {
    const place = this.#places.get(spi);
    if (place === undefined) return;
    this.#places.delete(spi);
    this.#spis.expectNoMore(spi);
    this.#free.push(place);
  }
}
