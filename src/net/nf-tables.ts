// nf_tables over netlink (linux/netfilter/nf_tables.h): the messages a packet filter of ours needs, as
// values, and one transaction that makes them all. Numbers in attributes are big-endian here.
import { type Attribute, bytesAttribute, decodeAttributes, nestedAttribute } from './attributes.js';
import { be32Attribute as be32, textAttribute, textOf } from './attributes.js';
import { type Advice, SystemError } from './libc.js';
import { NETLINK_NETFILTER, NLM_F_APPEND, NLM_F_CREATE } from './linux.js';
import { Netlink, type Request } from './netlink.js';
import type { Expression } from './nf-expressions.js';

/** nfgenmsg.nfgen_family: rules that see IPv4 and IPv6 (NFPROTO_INET). */
const INET = 1;
const SUBSYSTEM = 10 << 8; // NFNL_SUBSYS_NFTABLES
const BATCH_BEGIN = 16;
const BATCH_END = 17;
const [NEWTABLE, GETTABLE, DELTABLE, NEWCHAIN, NEWRULE, NEWSET, NEWSETELEM, NEWOBJ, GETOBJ] = [
  0, 1, 2, 3, 6, 9, 12, 18, 19,
];
const [GETCHAIN, DELRULE, DELSET, DELSETELEM] = [4, 8, 11, 14];
const SET_CONSTANT = 2;
const SET_INTERVAL = 4;
const INTERVAL_END = 1;
const OBJECT_COUNTER = 1;
/** An attribute's length is 16 bits: a set's elements travel in several messages. */
const RANGES_PER_MESSAGE = 500;
/**
 * The kernel goes through a chain's rules again at the end of each transaction, so filling one with
 * thousands wants few transactions; they need a buffer past the system's limit, which is not for
 * everybody to have. A rule takes at most 1 KiB.
 */
const LARGE_BUFFER = 4 << 20;
const MANY_REQUESTS = 2500;
const FEW_REQUESTS = 100;
const TABLE_OWNED = 2; // NFT_TABLE_F_OWNER: goes with the socket that made it
/** What a kernel without nf_tables answers, and with what. */
const NONE =
  'this kernel has no nf_tables (module nf_tables): load it, or set refuse-plain=no in menu tun';
export const ABSENT: Advice = {
  EPROTONOSUPPORT: NONE,
  EOPNOTSUPP: NONE,
  EINVAL: NONE,
  ENOENT: NONE,
};
export const HOOK_INPUT = 1; // NF_INET_LOCAL_IN
export const HOOK_FORWARD = 2; // NF_INET_FORWARD
export const HOOK_PREROUTING = 0; // NF_INET_PRE_ROUTING
export const HOOK_OUTPUT = 3; // NF_INET_LOCAL_OUT
export const HOOK_POSTROUTING = 4; // NF_INET_POST_ROUTING

/** A message of the nf_tables subsystem; `what` names it in errors. */
function message(number: number, what: string, attributes: readonly Attribute[]): Request {
  const body = Uint8Array.of(INET, 0, 0, 0);
  return { type: SUBSYSTEM | number, flags: NLM_F_CREATE, body, attributes, what };
}

/** `owned`: the kernel removes the table when this process ends (Linux 5.12). */
export const newTable = (table: string, owned = false): Request =>
  message(NEWTABLE, `add table ${table}`, [
    textAttribute(1, table),
    ...(owned ? [be32(2, TABLE_OWNED)] : []),
  ]);

export const deleteTable = (table: string): Request => ({
  ...message(DELTABLE, `delete table ${table}`, [textAttribute(1, table)]),
  flags: 0,
});

/** Removes a table: there may be none, so it is made first. */
export const emptied = (table: string, owned = false): Request[] => [
  newTable(table, owned),
  deleteTable(table),
];

/** A chain that others jump to, or, with a hook and priority, one where packets enter. */
export function newChain(
  table: string,
  chain: string,
  hook?: readonly [number, number],
  type: 'filter' | 'nat' | 'route' = 'filter',
): Request {
  const attributes = [textAttribute(1, table), textAttribute(3, chain)];
  if (hook) {
    const place = [be32(1, hook[0]), be32(2, hook[1])];
    attributes.push(nestedAttribute(4, place), textAttribute(7, type));
  }
  return message(NEWCHAIN, `add chain ${table} ${chain}`, attributes);
}

/** For rules of one chain: what is the same in all of them is made once. */
export function ruleMaker(table: string, chain: string): (list: readonly Expression[]) => Request {
  const names = [textAttribute(1, table), textAttribute(2, chain)];
  const body = Uint8Array.of(INET, 0, 0, 0);
  const [type, flags] = [SUBSYSTEM | NEWRULE, NLM_F_CREATE | NLM_F_APPEND];
  const what = `add rule ${table} ${chain}`;
  return (list) => {
    const attributes = [...names, nestedAttribute(4, list)];
    return { type, flags, body, attributes, what };
  };
}

/** Takes all rules out of a chain. */
export const emptyChain = (table: string, chain: string): Request => ({
  ...message(DELRULE, `empty chain ${table} ${chain}`, [
    textAttribute(1, table),
    textAttribute(2, chain),
  ]),
  flags: 0,
});

/** A set of single addresses that come and go; `id` as below. */
export const newHostSet = (table: string, set: string, id: number, bytes: number): Request =>
  message(NEWSET, `add set ${table} ${set}`, [
    textAttribute(1, table),
    textAttribute(2, set),
    be32(3, 0),
    be32(4, bytes === 4 ? 7 : 8),
    be32(5, bytes),
    be32(10, id),
  ]);

