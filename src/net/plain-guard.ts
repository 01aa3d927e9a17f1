// Refuses packets that come in the clear although a policy says they must come through the tunnel
// (RFC 4301 §5.2 step 4), with one nf_tables table of ours:
//   input, forward  what came from the TUN or from this host itself passes; so does what IPsec and
//                   IPv6 neighbours need of the gateway itself; a source inside a remote side of
//                   some policy is looked up in
//   policies        the policies in their order, seen inward: drop and count, or let pass
// A table is filled before it is hooked in, and the one before it goes in the same transaction: at no
// moment is there neither. Half of one is left only by a crash, and the next start removes it.
import { familyOf, type IpPrefix } from './addressing.js';
import * as nft from './nf-tables.js';
import * as when from './nf-expressions.js';
import type { Expression } from './nf-expressions.js';
import type { Request } from './netlink.js';
import type { RoutedPolicy } from './policy-rules.js';

/** What of a policy matters on the way in. */
export interface GuardedPolicy extends Omit<RoutedPolicy, 'action'> {
  /** `refuse`: must be encrypted; `discard`: must not come at all; `pass`: may come in the clear. */
  readonly verdict: 'refuse' | 'discard' | 'pass';
}

/** Packets refused so far. */
export interface Refused {
  /** They match an encrypt policy and were not encrypted. */
  readonly unprotected: number;
  /** They match a discard policy. */
  readonly discarded: number;
}

export const NONE_REFUSED: Refused = { unprotected: 0, discarded: 0 };

export interface PlainGuardOptions {
  /** Name of the TUN device; the table has its name too. */
  readonly tun: string;
  /** Whether the table stays when the daemon is killed. */
  readonly failClosed: boolean;
}

const POLICIES = 'policies';
const UNPROTECTED = 'unprotected';
const DISCARDED = 'discarded';
/** Before conntrack and any table of the host (raw is -300): what is dropped costs least. */
const PRIORITY = -350;
const [ICMPV6, UDP, ESP, AH] = [58, 17, 50, 51];
const IKE_PORTS = [500, 4500];
const NEIGHBOUR_TYPES = [133, 134, 135, 136, 137]; // RFC 4861 §4
const LO = 'lo';
const FAMILIES = [4, 6] as const;

export class PlainGuard {
  readonly #options: PlainGuardOptions;
  readonly #tables: nft.NfTables;
  /** Which of the two names is in force. */
  #current: string | undefined;
  /** What the counters of tables that are gone had seen. */
  #before = NONE_REFUSED;

  /** For the calling thread's network namespace; changes nothing yet. */
  constructor(options: PlainGuardOptions) {
    this.#options = options;
    this.#tables = new nft.NfTables();
  }

  /** Makes the table that of `policies`. Throws where the kernel has no nf_tables. */
  apply(policies: readonly GuardedPolicy[]): void {
    const [a, b] = this.#names();
    const next = this.#current === a ? b : a;
    const other = next === a ? b : a;
    this.#commit([...emptied(next), nft.newTable(next, !this.#options.failClosed)]);
    this.#tables.commitMany(fillRequests(next, policies));
    const seen = this.refused();
    this.#commit([...hooked(next, this.#options.tun, policies), ...emptied(other)]);
    this.#before = seen;
    this.#current = next;
  }

  refused(): Refused {
    const { unprotected, discarded } = this.#before;
    if (this.#current === undefined) return this.#before;
    return {
      unprotected: unprotected + this.#tables.packets(this.#current, UNPROTECTED),
      discarded: discarded + this.#tables.packets(this.#current, DISCARDED),
    };
  }

  /** Removes what is ours, also what a killed run left. */
  remove(): void {
    this.#before = this.refused();
    this.#current = undefined;
    this.#commit(this.#names().flatMap(emptied));
    this.#tables.close();
  }

  #names(): [string, string] {
    return [`culvert-${this.#options.tun}-a`, `culvert-${this.#options.tun}-b`];
  }

  #commit(requests: readonly Request[]): void {
    this.#tables.commit(requests);
  }
}

/** There may be none: made first, then gone. */
const emptied = (table: string): Request[] => [nft.newTable(table), nft.deleteTable(table)];

/** Counters, the sets of remote sides, and the policies: nothing reaches them yet. */
export function* fillRequests(
  table: string,
  policies: readonly GuardedPolicy[],
): Generator<Request> {
  yield nft.newCounter(table, UNPROTECTED);
  yield nft.newCounter(table, DISCARDED);
  yield nft.newChain(table, POLICIES);
  for (const family of FAMILIES) {
    const [name, bytes] = [setOf(family), family === 4 ? (4 as const) : (16 as const)];
    yield nft.newAddressSet(table, name, family, bytes);
    yield* nft.setElements(table, name, remoteRanges(family, policies));
  }
  const rule = nft.ruleMaker(table, POLICIES);
  for (const policy of policies) for (const list of inward(policy)) yield rule(list);
}

