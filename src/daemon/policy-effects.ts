// The policies in force, in all places that must agree on them: the tables of the data plane, the host's
// routes and rules, the packet filter. Written ones are applied together, those made from templates one
// by one as their SAs come and go.
import type { Tables } from '../dataplane/tables.js';
import { HostRoutes, type RoutedDynamic } from '../net/host.js';
import { type MarkedConnections, Marker, removeLeftMarks } from '../net/marked.js';
import { NoTrack } from '../net/no-track.js';
import { NONE_REFUSED, PlainGuard, type Refused, removeLeftGuard } from '../net/plain-guard.js';
import type { Tun } from '../net/tun.js';
import { type Databases, type DynamicPolicy, peersOf } from '../policy/database.js';
import { formatPrefix } from '../policy/address.js';
import { ordered } from '../policy/template.js';
import type { Settings } from '../config/settings.js';
import type { Cleanup } from './cleanup.js';
import { guardedPolicy, MARK, routedDynamic, routedPolicy } from './host.js';
import type { Log } from './log.js';

export class PolicyEffects {
  readonly #tables: Tables;
  readonly #log: Log;
  readonly #routes: HostRoutes;
  readonly #guard: PlainGuard | undefined;
  readonly #noTrack: NoTrack;
  readonly #marker: Marker;
  /** How many of the policies in force refuse something once no daemon is there. */
  #protecting = 0;

  constructor(tables: Tables, tun: Tun, settings: Settings['tun'], log: Log, cleanup: Cleanup) {
    const { table, rulePriority: priority, failClosed, refusePlain } = settings;
    this.#tables = tables;
    this.#log = log;
    this.#routes = new HostRoutes({ tun, mark: MARK, table, priority, failClosed });
    const staysClosed = (): boolean => failClosed && this.#protecting > 0;
    // Left behind, they refuse: the routes to the TUN go with it, those below them stay.
    cleanup.add('rules and routes', () => {
      if (!staysClosed()) return this.#routes.remove();
      const what = `what ${this.#protecting} policies protect is refused until the next start`;
      this.#log.info('net', `${what} (tun fail-closed); \`culvert release\` opens the host`);
    });
    this.#noTrack = new NoTrack(tun.name);
    cleanup.add('the notrack chains', () => this.#noTrack.close());
    removeLeftMarks(tun.name);
    this.#marker = new Marker({ tun: tun.name, mark: MARK, failClosed });
    cleanup.add('the marks of packets', () => this.#marker.close());
    if (!refusePlain) {
      removeLeftGuard(tun.name);
      return;
    }
    const guard = new PlainGuard({ tun: tun.name, failClosed });
    this.#guard = guard;
    cleanup.add('the packet filter', () => (staysClosed() ? guard.leave() : guard.remove()));
  }

  /** The tables first: what the host sends to the TUN must find its policy there. */
  apply(databases: Databases): void {
    const entries = ordered(databases);
    this.#tables.setPolicies(entries);
    this.#protecting = databases.policies.filter(({ action }) => action !== 'none').length;
    for (const warning of this.#routes.apply(entries.map(routedPolicy))) {
      this.#log.warning('net', warning);
    }
    this.#guard?.apply(entries.map(guardedPolicy));
  }

  /** The policies of `next` come into force; where that fails, those of `running` stay. */
  replace(running: Databases, next: Databases): void {
    try {
      this.apply(next);
    } catch (error) {
      this.apply(running);
      throw error;
    }
  }

  /** The same order. What fails costs this policy, not the gateway. */
  add(policy: DynamicPolicy): void {
    this.#attempt('set up', policy, () => {
      this.#tables.addDynamic(policy);
      this.#routes.addDynamic(routedDynamic(policy));
      if (policy.level !== 'use') this.#guard?.addDynamic(routedDynamic(policy));
      const { notrackChain } = policy;
      if (notrackChain !== undefined) this.#noTrack.add(notrackChain, routedDynamic(policy));
    });
  }

  remove(id: number): void {
    this.#attempt('take away', undefined, () => {
      this.#noTrack.remove(id);
      this.#guard?.removeDynamic(id);
      this.#routes.removeDynamic(id);
    });
    this.#tables.removeDynamic(id);
  }

  /** Puts back what somebody else has taken away, and says so. */
  repair(): void {
    const routes = this.#routes.repair();
    const again = 'they are there again; whoever did it will do it once more';
    if (routes > 0) {
      this.#log.warning('net', `${routes} routing rules and routes of ours were removed: ${again}`);
    }
    if (this.#marker.repair()) {
      this.#log.warning(
        'net',
        `our nf_tables table of marks, or rules of it, were removed: ${again}`,
      );
    }
    if (this.#guard?.repair()) {
      this.#log.warning('net', `our nf_tables table, or rules of it, were removed: ${again}`);
    }
  }

  /** The way into the tunnel alone, for sources that are translated on it. */
  addRoute(route: RoutedDynamic): void {
    this.#attempt('set up', undefined, () => this.#routes.addDynamic(route));
  }

  removeRoute(id: number): void {
    this.#attempt('take away', undefined, () => this.#routes.removeDynamic(id));
  }

  /** Marked connections find the way that addRoute has made for `routedBy`. */
  addMarked(marked: MarkedConnections): void {
    this.#marker.add(marked);
  }

  removeMarked(id: number): void {
    this.#marker.remove(id);
  }

  #attempt(verb: string, policy: DynamicPolicy | undefined, act: () => void): void {
    try {
      act();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const whose = policy
        ? ` for ${formatPrefix(policy.dst)} of peer ${peersOf(policy).join(', ')}`
        : '';
      this.#log.error('net', `cannot ${verb} a policy made from a template${whose}: ${text}`);
    }
  }

  /** What the packet filter refused, which no worker sees. */
  refused(): Refused {
    return this.#guard?.refused() ?? NONE_REFUSED;
  }
}
