// Two gateways of one tunnel, as configured and negotiated: policies and a child for each side.
import type { Association } from '../../src/dataplane/association.js';
import { parseAddress, parsePrefix } from '../../src/policy/address.js';
import type { Policy } from '../../src/policy/database.js';
import { selectorOf, type TrafficSelector } from '../../src/policy/selector.js';
import { seeded } from './arena.js';
import { Gateway } from './gateway.js';

export interface Suite {
  readonly encryption: string;
  readonly integrity: string;
  readonly keyBytes: number;
  readonly saltBytes: number;
  readonly macBytes: number;
}

const suite = (
  encryption: string,
  integrity: string,
  keyBytes: number,
  saltBytes: number,
  macBytes: number,
): Suite => ({ encryption, integrity, keyBytes, saltBytes, macBytes });

export const SUITES: readonly Suite[] = [
  ...[128, 192, 256].map((bits) => suite(`aes-${bits}-gcm`, 'null', bits / 8, 4, 0)),
  suite('chacha20poly1305', 'null', 32, 4, 0),
  ...[128, 192, 256].map((bits) => suite(`aes-${bits}-ccm`, 'null', bits / 8, 3, 0)),
  suite('aes-128-ccm-12', 'null', 16, 3, 0),
  suite('aes-256-ccm-8', 'null', 32, 3, 0),
  ...[128, 192, 256].map((bits) => suite(`aes-${bits}-gmac`, 'null', bits / 8, 4, 0)),
  ...[128, 192, 256].map((bits) => suite(`aes-${bits}-cbc`, 'sha256', bits / 8, 0, 32)),
  ...[128, 192, 256].map((bits) => suite(`aes-${bits}-ctr`, 'sha256', bits / 8, 4, 32)),
  suite('aes-128-cbc', 'sha1', 16, 0, 20),
  suite('aes-192-cbc', 'md5', 24, 0, 16),
  suite('aes-256-cbc', 'sha384', 32, 0, 48),
  suite('aes-256-cbc', 'sha512', 32, 0, 64),
  ...[128, 192, 256].map((bits) => suite(`camellia-${bits}`, 'sha256', bits / 8, 0, 32)),
  suite('3des', 'sha1', 24, 0, 20),
  suite('des', 'md5', 8, 0, 16),
  suite('blowfish', 'sha1', 16, 0, 20),
  suite('blowfish-448', 'sha256', 56, 0, 32),
  suite('twofish', 'sha1', 16, 0, 20),
  suite('twofish-256', 'sha512', 32, 0, 64),
  suite('null', 'md5', 0, 0, 16),
  suite('null', 'sha1', 0, 0, 20),
  suite('null', 'sha256', 0, 0, 32),
  suite('null', 'sha512', 0, 0, 64),
];

export interface TunnelOptions {
  readonly suite?: Suite;
  readonly esn?: boolean;
  readonly replayWindow?: number;
  readonly udp?: boolean;
  readonly outer?: 4 | 6;
  readonly seed?: number;
  /** 1: the networks' IPv4 policy, 2: IPv6. */
  readonly policy?: number;
  readonly softBytes?: number;
  readonly hardBytes?: number;
}

export const WEST = { 4: '192.0.2.1', 6: '2001:db8:ffff::1' };
export const EAST = { 4: '203.0.113.2', 6: '2001:db8:ffff::2' };
const WEST_NET = { 4: '198.18.1.0/24', 6: '2001:db8:1::/48' };
const EAST_NET = { 4: '198.18.2.0/24', 6: '2001:db8:2::/48' };

/** What the packet path never looks at. */
const PROPOSAL: Policy['proposal'] = {
  name: 'default',
  encAlgorithms: [],
  authAlgorithms: [],
  lifetime: 1800,
  lifebytes: 0,
  pfsGroup: undefined,
  esn: 'yes',
  replayWindow: 1024,
};

export function policy(id: number, src: string, dst: string, fields: Partial<Policy> = {}): Policy {
  return {
    id,
    place: id,
    src: parsePrefix(src)!,
    dst: parsePrefix(dst)!,
    srcPort: undefined,
    dstPort: undefined,
    protocol: 0,
    action: 'encrypt',
    level: 'require',
    comment: '',
    tunnel: true,
    protection: 'esp',
    peer: undefined,
    proposal: PROPOSAL,
    ...fields,
  };
}

export const selectors = (prefix: string): TrafficSelector => selectorOf(parsePrefix(prefix)!);

/** The child of the west side; the east side's is `mirror` of it. */
export function westChild(id: number, options: TunnelOptions = {}): Association {
  const random = seeded(options.seed ?? 2409);
  const { keyBytes, saltBytes, macBytes, ...names } = options.suite ?? SUITES[3]!;
  const outer = options.outer ?? 4;
  const port = options.udp ? 4500 : 500;
  const keys = (spi: number): Association['inbound'] => ({
    spi,
    encryptionKey: random.bytes(keyBytes),
    salt: random.bytes(saltBytes),
    integrityKey: random.bytes(macBytes),
  });
  return {
    id,
    peer: 'east',
    policy: options.policy ?? 1,
    local: { address: parseAddress(WEST[outer])!, port },
    remote: { address: parseAddress(EAST[outer])!, port },
    udpEncapsulation: options.udp ?? false,
    mode: 'tunnel',
    protocol: 'esp',
    encryption: names.encryption,
    integrity: names.integrity,
    esn: options.esn ?? false,
    replayWindow: options.replayWindow ?? 1024,
    inbound: keys(0x1000 + 2 * id),
    outbound: keys(0x2001 + 2 * id),
    localSelectors: [selectors(WEST_NET[4]), selectors(WEST_NET[6])],
    remoteSelectors: [selectors(EAST_NET[4]), selectors(EAST_NET[6])],
    lifetime: {
      softSeconds: 1800,
      hardSeconds: 3600,
      softBytes: options.softBytes ?? 0,
      hardBytes: options.hardBytes ?? 0,
    },
  };
}

export function mirror(child: Association): Association {
  const { around } = child;
  return {
    ...child,
    around: around && { ...around, inbound: around.outbound, outbound: around.inbound },
    peer: 'west',
    local: child.remote,
    remote: child.local,
    inbound: child.outbound,
    outbound: child.inbound,
    localSelectors: child.remoteSelectors,
    remoteSelectors: child.localSelectors,
  };
}

/** Installs both ends of a child. */
export function connect({ west, east }: Pair, child: Association, pathMtu = 1500): void {
  west.tables.install(child, { activate: true, pathMtu });
  east.tables.install(mirror(child), { activate: true, pathMtu });
}

export interface Pair {
  readonly west: Gateway;
  readonly east: Gateway;
}

export function gateways(): Pair {
  const west = new Gateway();
  const east = new Gateway();
  west.tables.setPolicies([
    policy(1, WEST_NET[4], EAST_NET[4]),
    policy(2, WEST_NET[6], EAST_NET[6]),
  ]);
  east.tables.setPolicies([
    policy(1, EAST_NET[4], WEST_NET[4]),
    policy(2, EAST_NET[6], WEST_NET[6]),
  ]);
  return { west, east };
}
