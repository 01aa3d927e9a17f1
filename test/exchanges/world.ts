// Two gateways in one process under one clock, and the link between them. The link loses, doubles and
// delays by a seed, or holds every message until the test says which goes next.
//   1 the test calls an engine through its site    2 what it sends goes onto the link
//   3 run() moves the clock to the next delivery or timer, whichever is first, and back to 2
import * as assert from 'uvu/assert';
import type { Context, Settings } from '../../src/ike/context.js';
import type { Address } from '../../src/policy/address.js';
import type { Datagram } from '../../src/ike/step.js';
import { storeOf } from '../certificates/pki.js';
import { type Agreement, localAgreement } from '../../src/crypto/agreement.js';
import { decodeHeader } from '../../src/wire/header.js';
import { exchangeName } from '../../src/wire/numbers.js';
import { Random } from '../wire/random.js';
import { databases, EAST, type SiteOptions, WEST } from './databases.js';
import { type MakeEngine, sameEndpoint, Site } from './site.js';

export interface LinkOptions {
  /** Shares of messages lost and doubled, and milliseconds of delay (from 1) chosen for each. */
  readonly loss?: number;
  readonly duplication?: number;
  readonly delayMs?: number;
}
export interface WorldOptions {
  readonly seed?: number;
  readonly east?: SiteOptions;
  readonly west?: SiteOptions;
  readonly settings?: Partial<Settings>;
  readonly link?: LinkOptions;
  /** What a daemon would have beside the rest: RADIUS, certificates. */
  readonly context?: Partial<Record<'east' | 'west', Partial<Context>>>;
}

interface InFlight {
  readonly at: number;
  readonly order: number;
  readonly to: Site;
  readonly datagram: Datagram;
}

export class World {
  readonly random: Random;
  readonly east: Site;
  readonly west: Site;
  now = 1_000_000;
  /** What a route lookup says each site's own address is; undefined: there is no route. */
  readonly routes: Record<'east' | 'west', Address | undefined> = { east: EAST, west: WEST };
  link: LinkOptions;
  /** True: messages stay in `held` until `deliver`. */
  holding = false;
  readonly held: InFlight[] = [];
  private flight: InFlight[] = [];
  private order = 0;
  /** Every message sent, in order, as `east: IKE_SA_INIT request 0`, and as it was. */
  readonly log: string[] = [];
  readonly captured: { readonly from: Site; readonly datagram: Datagram }[] = [];
  /** Shared secrets in the order they were computed, for a test that plays the peer itself. */
  readonly secrets: Uint8Array[] = [];
  /** Sees every message on its way; false loses it. */
  filter: (from: Site, datagram: Datagram) => boolean = () => true;

  constructor(make: MakeEngine, options: WorldOptions = {}) {
    this.random = new Random(options.seed ?? 1);
    this.link = options.link ?? {};
    const site = (side: 'east' | 'west'): Site => {
      const context = { ...this.context(side, options), ...options.context?.[side] };
      const engine = make(databases(side, options[side]), context);
      return new Site(side, engine, (datagram) => this.send(side, datagram));
    };
    this.east = site('east');
    this.west = site('west');
  }

  private context(side: 'east' | 'west', options: WorldOptions): Context {
    const random = new Random(this.random.word());
    let spi = side === 'east' ? 0xea000000 : 0xde000000;
    return {
      now: () => this.now,
      random: (bytes) => random.bytes(bytes),
      allocateSpi: () => ++spi,
      agreement: this.agreement,
      certificates: options[side]?.certificates ?? storeOf([]),
      localAddressFor: () => this.routes[side],
      settings: options.settings ?? {},
    };
  }

  private readonly agreement: Agreement = {
    generate: async (group) => {
      const share = await localAgreement.generate(group);
      const derive = async (peerPublic: Uint8Array): Promise<Uint8Array> => {
        const secret = await share.derive(peerPublic);
        this.secrets.push(secret);
        return secret;
      };
      return { group, publicValue: share.publicValue, derive };
    },
  };

  get sites(): readonly Site[] {
    return [this.east, this.west];
  }
  other(site: Site): Site {
    return site === this.east ? this.west : this.east;
  }

