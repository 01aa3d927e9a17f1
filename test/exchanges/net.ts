// Any number of gateways in one process under one clock, found by their addresses: for what two are too
// few to show. Messages take a millisecond; an address that is `down` neither gets nor sends any.
import * as assert from 'uvu/assert';
import { localAgreement } from '../../src/crypto/agreement.js';
import type { Context } from '../../src/ike/context.js';
import { Engine } from '../../src/ike/engine.js';
import type { Datagram } from '../../src/ike/step.js';
import { type Address, formatAddress } from '../../src/policy/address.js';
import type { Databases } from '../../src/policy/database.js';
import { storeOf } from '../certificates/pki.js';
import { Random } from '../wire/random.js';
import { Site } from './site.js';

export interface Gateway {
  readonly site: Site;
  readonly addresses: Address[];
}

export class Net {
  now = 1_000_000;
  readonly down = new Set<string>();
  readonly gateways: Gateway[] = [];
  /** Called after every step that anybody carried out. */
  watch: () => void = () => {};
  #flight: { readonly at: number; readonly to: Site; readonly datagram: Datagram }[] = [];
  readonly #random = new Random(1);

  /** Its first address is the one its calls come from, where the peer entry names none. */
  add(name: string, addresses: readonly Address[], databases: Databases): Site {
    const own = [...addresses];
    const engine = new Engine(databases, this.#context(own));
    const site = new Site(name, engine, (datagram) => this.#send(datagram));
    this.gateways.push({ site, addresses: own });
    return site;
  }

  #context(own: readonly Address[]): Context {
    const random = new Random(this.#random.word());
    let spi = 0xe000_0000 + 0x100_0000 * this.gateways.length;
    return {
      now: () => this.now,
      random: (bytes) => random.bytes(bytes),
      allocateSpi: () => ++spi,
      agreement: localAgreement,
      certificates: storeOf([]),
      localAddressFor: ({ family }) => own.find((address) => address.family === family),
    };
  }

  #isDown = ({ local, remote }: Datagram): boolean =>
    [local, remote].some(({ address }) => this.down.has(formatAddress(address)));

  #send(datagram: Datagram): void {
    const { local, remote } = datagram;
    const to = this.gateways.find(({ addresses }) =>
      addresses.some((one) => formatAddress(one) === formatAddress(remote.address)),
    );
    if (!to || this.#isDown(datagram)) return;
    const arriving = { ...datagram, local: remote, remote: local };
    this.#flight.push({ at: this.now + 1, to: to.site, datagram: arriving });
  }

  /** Everything that happens within `ms`. */
  async run(ms: number): Promise<void> {
    const until = this.now + ms;
    for (let turn = 0; ; turn++) {
      assert.ok(turn < 20_000, 'no end');
      const timers = this.gateways.flatMap(({ site }) => {
        const at = site.engine.nextTimeout();
        return at === undefined ? [] : [{ at: Math.max(at, this.now), site }];
      });
      const timer = timers.sort((a, b) => a.at - b.at)[0];
      const next = this.#flight[0];
      const at = Math.min(timer?.at ?? Infinity, next?.at ?? Infinity);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (next && next.at <= at) {
        this.#flight.shift();
        if (this.#isDown(next.datagram)) continue;
        await next.to.carry(next.to.engine.receive(next.datagram));
      } else await timer!.site.carry(timer!.site.engine.tick(this.now));
      this.watch();
    }
    this.now = until;
  }

  async start(...sites: readonly Site[]): Promise<void> {
    for (const site of sites) await site.carry(site.engine.start());
  }
}