/** The chains where packets enter. */
function hooked(table: string, tun: string, policies: readonly GuardedPolicy[]): Request[] {
  const ourselves = [
    [...when.hasProtocol(ESP)],
    [...when.hasProtocol(AH)],
    ...IKE_PORTS.map((port) => [...when.hasProtocol(UDP), ...when.hasPort('destination', port)]),
    ...NEIGHBOUR_TYPES.map((type) => [...when.hasProtocol(ICMPV6), ...when.hasIcmpType(type)]),
  ];
  // IPv6 is put together behind the input hook: without its first fragment a packet never is.
  const ofTheRest = [...when.isFamily(6), ...when.isLaterFragment(6)];
  const inside = [tun, LO].map((name) => when.cameFrom(name));
  const looked = FAMILIES.filter((family) =>
    policies.some(({ dst }) => familyOf(dst.address) === family),
  ).map((family) => [
    ...when.isFamily(family),
    ...when.sourceInSet(family === 4 ? 4 : 16, setOf(family)),
    when.jumpTo(POLICIES),
  ]);
  const leaving = (list: Expression[]): Expression[] => [...list, when.leave];
  const chain = (name: string, hook: number, rules: Expression[][]): Request[] => [
    nft.newChain(table, name, [hook, PRIORITY]),
    ...rules.map(nft.ruleMaker(table, name)),
  ];
  return [
    ...chain('input', nft.HOOK_INPUT, [
      ...[...inside, ...ourselves, ofTheRest].map(leaving),
      ...looked,
    ]),
    ...chain('forward', nft.HOOK_FORWARD, [...inside.map(leaving), ...looked]),
  ];
}

const setOf = (family: 4 | 6): string => `remote${family}`;

/** The rules of a policy as a packet coming in meets it: source and destination change places. */
function inward(policy: GuardedPolicy): Expression[][] {
  const { verdict, src, dst, protocol, srcPort, dstPort } = policy;
  const family = familyOf(dst.address);
  const end =
    verdict === 'pass'
      ? [when.leave]
      : [when.countIn(verdict === 'refuse' ? UNPROTECTED : DISCARDED), when.drop];
  const packet = [
    ...when.isFamily(family),
    ...when.addressIn('source', dst),
    ...when.addressIn('destination', src),
    ...(protocol === 0 ? [] : when.hasProtocol(protocol)),
  ];
  const ports = [
    ...(dstPort === undefined ? [] : when.hasPort('source', dstPort)),
    ...(srcPort === undefined ? [] : when.hasPort('destination', srcPort)),
  ];
  if (ports.length === 0 || verdict === 'pass') return [[...packet, ...ports, ...end]];
  // Which policy a later fragment belongs to cannot be seen: not let in (RFC 4301 §7).
  return [
    [...packet, ...ports, ...end],
    [...packet, ...when.isLaterFragment(family), ...end],
  ];
}

/** The remote sides of the policies that refuse something, joined where they touch. */
function remoteRanges(
  family: 4 | 6,
  policies: readonly GuardedPolicy[],
): { start: Uint8Array; end: Uint8Array | undefined }[] {
  const sides = policies
    .filter(({ verdict, dst }) => verdict !== 'pass' && familyOf(dst.address) === family)
    .map(({ dst }) => edges(dst))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const joined: { start: bigint; end: bigint }[] = [];
  for (const side of sides) {
    const last = joined.at(-1);
    if (last && side.start <= last.end) last.end = side.end > last.end ? side.end : last.end;
    else joined.push({ ...side });
  }
  const bytes = family === 4 ? 4 : 16;
  const behindAll = 1n << BigInt(8 * bytes);
  return joined.map(({ start, end }) => ({
    start: toBytes(start, bytes),
    end: end === behindAll ? undefined : toBytes(end, bytes),
  }));
}

/** First address of a prefix, and the first behind it. */
function edges({ address, bits }: IpPrefix): { start: bigint; end: bigint } {
  const size = 1n << BigInt(8 * address.length - bits);
  const value = BigInt(`0x${Buffer.from(address).toString('hex')}`);
  const start = value - (value % size);
  return { start, end: start + size };
}

const toBytes = (value: bigint, bytes: number): Uint8Array =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex'));
