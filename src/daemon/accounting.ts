// Sessions of users that RADIUS let in: their limits, and what the servers hear of them.
//   began          a Start goes out                      ended   a Stop with all that was carried
//   every second   reports that are due, sessions whose time or patience is over
// Bytes are those of the data plane: what the session's CHILD_SAs carried, those before a rekey too.
import type { RadiusSettings } from '../config/settings.js';
import type { Traffic } from '../dataplane/association.js';
import type { Authorisation } from '../ike/authorisation.js';
import type { SessionBegan, SessionEnd } from '../ike/sessions.js';
import type { Changes, Session } from '../radius/dynamic-authorization.js';
import type { Attribute } from '../radius/packet.js';
import {
  interimRecord,
  type Nas,
  nasRecord,
  startRecord,
  stopRecord,
  type Usage,
} from '../radius/session.js';
import { accountOf, changed, type Live, NOTHING, withTraffic } from './account.js';
import { Reports } from './accounting-reports.js';
import type { Log } from './log.js';
import type { Asking, Heard } from './radius.js';

/** How long a record is tried to be delivered: our own choice. A report is old when the next is due. */
const PATIENCE_MS = 600_000;
const TICK_MS = 1000;

export interface AccountingContext {
  now(): number;
  ask(question: Asking): Promise<Heard>;
  nas(): Nas;
  /** Of one child; undefined where it is gone. */
  traffic(child: number): Readonly<Record<'in' | 'out', Traffic>> | undefined;
  end(sessions: ReadonlySet<string>, cause: SessionEnd, reason: string): void;
  /** Who may prove itself again is told by when. */
  limit(sessions: ReadonlySet<string>, seconds: number): void;
  readonly log: Pick<Log, 'info' | 'warning'>;
}

export class Accounting {
  #settings: RadiusSettings;
  readonly #context: AccountingContext;
  readonly #live = new Map<string, Live>();
  readonly #owners = new Map<number, Live>();
  readonly #boot: string;
  readonly #reports: Reports;
  #timer: NodeJS.Timeout | undefined;

  /** `boot` tells the sessions of this life of the gateway from those of every other. */
  constructor(settings: RadiusSettings, context: AccountingContext, boot: string) {
    this.#settings = settings;
    this.#context = context;
    this.#boot = boot;
    this.#reports = new Reports(context);
  }

  /** Sessions from before, if the servers know of any, are over. */
  start(): void {
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
    this.#sendNas('on');
  }

  reconfigure(settings: RadiusSettings): void {
    this.#settings = settings;
    for (const live of this.#live.values()) this.#setInterim(live);
  }

  // ---- what the engine says --------------------------------------------------------------------

  began(began: SessionBegan): void {
    const { authorisation } = began;
    const now = this.#context.now();
    const live: Live = {
      began,
      since: now,
      children: new Set(),
      past: NOTHING,
      authorisation,
      interimAt: this.#nextInterim(authorisation, now),
      busyAt: now,
      packets: 0,
      ending: false,
    };
    this.#live.set(authorisation.session, live);
    this.#send(live, startRecord(this.#context.nas(), accountOf(live), this.#seconds()), true);
  }

  childAdded(child: number, session: string): void {
    const live = this.#live.get(session);
    if (!live) return;
    live.children.add(child);
    this.#owners.set(child, live);
  }

  /** Before its counters go. */
  childRemoved(child: number): void {
    const live = this.#owners.get(child);
    if (!live) return;
    live.past = this.#add(live.past, child);
    live.children.delete(child);
    this.#owners.delete(child);
  }

  ended(session: string, cause: SessionEnd): void {
    const live = this.#live.get(session);
    if (!live) return;
    const usage = this.#usage(live);
    this.#live.delete(session);
    for (const child of live.children) this.#owners.delete(child);
    const account = accountOf(live);
    this.#send(live, stopRecord(this.#context.nas(), account, usage, cause, this.#seconds()), true);
  }

  // ---- time ------------------------------------------------------------------------------------

  tick(): void {
    const now = this.#context.now();
    for (const live of this.#live.values()) {
      if (live.interimAt !== undefined && live.interimAt <= now) {
        this.#setInterim(live);
        const [nas, account] = [this.#context.nas(), accountOf(live)];
        this.#send(live, interimRecord(nas, account, this.#usage(live), this.#seconds()), false);
      }
      this.#enforce(live, now);
    }
  }

  #enforce(live: Live, now: number): void {
    if (live.ending) return;
    const { sessionTimeout, idleTimeout, session } = live.authorisation;
    if (sessionTimeout !== undefined && now >= live.since + sessionTimeout * 1000) {
      live.ending = true;
      const reason = `Session-Timeout of ${sessionTimeout} s is over`;
      this.#context.end(new Set([session]), 'session-timeout', reason);
    } else if (idleTimeout !== undefined) {
      const { inputPackets, outputPackets } = this.#usage(live);
      if (inputPackets + outputPackets !== live.packets) {
        Object.assign(live, { packets: inputPackets + outputPackets, busyAt: now });
      } else if (now >= live.busyAt + idleTimeout * 1000) {
        live.ending = true;
        const reason = `no packet within Idle-Timeout of ${idleTimeout} s`;
        this.#context.end(new Set([session]), 'idle-timeout', reason);
      }
    }
  }

  #setInterim(live: Live): void {
    live.interimAt = this.#nextInterim(live.authorisation, live.since);
  }