export const deleteSet = (table: string, set: string): Request => ({
  ...message(DELSET, `delete set ${table} ${set}`, [
    textAttribute(1, table),
    textAttribute(2, set),
  ]),
  flags: 0,
});

const hostElement = (number: number, verb: string, table: string, set: string, host: Uint8Array) =>
  message(number, `${verb} element of ${table} ${set}`, [
    textAttribute(1, table),
    textAttribute(2, set),
    nestedAttribute(3, [nestedAttribute(1, [nestedAttribute(1, [bytesAttribute(1, host)])])]),
  ]);

export const addHost = (table: string, set: string, host: Uint8Array): Request =>
  hostElement(NEWSETELEM, 'add', table, set, host);

export const deleteHost = (table: string, set: string, host: Uint8Array): Request => ({
  ...hostElement(DELSETELEM, 'delete', table, set, host),
  flags: 0,
});

/** A set of address ranges; `id` is any number, unique in the transaction. */
export const newAddressSet = (table: string, set: string, id: number, bytes: 4 | 16): Request =>
  message(NEWSET, `add set ${table} ${set}`, [
    textAttribute(1, table),
    textAttribute(2, set),
    be32(3, SET_CONSTANT | SET_INTERVAL),
    be32(4, bytes === 4 ? 7 : 8), // nft's own numbers for ipv4_addr and ipv6_addr, for its listing
    be32(5, bytes),
    be32(10, id),
  ]);

/** The ranges of a set, in order and apart from each other; an `end` of undefined has no end. */
export function* setElements(
  table: string,
  set: string,
  ranges: readonly { readonly start: Uint8Array; readonly end: Uint8Array | undefined }[],
): Generator<Request> {
  const names = [textAttribute(1, table), textAttribute(2, set)];
  for (let at = 0; at < ranges.length; at += RANGES_PER_MESSAGE) {
    const elements = ranges
      .slice(at, at + RANGES_PER_MESSAGE)
      .flatMap(({ start, end }) => [
        nestedAttribute(1, [nestedAttribute(1, [bytesAttribute(1, start)])]),
        ...(end ? [endOf(end)] : []),
      ]);
    const what = `add elements to ${table} ${set}`;
    yield message(NEWSETELEM, what, [...names, nestedAttribute(3, elements)]);
  }
}

/** The first address behind a range. */
const endOf = (address: Uint8Array): Attribute =>
  nestedAttribute(1, [nestedAttribute(1, [bytesAttribute(1, address)]), be32(3, INTERVAL_END)]);

export const newCounter = (table: string, name: string): Request =>
  message(NEWOBJ, `add counter ${table} ${name}`, [
    textAttribute(1, table),
    textAttribute(2, name),
    be32(3, OBJECT_COUNTER),
    nestedAttribute(4, []),
  ]);

function* framed(requests: Iterable<Request>): Generator<Request> {
  const body = Uint8Array.of(0, 0, 0, SUBSYSTEM >> 8);
  const edge = { body, what: 'an nf_tables change', advice: ABSENT };
  yield { ...edge, type: BATCH_BEGIN };
  yield* requests;
  yield { ...edge, type: BATCH_END };
}

/** A netlink socket for nf_tables of the calling thread's network namespace. */
export class NfTables {
  readonly #netlink = new Netlink(NETLINK_NETFILTER, 'an nf_tables socket', ABSENT);
  /** How many requests fit a transaction. */
  readonly #room = this.#netlink.enlarge(LARGE_BUFFER) ? MANY_REQUESTS : FEW_REQUESTS;

  close(): void {
    this.#netlink.close();
  }

  /** Makes all changes, or none and throws the first refusal. */
  commit(requests: Iterable<Request>): void {
    this.#netlink.transaction(framed(requests));
  }

  /** Makes changes in their order, as many at a time as fit: to be undone where it throws. */
  commitMany(requests: Iterable<Request>): void {
    const all = requests[Symbol.iterator]();
    let next = all.next();
    const some = function* (room: number): Generator<Request> {
      for (let left = room; left > 0 && !next.done; left--) {
        yield next.value;
        next = all.next();
      }
    };
    while (!next.done) this.commit(some(this.#room));
  }

  /** Names of the tables of our family, whoever made them. */
  list(): string[] {
    const answers = this.#netlink.dump({ ...message(GETTABLE, 'list tables', []), flags: 0 });
    return answers.map(({ attributes }) => textOf(attributes.get(1)) ?? '');
  }

  /** How many rules a chain has and how often others jump to it; undefined: there is none. */
  uses(table: string, chain: string): number | undefined {
    const names = [textAttribute(1, table), textAttribute(3, chain)];
    const request = { ...message(GETCHAIN, `get chain ${table} ${chain}`, names), flags: 0 };
    try {
      const use = this.#netlink.get(request).attributes.get(6);
      return use && new DataView(use.buffer, use.byteOffset, 4).getUint32(0);
    } catch (error) {
      if (error instanceof SystemError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** How many packets a counter has seen. */
  packets(table: string, name: string): number {
    const names = [textAttribute(1, table), textAttribute(2, name), be32(3, OBJECT_COUNTER)];
    const request = message(GETOBJ, `get counter ${table} ${name}`, names);
    const { attributes } = this.#netlink.get({ ...request, flags: 0 });
    const data = attributes.get(4);
    const packets = data && decodeAttributes(data).get(2);
    if (!packets || packets.length < 8) throw new Error(`nf_tables: no value in ${request.what}`);
    const view = new DataView(packets.buffer, packets.byteOffset, 8);
    return Number(view.getBigUint64(0));
  }
}
