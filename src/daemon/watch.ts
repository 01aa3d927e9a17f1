// What is remembered of a running gateway for those who look at it: failures for the doctor, handshake
// times and the counts of SAs that are gone for the metrics.
import type { Built } from '../config/databases.js';
import type { Tables } from '../dataplane/tables.js';
import type { IkeEngine } from '../ike/context.js';
import type { Step } from '../ike/step.js';
import { deviceDrops, socketDrops } from '../net/queue-drops.js';
import type { SocketSet } from '../net/sockets.js';
import { Ailments } from './ailments.js';
import type { LiveFacts } from './doctor-facts.js';
import { liveFacts } from './doctor-live.js';
import { Handshakes } from './handshakes.js';
import type { GatewayFigures } from './metrics.js';
import { printFigures } from './print.js';
import type { PrintSources } from './print.js';
import { type Directions, TrafficTotals } from './traffic-totals.js';
import { workerLoad } from './worker-load.js';

/** The parts of the gateway that are looked at; they stand when it has started. */
export interface Watched extends PrintSources {
  readonly built: () => Built;
  readonly tables: Tables;
  readonly engine: IkeEngine;
  readonly memory: WebAssembly.Memory;
  readonly sockets: SocketSet;
  readonly device: string;
}

const MANY = 1000;

export class Watch {
  readonly #ailments = new Ailments();
  readonly #handshakes = new Handshakes();
  readonly #totals = new TrafficTotals();
  /** Of the rows of active-peers. */
  readonly #connections = new TrafficTotals();
  /** Whose a child is. */
  readonly #owners = new Map<number, { readonly peer: string; readonly connection: string }>();
  /** So many connections have counts before it is looked which are over. */
  #most = MANY;
  readonly #startedAt = Date.now();
  #watched: Watched | undefined;

  begin(watched: Watched): void {
    this.#watched = watched;
  }

  /** Before a step is carried out: what it tells, and the counts of children it removes. */
  before({ events, install, remove }: Step, tables: Tables): void {
    const now = Date.now();
    for (const event of events) {
      this.#ailments.note(event, now);
      this.#handshakes.note(event);
    }
    for (const { id, peer, connection } of install) {
      this.#owners.set(id, { peer, connection: `${connection}` });
    }
    for (const id of remove) {
      const traffic = tables.traffic(id);
      const owner = this.#owners.get(id);
      this.#owners.delete(id);
      if (!traffic || !owner) continue;
      this.#totals.keep(owner.peer, traffic);
      this.#connections.keep(owner.connection, traffic);
    }
    if (this.#connections.size > this.#most) this.#tidy();
  }

  /** Connections end without a word to us: now and then those that are over are forgotten. */
  #tidy(): void {
    const rows = this.#here.engine.peers();
    this.#connections.retain(new Set(rows.map(({ connection }) => `${connection}`)));
    this.#most = MANY + 2 * this.#connections.size;
  }

  /** What children of a connection that are gone have carried. */
  carried(connection: number): Directions {
    return this.#connections.kept(`${connection}`);
  }

  /** The configuration of these peers has changed. */
  changed(peers: readonly string[]): void {
    this.#ailments.forget(peers);
  }

  examine(peer: string): LiveFacts {
    return liveFacts(peer, { ...this.#here, ailments: this.#ailments });
  }

  figures(): GatewayFigures {
    const { built, tables, memory, sockets, device } = this.#here;
    const workers = sockets.workers.length;
    const { databases, named } = built();
    return {
      startedAt: this.#startedAt,
      // One whose name is not resolved is down, too.
      peers: [...new Set([...databases.peers, ...named].map(({ name }) => name))],
      ...printFigures(this.#here),
      traffic: this.#totals.totals(tables.list()),
      handshakes: this.#handshakes,
      workers: workerLoad(memory, workers, Date.now()),
      drops: [
        ...socketDrops(sockets.workers),
        { queue: 'tun', worker: -1, packets: deviceDrops(device) },
      ],
    };
  }

  get #here(): Watched {
    if (!this.#watched) throw new Error('bug: the gateway has not started');
    return this.#watched;
  }
}
