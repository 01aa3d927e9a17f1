// Which children go to which peer's address: of many thousands a path's MTU concerns a few.
import { type Address, formatAddress } from '../policy/address.js';

export class Remotes {
  readonly #children = new Map<string, Set<number>>();

  add(remote: Address, child: number): void {
    const name = formatAddress(remote);
    const known = this.#children.get(name);
    if (known) known.add(child);
    else this.#children.set(name, new Set([child]));
  }

  delete(remote: Address, child: number): void {
    const name = formatAddress(remote);
    const known = this.#children.get(name);
    known?.delete(child);
    if (known?.size === 0) this.#children.delete(name);
  }

  of(remote: Address): Iterable<number> {
    return this.#children.get(formatAddress(remote)) ?? [];
  }
}
