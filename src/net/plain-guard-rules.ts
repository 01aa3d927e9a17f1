// The rules of plain-guard.ts: what is made of the policies, as requests of nf_tables.
import { familyOf, type IpPrefix } from './addressing.js';
import type { MadeRules } from './made-rules.js';
import type { Request } from './netlink.js';
import type { Expression } from './nf-expressions.js';
import * as when from './nf-expressions.js';
import * as nft from './nf-tables.js';
import type { RoutedPolicy } from './policy-rules.js';

/** What of a policy matters on the way in. */
export interface GuardedPolicy extends Omit<RoutedPolicy, 'action'> {
  /** `refuse`: must be encrypted; `discard`: must not come at all; `pass`: may come in the clear. */
  readonly verdict: 'refuse' | 'discard' | 'pass';
  /** Not a policy, but the place of those made from this template. */
  readonly template?: number;
}

export const POLICIES = 'policies';
export const REMOTE = 'remote';
export const UNPROTECTED = 'unprotected';
export const DISCARDED = 'discarded';
const COUNT_UNPROTECTED = when.countIn(UNPROTECTED);
const COUNT_DISCARDED = when.countIn(DISCARDED);
/** Before conntrack and any table of the host (raw is -300): what is dropped costs least. */
const PRIORITY = -350;
const [ICMPV6, UDP, ESP, AH] = [58, 17, 50, 51];
const IKE_PORTS = [500, 4500];
const NEIGHBOUR_TYPES = [133, 134, 135, 136, 137]; // RFC 4861 §4
const LO = 'lo';
const FAMILIES = [4, 6] as const;

export const madeChain = (template: number, family: 4 | 6): string => `made-${template}-${family}`;

/** Counters, the sets of remote sides, and the policies: nothing reaches them yet. */
export function* fillRequests(
  table: string,
  policies: readonly GuardedPolicy[],
  made: readonly MadeRules[] = [],
): Generator<Request> {
  yield nft.newCounter(table, UNPROTECTED);
  yield nft.newCounter(table, DISCARDED);
  yield nft.newChain(table, POLICIES);
  for (const family of FAMILIES) {
    const [name, bytes] = [setOf(family), family === 4 ? (4 as const) : (16 as const)];
    yield nft.newAddressSet(table, name, family, bytes);
    yield* nft.setElements(table, name, remoteRanges(family, policies));
  }
  for (const rules of made) yield* rules.all(table);
  const rule = nft.ruleMaker(table, POLICIES);
  for (const policy of policies) for (const list of inward(policy)) yield rule(list);
}

/** The chains where packets enter. */
export function hooked(table: string, tun: string, policies: readonly GuardedPolicy[]): Request[] {
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
    policies.some(
      ({ dst, template }) => template === undefined && familyOf(dst.address) === family,
    ),
  ).map((family) => [
    ...when.isFamily(family),
    ...when.isInSet('source', family === 4 ? 4 : 16, setOf(family)),
    when.jumpTo(POLICIES),
  ]);
  if (policies.some(({ template }) => template !== undefined)) looked.push([when.jumpTo(REMOTE)]);
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
export function inward(policy: GuardedPolicy): Expression[][] {
  const { verdict, src, dst, protocol, srcPort, dstPort, template } = policy;
  const family = familyOf(dst.address);
  if (template !== undefined) {
    return [[...when.isFamily(family), when.jumpTo(madeChain(template, family))]];
  }
  const end =
    verdict === 'pass'
      ? [when.leave]
      : [verdict === 'refuse' ? COUNT_UNPROTECTED : COUNT_DISCARDED, when.drop];
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
  if (inwardCount(policy) === 1) return [[...packet, ...ports, ...end]];
  // Which policy a later fragment belongs to cannot be seen: not let in (RFC 4301 §7).
  return [
    [...packet, ...ports, ...end],
    [...packet, ...when.isLaterFragment(family), ...end],
  ];
}

/** How many rules those are. */
export const inwardCount = ({ template, srcPort, dstPort, verdict }: GuardedPolicy): number => {
  const plain = template !== undefined || (srcPort === undefined && dstPort === undefined);
  return plain || verdict === 'pass' ? 1 : 2;
};

/** The remote sides of the policies that refuse something, joined where they touch. */
function remoteRanges(
  family: 4 | 6,
  policies: readonly GuardedPolicy[],
): { start: Uint8Array; end: Uint8Array | undefined }[] {
  const sides = policies
    .filter(({ template }) => template === undefined)
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
