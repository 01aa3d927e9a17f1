// The configuration payload, as responder (RFC 7296 §2.19, §3.15): an address of each family the peer
// asks for, DNS servers, and the networks it is to send through the tunnel.
//   RouterOS says the networks twice: INTERNAL_IP4_SUBNET, and Cisco's UNITY_SPLIT_INCLUDE.
import { type Address, addressFromBytes, type Prefix, toBytes } from '../../policy/address.js';
import type { GivenConfig } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { CFG, CFG_REPLY, CFG_REQUEST } from '../../wire/numbers.js';
import type { ConfigurationPayload } from '../../wire/payloads/configuration.js';
import { IkeError } from '../errors.js';
import { type Exchange, optional, type Work } from '../exchange.js';
import type { IkeSa } from '../sa.js';
import type { Received } from '../step.js';

/** What one IKE SA and those that replace it hold. */
export interface Assigned {
  readonly addresses: readonly Address[];
  /** The answer, for a peer that asks again. */
  readonly reply: PlainPayload | undefined;
  /** Addresses that are a pool's to give again. */
  readonly leased: readonly Address[];
  /** For who asks by DHCPINFORM. */
  readonly given?: Given;
  /** Where we are who asked. */
  readonly received?: Received;
  /** Networks of those that the peer then gave no child for. */
  readonly refused?: Set<string>;
  /** IKE SAs that hold it: more than one while they replace each other. */
  holders: number;
}

/** What mode-config says beside addresses. */
export interface Given {
  readonly networks: readonly Prefix[];
  readonly dns: readonly Address[];
  readonly domains: readonly string[];
}

type Attribute = ConfigurationPayload['attributes'][number];

const request = (asked: Pick<Exchange, 'payloads'>): ConfigurationPayload | undefined => {
  const found = optional(asked, 'Configuration');
  return found?.configurationType === CFG_REQUEST ? found : undefined;
};

const givenBy = ({ identity }: IkeSa): GivenConfig | undefined =>
  identity?.modeConfig?.role === 'responder' ? identity.modeConfig : undefined;

/** In IKE_AUTH, once the peer is known. Throws where it can have none of the addresses it asks for. */
export function giveConfiguration(exchange: Exchange): PlainPayload[] {
  const { sa } = exchange;
  const config = givenBy(sa);
  const asked = request(exchange);
  if (!config || !asked) return [];
  const addresses: Address[] = [];
  const leased: Address[] = [];
  let wants = 0;
  for (const family of [4, 6] as const) {
    const type = family === 4 ? CFG.INTERNAL_IP4_ADDRESS : CFG.INTERNAL_IP6_ADDRESS;
    const attribute = asked.attributes.find((one) => one.type === type);
    const source = attribute && sourceOf(exchange, config, family);
    if (!source) continue;
    wants++;
    const wanted = wantedOf(attribute, family);
    const address = 'fixed' in source ? source.fixed : lease(exchange, source.pool, family, wanted);
    if (!address) continue;
    addresses.push(address);
    if ('pool' in source) leased.push(address);
  }
  if (wants > 0 && addresses.length === 0) {
    const text = `mode-config '${config.name}': every address of its pool is in use`;
    throw new IkeError('no-address', text);
  }
  const given = givenTo(exchange, config);
  const reply = replyOf(given, config, addresses);
  sa.assigned = { addresses, leased, reply, given, holders: 1 };
  return [reply];
}

/** Asked for again in a later exchange (RouterOS does so in rekeys): the same answer. */
export const repeatConfiguration = (exchange: Exchange): PlainPayload[] =>
  request(exchange) && exchange.sa.assigned?.reply ? [exchange.sa.assigned.reply] : [];

type Source = { readonly fixed: Address } | { readonly pool: string };

/**
 * What an authentication server, or the menu user, says goes before what is configured; undefined: none
 * of this family.
 */
function sourceOf({ world, sa }: Work, config: GivenConfig, family: 4 | 6): Source | undefined {
  const { framedAddress, framedAddress6, framedPrefix6, framedPool, framedPool6 } =
    sa.authorisation ?? {};
  const own = config.address?.family === family ? config.address : undefined;
  const framed = family === 4 ? framedAddress : (framedAddress6 ?? firstOf(framedPrefix6));
  const named = family === 4 ? framedPool : framedPool6;
  if (framed) return { fixed: framed };
  if (sa.user?.address?.family === family) return { fixed: sa.user.address };
  if (named === undefined && own) return { fixed: own };
  const pool = named ?? config.pool;
  // Not an address of another pool, and not none: policies would be made for any.
  if (named !== undefined && !world.context.leases?.serves(named, family)) {
    const text = `user ${sa.authorisation!.user} is to have an address of pool '${named}'`;
    throw new IkeError(
      'unknown-pool',
      `${text}, which has no IPv${family} address or is not there`,
    );
  }
  return pool !== undefined && world.context.leases?.serves(pool, family) ? { pool } : undefined;
}

const firstOf = (prefix: Prefix | undefined): Address | undefined =>
  prefix && { family: prefix.address.family, value: prefix.address.value + 1n };

