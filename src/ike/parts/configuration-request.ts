// The configuration payload, as initiator (RFC 7296 §2.19, §3.15): an address of each family that our
// template has, DNS servers and the networks behind the peer; and what we are given of them.
import {
  addressBits,
  addressFromBytes,
  type Address,
  type Prefix,
  toBytes,
} from '../../policy/address.js';
import type { AskedConfig } from '../../policy/database.js';
import { byFamily } from '../../policy/template.js';
import type { PlainPayload } from '../../wire/chain.js';
import { CFG, CFG_REPLY, CFG_REQUEST } from '../../wire/numbers.js';
import { notifyName } from '../../wire/notifications.js';
import { scheduleReconnect } from '../connection.js';
import { askedTemplate } from '../calling.js';
import { NOTIFIED } from '../errors.js';
import { type Exchange, errorNotification, optional, report, type Work } from '../exchange.js';
import type { IkeSa } from '../sa.js';
import type { Received } from '../step.js';

const EMPTY = new Uint8Array(0);
/** How Cisco's clients say that they know the attributes of theirs; RouterOS always says so. */
const UNITY = Uint8Array.from([
  0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9, 0x70, 0x2d, 0x9f, 0xe2, 0x74, 0xcc, 0x01, 0x00,
]);

const askedBy = ({ identity }: Pick<IkeSa, 'identity'>): AskedConfig | undefined =>
  identity?.modeConfig?.role === 'initiator' ? identity.modeConfig : undefined;

/** With the first message, before anything is known of the peer. */
export const buildUnity = ({ world, sa }: Work): PlainPayload[] =>
  askedTemplate(world, sa.peer) ? [{ type: 'Vendor', data: UNITY }] : [];

/** CP(CFG_REQUEST); the addresses of the last time are asked for by name. */
export function askConfiguration({ world, sa }: Work): PlainPayload[] {
  const template = askedTemplate(world, sa.peer);
  if (!template || !askedBy(sa)) return [];
  const last = world.links.get(sa.peer.name)?.addresses ?? [];
  const attributes = byFamily(template).flatMap(({ src: { address } }) => {
    const { family } = address;
    const before = last.find((one) => one.family === family);
    return family === 4 ? requests4(before) : requests6(before);
  });
  return [{ type: 'Configuration', configurationType: CFG_REQUEST, attributes }];
}

const empty = (type: number) => ({ type, value: EMPTY });

const requests4 = (before: Address | undefined) => [
  before
    ? { type: CFG.INTERNAL_IP4_ADDRESS, value: toBytes(before) }
    : empty(CFG.INTERNAL_IP4_ADDRESS),
  empty(CFG.INTERNAL_IP4_DNS),
  empty(CFG.INTERNAL_IP4_SUBNET),
  empty(CFG.UNITY_SPLIT_INCLUDE),
];

const requests6 = (before: Address | undefined) => [
  before
    ? { type: CFG.INTERNAL_IP6_ADDRESS, value: Uint8Array.of(...toBytes(before), 128) }
    : empty(CFG.INTERNAL_IP6_ADDRESS),
  empty(CFG.INTERNAL_IP6_DNS),
  empty(CFG.INTERNAL_IP6_SUBNET),
];

// ---- what we are given -------------------------------------------------------------------------

/**
 * CP(CFG_REPLY). False: we need an address and got none, so the IKE SA is of no use; it is closed, and
 * the peer called again later.
 */
export function takeConfiguration(exchange: Exchange): boolean {
  const { world, sa, step } = exchange;
  const config = askedBy(sa);
  if (!config) return true;
  const reply = optional(exchange, 'Configuration');
  const attributes = reply?.configurationType === CFG_REPLY ? reply.attributes : [];
  const received: Received = {
    id: world.store.nextSerial(),
    peer: sa.peer.name,
    template: askedTemplate(world, sa.peer)?.id ?? -1,
    config,
    addresses: attributes.flatMap(addressOf),
    dns: attributes.flatMap(dnsOf),
    networks: distinct(attributes.flatMap(networksOf)),
  };
  const { addresses, dns, networks } = received;
  if (addresses.length === 0) {
    refused(exchange);
    return false;
  }
  const link = world.links.get(sa.peer.name);
  if (link) link.addresses = addresses;
  const shared = { leased: [], reply: undefined, holders: 1 };
  sa.assigned = { ...shared, addresses, received, refused: new Set() };
  step.received.push({ up: received });
  const facts = { addresses: addresses.length, dns: dns.length, networks: networks.length };
  report(exchange, 'info', 'ike.auth', 'the peer gives us addresses', facts);
  return true;
}

function refused(exchange: Exchange): void {
  const { sa } = exchange;
  const error = errorNotification(exchange);
  const said = error ? `answers ${notifyName(error.notifyType)}` : 'gives none';
  const usual = 'its mode-config (strongSwan: pools) has no address for us';
  const advice = (error && NOTIFIED.get(error.notifyType)) ?? usual;
  const text = `we ask for an address and the peer ${said}: ${advice}; called again later`;
  report(exchange, 'error', 'ike.auth', text);
  sa.tasks.unshift({ kind: 'delete-ike', reason: 'the peer gives us no address' });
  scheduleReconnect(exchange);
}

interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

function addressOf({ type, value }: Attribute): Address[] {
  if (type === CFG.INTERNAL_IP4_ADDRESS && value.length === 4) return [addressFromBytes(value)];
  const six = type === CFG.INTERNAL_IP6_ADDRESS && value.length === 17;
  return six ? [addressFromBytes(value.slice(0, 16))] : [];
}

function dnsOf({ type, value }: Attribute): Address[] {
  const length = type === CFG.INTERNAL_IP4_DNS ? 4 : type === CFG.INTERNAL_IP6_DNS ? 16 : -1;
  return value.length === length ? [addressFromBytes(value)] : [];
}

function networksOf({ type, value }: Attribute): Prefix[] {
  if (type === CFG.INTERNAL_IP4_SUBNET && value.length === 8) return masked(value);
  if (type === CFG.INTERNAL_IP6_SUBNET && value.length === 17) {
    const bits = value[16]!;
    return bits <= 128 ? [prefixOf(addressFromBytes(value.slice(0, 16)), bits)] : [];
  }
  if (type !== CFG.UNITY_SPLIT_INCLUDE) return [];
  const size = value.length % UNITY_NETWORK === 0 ? UNITY_NETWORK : UNITY_PLAIN;
  if (value.length % size !== 0) return [];
  return Array.from({ length: value.length / size }, (_, at) =>
    masked(value.slice(at * size, at * size + UNITY_PLAIN)),
  ).flat();
}

/** Address, mask, six bytes of protocol and ports; without those strongSwan sends an attribute each. */
const UNITY_NETWORK = 14;
const UNITY_PLAIN = 8;

/** A mask with holes says nothing that could be routed. */
function masked(value: Uint8Array): Prefix[] {
  const mask = value.slice(4, 8).reduce((sum, byte) => sum * 256 + byte, 0);
  const bits = 32 - Math.log2(2 ** 32 - mask);
  return Number.isInteger(bits) ? [prefixOf(addressFromBytes(value.slice(0, 4)), bits)] : [];
}

function prefixOf({ family, value }: Address, bits: number): Prefix {
  const host = BigInt(addressBits(family) - bits);
  return { address: { family, value: (value >> host) << host }, bits };
}

const distinct = (prefixes: readonly Prefix[]): Prefix[] => [
  ...new Map(
    prefixes.map((one) => [`${one.address.family} ${one.address.value} ${one.bits}`, one]),
  ).values(),
];
