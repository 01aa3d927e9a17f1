// How large an outer packet the path to a peer carries. Two know about it:
//   the kernel  finds out from ICMP (RFC 1191, RFC 8201), which anybody may forge: none of it makes a path
//               narrower than what every link of the family must carry; what is in truth narrower is
//               served in fragments (src/dataplane/sender.ts, "sendTooBig"). It forgets after some
//               minutes (route/mtu_expires), so it is asked again about paths that were narrow
//   the peer    answers questions as long as a packet may be (src/ike/v2/probe.ts), and its answers are
//               authentic: they show a path that swallows large packets without a word, which kernels
//               never notice, and one that has become wider (path-search.ts)
// The smaller of the two counts. Each path is asked about soon after its first SA, and every ten minutes.
import { type Address, formatAddress } from '../policy/address.js';
import { type Answer, PathSearch } from './path-search.js';

export interface PathMtuOptions {
  /** What the kernel believes now; undefined where it has no route. */
  readonly kernel: (remote: Address) => number | undefined;
  /** Tells the SAs of a peer; returns how many there are. */
  readonly set: (remote: Address, mtu: number) => number;
  /** Has a peer asked in a packet of so many bytes; false: it cannot be. Undefined: nobody is asked. */
  readonly probe?: ((remote: Address, bytes: number) => Promise<boolean>) | undefined;
  readonly log?: (level: 'info' | 'warning', text: string) => void;
}

interface Path {
  readonly remote: Address;
  readonly search: PathSearch;
  /** When to ask next, in ms. */
  askAt: number;
  /** The size of the question that is on its way. */
  asked: number | undefined;
}

/** RFC 791 §3.2: what every host must be able to receive; RFC 8200 §5: what every link must carry. */
const FLOOR = { 4: 576, 6: 1280 } as const;
/** Without a route nothing is known: nearly every path carries this much. */
const SAFE_MTU = 1280;
// Our own choices.
const REFRESH_MS = 60_000;
const FIRST_MS = 1000; // what else the peers have to say to each other at the beginning goes first
const RAISE_MS = 600_000; // RFC 8899 §5.1.1, PMTU_RAISE_TIMER
const LATER_MS = 30_000; // nobody to ask: no IKE SA, or it is busy
/** An IKE SA that cannot deliver a request ends before that; the question has ended with it. */
const LOST_MS = 150_000;
/** Not even fragments came through: each question costs the peer's SAs, so there is a long pause. */
const PAUSE_MS = 24 * 3_600_000;

export class PathMtu {
  readonly #options: PathMtuOptions;
  readonly #paths = new Map<string, Path>();
  /** Peers whose path the kernel found narrower than it had seemed. */
  readonly #narrow = new Map<string, Address>();
  #refreshedAt = 0;

  constructor(options: PathMtuOptions) {
    this.#options = options;
  }

  /** Bytes of the largest outer packet that need not be fragmented, as far as we believe. */
  mtu(remote: Address): number {
    const limit = this.#paths.get(formatAddress(remote))?.search.limit ?? Number.POSITIVE_INFINITY;
    return Math.max(Math.min(this.#kernel(remote), limit), FLOOR[remote.family]);
  }

  #kernel(remote: Address): number {
    return Math.max(this.#options.kernel(remote) ?? SAFE_MTU, FLOOR[remote.family]);
  }

  /** An SA with that peer is there: its path is to be looked at. */
  watch(remote: Address, nowMs: number): void {
    const name = formatAddress(remote);
    if (!this.#options.probe || this.#paths.has(name)) return;
    const search = new PathSearch(FLOOR[remote.family]);
    this.#paths.set(name, { remote, search, askAt: nowMs + FIRST_MS, asked: undefined });
  }

  /** The kernel refused a packet to `remote` as too large: it knows more than the SAs do. */
  narrowed(remote: Address): void {
    const name = formatAddress(remote);
    this.#narrow.set(name, remote);
    const mtu = this.mtu(remote);
    this.#paths.get(name)?.search.narrow(mtu);
    this.#options.set(remote, mtu);
  }

  /** Somebody has reason to doubt what was found: the path is asked about now, if that is known to work. */
  again(remote: Address, nowMs: number): void {
    const path = this.#paths.get(formatAddress(remote));
    if (path?.search.rests && path.askAt <= nowMs + RAISE_MS) path.askAt = nowMs;
  }

  /** When `tick` has something to do. */
  get nextAt(): number {
    const times = [...this.#paths.values()].map(({ askAt }) => askAt);
    return times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  }

  tick(nowMs: number): void {
    this.#refresh(nowMs);
    for (const path of this.#paths.values()) if (path.askAt <= nowMs) this.#due(path, nowMs);
  }

  /** An answer, from Step.probed. */
  answered(remote: Address, answer: Answer, nowMs: number): void {
    const path = this.#paths.get(formatAddress(remote));
    if (!path || path.asked !== answer.wanted) return;
    path.asked = undefined;
    const before = path.search.limit;
    path.search.answer(answer);
    path.askAt = path.search.rests ? nowMs + RAISE_MS : nowMs;
    if (path.search.limit === before) return;
    const mtu = this.mtu(remote);
    this.#options.set(remote, mtu);
    const what = before === undefined ? 'swallows larger packets: it gets' : 'carries';
    this.#options.log?.('info', `the path to ${formatAddress(remote)} ${what} ${mtu} bytes`);
  }

  /** What the kernel found narrow is asked for again; peers without SAs are forgotten. */
  #refresh(nowMs: number): void {
    if (nowMs - this.#refreshedAt < REFRESH_MS) return;
    this.#refreshedAt = nowMs;
    for (const [name, remote] of this.#narrow) {
      const path = this.#paths.get(name);
      // the kernel has forgotten: whether the path is wider in truth, the peer must say
      if (path?.search.rests && this.#kernel(remote) > this.mtu(remote)) path.askAt = nowMs;
      if (this.#options.set(remote, this.mtu(remote)) === 0) this.#narrow.delete(name);
    }
  }

  #due(path: Path, nowMs: number): void {
    const { remote, search } = path;
    const name = formatAddress(remote);
    if (path.asked !== undefined) {
      search.abandon();
      path.asked = undefined;
      path.askAt = nowMs + PAUSE_MS;
      this.#options.set(remote, this.mtu(remote));
      const text = `${name} went away when its path was asked about: that is not done again today`;
      this.#options.log?.('warning', text);
    } else if (this.#options.set(remote, this.mtu(remote)) === 0) {
      this.#paths.delete(name);
    } else {
      if (search.rests) search.again();
      void this.#ask(path, nowMs);
    }
  }

  async #ask(path: Path, nowMs: number): Promise<void> {
    const { remote, search } = path;
    const wanted = search.question(this.#kernel(remote));
    path.asked = wanted;
    path.askAt = nowMs + (wanted === undefined ? RAISE_MS : LOST_MS);
    if (wanted === undefined || (await this.#options.probe!(remote, wanted))) return;
    path.asked = undefined;
    path.askAt = nowMs + LATER_MS;
  }
}