  /** Counted from the session's begin, so that those of many sessions stay apart. */
  #nextInterim({ interimInterval }: Authorisation, since: number): number | undefined {
    const every = (interimInterval ?? this.#settings.interimUpdate) * 1000;
    if (every === 0) return undefined;
    const past = this.#context.now() - since;
    return since + (Math.floor(past / every) + 1) * every;
  }

  // ---- what servers ask (RFC 5176) -------------------------------------------------------------

  sessions(): Session[] {
    return [...this.#live.values()].map((live) => {
      const { subject, user, framedAddress, framedAddress6 } = accountOf(live);
      return { ...subject, user, framedAddress, framedAddress6 };
    });
  }

  change(sessions: readonly string[], changes: Changes): void {
    for (const session of sessions) {
      const live = this.#live.get(session);
      if (!live) continue;
      live.authorisation = changed(live.authorisation, changes);
      if (changes.interimInterval !== undefined) this.#setInterim(live);
      if (changes.sessionTimeout) this.#tell(session, live, changes.sessionTimeout);
    }
  }

  /** The peer counts from when it hears of it, the session from its begin. */
  #tell(session: string, { since, authorisation }: Live, timeout: number): void {
    const left = timeout - Math.floor((this.#context.now() - since) / 1000);
    if (authorisation.reauthenticate && left > 0) this.#context.limit(new Set([session]), left);
  }

  // ---- records ---------------------------------------------------------------------------------

  #usage(live: Live): Usage {
    const seconds = Math.round((this.#context.now() - live.since) / 1000);
    const start: Usage = { ...live.past, seconds };
    return [...live.children].reduce((sum, child) => this.#add(sum, child), start);
  }

  #add(sum: Usage, child: number): Usage {
    const traffic = this.#context.traffic(child);
    return traffic ? withTraffic(sum, traffic) : sum;
  }

  #seconds = (): number => Math.floor(this.#context.now() / 1000);

  #send({ authorisation }: Live, attributes: readonly Attribute[], keep: boolean): void {
    if (!this.#settings.accounting) return;
    const { user, session, server } = authorisation;
    const question: Asking = { service: 'accounting', attributes, first: server };
    this.#reports.send(
      keep ? { ...question, forMs: PATIENCE_MS } : question,
      `${user} (${session})`,
    );
  }

  #sendNas(what: 'on' | 'off'): void {
    if (!this.#settings.accounting || this.#settings.servers.length === 0) return;
    const attributes = nasRecord(this.#context.nas(), what, this.#boot, this.#seconds());
    this.#reports.send({ service: 'accounting', attributes, forMs: PATIENCE_MS }, 'this gateway');
  }

  /** After the last session: says goodbye, and waits so long for the servers to have all of it. */
  async stop(withinMs: number): Promise<void> {
    clearInterval(this.#timer);
    // Of a peer that did not answer our delete in time; the data plane still has its counters.
    for (const session of [...this.#live.keys()]) this.ended(session, 'admin-reboot');
    this.#sendNas('off');
    await this.#reports.settle(withinMs);
  }
}