function lease(
  { world, sa }: Work,
  pool: string,
  family: 4 | 6,
  wanted: Address | undefined,
): Address | undefined {
  const ambiguous = sa.authorisation?.userProved === false;
  const identity = `${sa.peer.name} ${ambiguous ? sa.remoteId : sa.proved}`;
  return world.context.leases?.take({ pool, family, identity, wanted, ambiguous });
}

function wantedOf({ value }: Attribute, family: 4 | 6): Address | undefined {
  const address = value.slice(0, family === 4 ? 4 : 16);
  if (address.length !== (family === 4 ? 4 : 16)) return undefined;
  return address.every((byte) => byte === 0) ? undefined : addressFromBytes(address);
}

// ---- the answer --------------------------------------------------------------------------------

function givenTo({ world, sa }: Work, config: GivenConfig): Given {
  const { systemDns } = world.context;
  const configured = config.dns === 'system' ? (systemDns?.() ?? []) : config.dns;
  const dns = sa.authorisation?.dns.length ? sa.authorisation.dns : configured;
  return { networks: config.splitInclude, dns, domains: config.splitDns };
}

function replyOf(
  { networks, dns, domains }: Given,
  config: GivenConfig,
  addresses: readonly Address[],
): PlainPayload {
  const attributes = [
    ...addresses.flatMap((address) => addressAttributes(address, config.prefixLength)),
    ...dns.map((server) =>
      attribute(server.family === 4 ? CFG.INTERNAL_IP4_DNS : CFG.INTERNAL_IP6_DNS, toBytes(server)),
    ),
    ...networks.map(subnet),
    ...unityNetworks(networks),
    ...domains.map((domain) => attribute(CFG.INTERNAL_DNS_DOMAIN, text(domain))),
    ...unityDomains(domains),
  ];
  return { type: 'Configuration', configurationType: CFG_REPLY, attributes };
}

const attribute = (type: number, value: Uint8Array): Attribute => ({ type, value });
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** RouterOS's address-prefix-length is of IPv4; an IPv6 address carries its own (§3.15.1). */
function addressAttributes(address: Address, prefixLength: number | undefined): Attribute[] {
  const bytes = toBytes(address);
  if (address.family === 6) {
    return [attribute(CFG.INTERNAL_IP6_ADDRESS, Uint8Array.of(...bytes, 128))];
  }
  const own = attribute(CFG.INTERNAL_IP4_ADDRESS, bytes);
  return prefixLength === undefined
    ? [own]
    : [own, attribute(CFG.INTERNAL_IP4_NETMASK, maskOf(prefixLength))];
}

const maskOf = (bits: number): Uint8Array =>
  toBytes({ family: 4, value: ((1n << BigInt(bits)) - 1n) << BigInt(32 - bits) });

function subnet({ address, bits }: Prefix): Attribute {
  const bytes = toBytes(address);
  return address.family === 4
    ? attribute(CFG.INTERNAL_IP4_SUBNET, Uint8Array.of(...bytes, ...maskOf(bits)))
    : attribute(CFG.INTERNAL_IP6_SUBNET, Uint8Array.of(...bytes, bits));
}

/** IPv4 alone: address, mask, and six bytes of protocol and ports that mean any. */
function unityNetworks(networks: readonly Prefix[]): Attribute[] {
  const four = networks.filter(({ address }) => address.family === 4);
  if (four.length === 0) return [];
  const value = four.flatMap(({ address, bits }) => [
    ...toBytes(address),
    ...maskOf(bits),
    ...[0, 0, 0, 0, 0, 0],
  ]);
  return [attribute(CFG.UNITY_SPLIT_INCLUDE, Uint8Array.from(value))];
}

const unityDomains = (domains: readonly string[]): Attribute[] =>
  domains.length === 0 ? [] : [attribute(CFG.UNITY_SPLITDNS_NAME, text(domains.join(',')))];

// ---- its end -----------------------------------------------------------------------------------

/** An IKE SA that holds what was assigned is no more: the last one gives it back. */
export function releaseAssigned({ world, sa, step }: Work): void {
  const { assigned } = sa;
  sa.assigned = undefined;
  if (!assigned || --assigned.holders > 0) return;
  for (const address of assigned.leased) world.context.leases?.giveBack(address);
  if (assigned.received) step.received.push({ down: assigned.received.id });
}

/** The IKE SA that replaces another holds the same. */
export function shareAssigned(sa: IkeSa, next: IkeSa): void {
  if (!sa.assigned) return;
  sa.assigned.holders++;
  next.assigned = sa.assigned;
}

/** Whether policies made for this peer must be for the addresses it was given, and those alone. */
export function assignedOnly(work: Work): readonly Address[] | undefined {
  const { sa } = work;
  const config = givenBy(sa);
  if (!config) return undefined;
  if (sa.assigned && sa.assigned.addresses.length > 0) return sa.assigned.addresses;
  const gives = ([4, 6] as const).some((family) => sourceOf(work, config, family) !== undefined);
  if (!gives) return undefined;
  const why = `mode-config '${config.name}' gives addresses, and the peer asks for none`;
  throw new IkeError('configuration-required', why);
}
