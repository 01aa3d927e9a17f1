// What peers gave us by mode-config, carried out: the address on the TUN device, DNS, and for the networks
// of src-address-list or connections with a mark the way into the tunnel and the translation to our address.
import type { Received, ReceivedChange } from '../ike/step.js';
import { addAddress, deleteAddress } from '../net/addresses.js';
import { forgetTranslated } from '../net/conntrack.js';
import { SystemError } from '../net/libc.js';
import { Netlink } from '../net/netlink.js';
import type { RoutedDynamic } from '../net/host.js';
import { SourceNat } from '../net/source-nat.js';
import { type Address, formatAddress, toBytes } from '../policy/address.js';
import type { Identity } from '../policy/database.js';
import { FIRST_MARKED, ipPrefix } from './host.js';
import type { Log } from './log.js';
import type { PolicyEffects } from './policy-effects.js';
import { Resolver } from './resolver.js';

type Ways = Pick<PolicyEffects, 'addRoute' | 'removeRoute' | 'addMarked' | 'removeMarked'>;

export class ReceivedEffects {
  readonly #tun: string;
  readonly #policies: Ways;
  readonly #log: Log;
  readonly #nat: SourceNat;
  readonly #resolver: Resolver;
  readonly #active = new Map<number, Received>();
  /** How many gave us an address: while one IKE SA replaces another, two. */
  readonly #holders = new Map<string, number>();
  /** Routes of each, by ids below those of any policy. */
  readonly #routes = new Map<number, number[]>();
  #nextRoute = -1;
  /** What routing rules look for, of those with a connection-mark. */
  readonly #marks = new Map<number, number>();

  constructor(tun: string, policies: Ways, log: Log) {
    this.#tun = tun;
    this.#policies = policies;
    this.#log = log;
    this.#nat = new SourceNat(tun);
    this.#resolver = new Resolver(tun, log);
  }

  /** Undoes what a killed run left beside the device, which took its addresses along. */
  clean(identities: readonly Identity[]): void {
    const asked = identities.flatMap(({ peer, modeConfig }) =>
      modeConfig?.role === 'initiator' && modeConfig.dns !== 'no' ? [{ peer, modeConfig }] : [],
    );
    const files = asked.flatMap(({ modeConfig }) => modeConfig.resolvConf ?? []);
    const peers = asked.filter(({ modeConfig }) => modeConfig.resolvConf === undefined);
    this.#resolver.clean(files, [...new Set(peers.map(({ peer }) => peer))]);
  }

  change(change: ReceivedChange): void {
    if ('up' in change) this.#up(change.up);
    else this.#down(change.down);
  }

  async close(): Promise<void> {
    for (const id of [...this.#active.keys()]) this.#down(id);
    this.#attempt('the translation', () => this.#nat.close());
    await this.#resolver.close();
  }

  #up(received: Received): void {
    this.#active.set(received.id, received);
    for (const address of received.addresses) {
      const key = formatAddress(address);
      const count = this.#holders.get(key) ?? 0;
      this.#holders.set(key, count + 1);
      if (count === 0) this.#attempt(key, () => this.#onTun(address, addAddress));
    }
    this.#translate(received);
    this.#resolver.up(received);
  }

  #down(id: number): void {
    const received = this.#active.get(id);
    if (!received) return;
    this.#active.delete(id);
    this.#resolver.down(id);
    this.#attempt('the translation', () => {
      for (const at of received.addresses.keys()) this.#nat.remove(id * 2 + at);
    });
    this.#attempt('the marks', () => this.#policies.removeMarked(id));
    this.#marks.delete(id);
    for (const route of this.#routes.get(id) ?? []) this.#policies.removeRoute(route);
    this.#routes.delete(id);
    for (const address of received.addresses) {
      const key = formatAddress(address);
      const count = (this.#holders.get(key) ?? 1) - 1;
      if (count > 0) this.#holders.set(key, count);
      else {
        this.#holders.delete(key);
        this.#attempt(key, () => this.#onTun(address, deleteAddress));
        if (!isTranslating(received)) continue;
        this.#attempt('its connections', () => void forgetTranslated(toBytes(address)));
      }
    }
  }

  #onTun(address: Address, act: typeof addAddress): void {
    const netlink = new Netlink();
    try {
      const bytes = toBytes(address);
      act(netlink, this.#tun, { address: bytes, bits: 8 * bytes.length });
    } finally {
      netlink.close();
    }
  }

  /** Of an address-list, or of marked connections, or of those of an address-list. */
  #translate(received: Received): void {
    const { id, addresses, config } = received;
    const { mark } = config;
    const sources = config.sources?.map(ipPrefix);
    if ((!sources && !mark) || sources?.length === 0) return;
    this.#attempt('the translation', () => {
      for (const [at, address] of addresses.entries()) {
        const destinations = networksOf(received, address.family).map(ipPrefix);
        const bytes = toBytes(address);
        this.#nat.add({ id: id * 2 + at, sources, mark, destinations, address: bytes });
      }
    });
    const ways = addresses.flatMap(({ family }) =>
      mark ? markedWays(received, family, this.#markOf(id)) : waysOf(received, family),
    );
    this.#routes.set(
      id,
      ways.map((way) => {
        const route = this.#nextRoute--;
        this.#policies.addRoute({ ...way, id: route });
        return route;
      }),
    );
    if (!mark) return;
    const families = [...new Set(addresses.map(({ family }) => family))];
    const marked = { id, mark, families, sources, routedBy: this.#markOf(id) };
    this.#attempt('the marks', () => this.#policies.addMarked(marked));
  }

  /** The one it has, or the lowest that none has. */
  #markOf(id: number): number {
    const known = this.#marks.get(id);
    if (known !== undefined) return known;
    const used = new Set(this.#marks.values());
    let mark = FIRST_MARKED;
    while (used.has(mark)) mark++;
    this.#marks.set(id, mark);
    return mark;
  }

  /** What the kernel refuses costs this one thing, and is said. */
  #attempt(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log.error('net', `mode-config, ${what}: ${error.message}`);
    }
  }
}

type Way = Omit<RoutedDynamic, 'id'>;
const ANY = { protocol: 0, srcPort: undefined, dstPort: undefined } as const;

const isTranslating = ({ config }: Received): boolean =>
  config.sources !== undefined || config.mark !== undefined;

const networksOf = ({ networks }: Received, family: 4 | 6) =>
  networks.filter(({ address }) => address.family === family);

/** What is to go through the tunnel: the networks named of this family, or everything. */
function destinationsOf(received: Received, family: 4 | 6): Way['dst'][] {
  const networks = networksOf(received, family).map(ipPrefix);
  if (networks.length > 0) return networks;
  return [{ address: new Uint8Array(family === 4 ? 4 : 16), bits: 0 }];
}

/** From each source of the address-list; what it sends to itself stays away. */
function waysOf(received: Received, family: 4 | 6): Way[] {
  const { template, config } = received;
  const own = (config.sources ?? []).filter(({ address }) => address.family === family);
  return own
    .map(ipPrefix)
    .flatMap((src) => [
      { ...ANY, template, src, dst: src, exempt: true as const },
      ...destinationsOf(received, family).map((dst) => ({ ...ANY, template, src, dst })),
    ]);
}

const markedWays = (received: Received, family: 4 | 6, mark: number): Way[] =>
  destinationsOf(received, family).map((dst) => {
    const src = { address: new Uint8Array(dst.address.length), bits: 0 };
    return { ...ANY, template: received.template, src, dst, mark };
  });
