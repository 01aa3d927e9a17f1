// How large an outer packet the path to a peer carries. The kernel finds out (RFC 1191, RFC 8201), but
// from ICMP messages that anybody may forge, so it is believed only so far:
//   floor     no ICMP makes a path narrower than what every link of the family must carry; what is in
//             truth narrower is served in fragments (src/dataplane/transfer.ts, "sendTooBig")
//   refresh   a narrow path is asked for again: the kernel forgets what it learned after some minutes
//             (route/mtu_expires), then full packets go out as probes and find a wider path, or ICMP again
import { type Address, formatAddress } from '../policy/address.js';

export interface PathMtuOptions {
  /** What the kernel believes now; undefined where it has no route. */
  readonly kernel: (remote: Address) => number | undefined;
  /** Tells the SAs of a peer; returns how many there are. */
  readonly set: (remote: Address, mtu: number) => number;
}

/** RFC 791 §3.2: what every host must be able to receive; RFC 8200 §5: what every link must carry. */
const FLOOR = { 4: 576, 6: 1280 } as const;
/** Without a route nothing is known: nearly every path carries this much. */
const SAFE_MTU = 1280;
const REFRESH_MS = 60_000;

export class PathMtu {
  readonly #options: PathMtuOptions;
  /** Peers whose path was found narrower than it had seemed. */
  readonly #narrow = new Map<string, Address>();
  #refreshedAt = 0;

  constructor(options: PathMtuOptions) {
    this.#options = options;
  }

  /** Bytes of the largest outer packet that need not be fragmented, as far as we believe. */
  mtu(remote: Address): number {
    return Math.max(this.#options.kernel(remote) ?? SAFE_MTU, FLOOR[remote.family]);
  }

  /** The kernel refused a packet to `remote` as too large: it knows more than the SAs do. */
  narrowed(remote: Address): void {
    this.#narrow.set(formatAddress(remote), remote);
    this.#options.set(remote, this.mtu(remote));
  }

  /** Asks again about the narrow paths, once in a while; forgets peers without SAs. */
  refresh(nowMs: number): void {
    if (nowMs - this.#refreshedAt < REFRESH_MS) return;
    this.#refreshedAt = nowMs;
    for (const [name, remote] of this.#narrow) {
      if (this.#options.set(remote, this.mtu(remote)) === 0) this.#narrow.delete(name);
    }
  }
}