  private send(side: 'east' | 'west', datagram: Datagram): void {
    const from = this[side];
    this.log.push(`${side}: ${describe(datagram.bytes)}`);
    this.captured.push({ from, datagram });
    if (!this.filter(from, datagram)) return;
    // What one end calls remote is the other's local.
    const arriving = { ...datagram, local: datagram.remote, remote: datagram.local };
    const { loss = 0, duplication = 0, delayMs = 1 } = this.link;
    const copies = this.random.chance(duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.random.chance(loss)) continue;
      const at = this.now + this.random.between(1, delayMs);
      const item = { at, order: this.order++, to: this.other(from), datagram: arriving };
      if (this.holding) this.held.push(item);
      else this.flight.push(item);
    }
  }

  /** Delivers a held message, the oldest unless said otherwise. */
  async deliver(item: InFlight | undefined = this.held[0]): Promise<void> {
    assert.ok(item, 'nothing is held');
    this.held.splice(this.held.indexOf(item!), 1);
    await item!.to.carry(item!.to.engine.receive(item!.datagram));
  }

  /** Held messages on their way to that site, oldest first. */
  heldFor(site: Site): InFlight[] {
    return this.held.filter((item) => item.to === site);
  }

  /** Lets go of what is held, in order, and holds no more. */
  release(): void {
    this.holding = false;
    for (const item of this.held.splice(0)) this.flight.push({ ...item, at: this.now + 1 });
  }

  /** Runs until nothing is on the link and no timer is due within `forMs`. */
  async run(forMs = 0): Promise<void> {
    const until = this.now + forMs;
    for (let turn = 0; ; turn++) {
      assert.ok(turn < 20_000, `no end after ${turn} turns: ${this.log.slice(-6).join('; ')}`);
      const next = this.nextDelivery();
      const timer = this.nextTimer();
      const deliver = next !== undefined && (timer === undefined || next.at <= timer.at);
      const at = deliver ? next.at : timer?.at;
      if (at === undefined || (at > until && (!deliver || forMs > 0))) break;
      this.now = Math.max(this.now, at);
      if (deliver) {
        this.flight.splice(this.flight.indexOf(next), 1);
        await next.to.carry(next.to.engine.receive(next.datagram));
      } else {
        await timer!.site.carry(timer!.site.engine.tick(this.now));
      }
    }
    this.now = Math.max(this.now, until);
  }

  private nextDelivery(): InFlight | undefined {
    return this.flight.reduce<InFlight | undefined>(
      (best, item) =>
        !best || item.at < best.at || (item.at === best.at && item.order < best.order)
          ? item
          : best,
      undefined,
    );
  }

  private nextTimer(): { at: number; site: Site } | undefined {
    const timers = this.sites.flatMap((site) => {
      const at = site.engine.nextTimeout();
      return at === undefined ? [] : [{ at: Math.max(at, this.now), site }];
    });
    return timers.sort((a, b) => a.at - b.at)[0];
  }

  /** East initiates, the first child comes up, nothing is on the link any more. */
  async establish(): Promise<void> {
    await this.east.carry(this.east.engine.start());
    await this.run();
    for (const site of this.sites) {
      assert.is(site.established.length, 1, `${site.name}: ${site.complaints().join('; ')}`);
    }
    this.checkTraffic();
  }

  /** Every packet a site would send, the other would open: same SPI, keys, selectors, endpoints. */
  checkTraffic(policies: readonly number[] = [0]): void {
    for (const site of this.sites) {
      for (const policy of policies) {
        const out = site.current(policy);
        assert.ok(out, `${site.name} has no SA for policy ${policy}`);
        const into = this.other(site).inbound(out!.outbound.spi);
        assert.ok(into, `${this.other(site).name} does not know SPI ${out!.outbound.spi}`);
        assert.equal(into!.inbound, out!.outbound, 'keys');
        assert.equal([into!.encryption, into!.integrity], [out!.encryption, out!.integrity]);
        assert.equal(into!.localSelectors, out!.remoteSelectors);
        assert.ok(sameEndpoint(into!.remote, out!.local) && sameEndpoint(into!.local, out!.remote));
      }
    }
  }

  /** Whatever SAs there are, both ends have the same ones. */
  checkMirrored(): void {
    const [east, west] = this.sites.map((site) => ({
      ike: site.peers.map((peer) => `${peer.spii} ${peer.spir}`).sort(),
      into: [...site.children.values()].map(({ sa }) => sa.inbound.spi).sort(),
      out: [...site.children.values()].map(({ sa }) => sa.outbound.spi).sort(),
    }));
    assert.equal(east!.ike, west!.ike, 'IKE SAs');
    assert.equal([east!.into, east!.out], [west!.out, west!.into], 'children');
  }

  /** One IKE SA, the same at both ends, and one child per policy, each the other's mirror image. */
  checkSettled(policies: readonly number[] = [0]): void {
    this.checkTraffic(policies);
    const [east, west] = this.sites.map((site) => site.peers) as [
      typeof this.east.peers,
      typeof this.east.peers,
    ];
    assert.is(east.length, 1, `east has ${east.length} IKE SAs`);
    assert.is(west.length, 1, `west has ${west.length} IKE SAs`);
    assert.equal([east[0]!.spii, east[0]!.spir], [west[0]!.spii, west[0]!.spir]);
    for (const site of this.sites) {
      assert.is(
        site.children.size,
        policies.length,
        `${site.name} has ${site.children.size} children`,
      );
      assert.equal([...site.peers[0]!.children].sort(), [...site.children.keys()].sort());
    }
  }
}

function describe(bytes: Uint8Array): string {
  const { exchangeType, flags, messageId } = decodeHeader(bytes);
  return `${exchangeName(exchangeType)} ${flags.response ? 'response' : 'request'} ${messageId}`;
}
