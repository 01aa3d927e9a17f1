// Responders that are not authenticated yet, by the address they were called from. Who has shown by a
// cookie that the address is its own may still hold many; if there is no more room, the oldest of the
// address that holds most gives way. No address has a limit of its own: behind one there may be a
// thousand clients, and while they are honest each is soon through. Of IPv6 an address here is a /64.
import type { IkeSa } from './sa.js';
import type { Endpoint } from './step.js';

export class HalfOpen {
  /** In order of arrival. */
  readonly #byAddress = new Map<string, Set<IkeSa>>();
  readonly #addressOf = new Map<IkeSa, string>();

  get size(): number {
    return this.#addressOf.size;
  }

  add(sa: IkeSa): void {
    const address = keyOf(sa.remote);
    const others = this.#byAddress.get(address);
    if (others) others.add(sa);
    else this.#byAddress.set(address, new Set([sa]));
    this.#addressOf.set(sa, address);
  }

  /** It is through, or gone. */
  remove(sa: IkeSa): void {
    const address = this.#addressOf.get(sa);
    if (address === undefined) return;
    this.#addressOf.delete(sa);
    const others = this.#byAddress.get(address)!;
    others.delete(sa);
    if (others.size === 0) this.#byAddress.delete(address);
  }

  /** Who has to go first; it counts no longer. */
  expel(): IkeSa | undefined {
    let most: Set<IkeSa> | undefined;
    for (const set of this.#byAddress.values()) if (set.size > (most?.size ?? 0)) most = set;
    const [oldest] = most ?? [];
    if (oldest) this.remove(oldest);
    return oldest;
  }
}

/** An IPv6 host has all addresses of its /64 for the asking: they count as one. */
const HOST_BITS = 64n;
const keyOf = ({ address: { family, value } }: Endpoint): string =>
  family === 6 ? `6:${value >> HOST_BITS}` : `4:${value}`;
