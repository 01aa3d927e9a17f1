// The RADIUS client at work: sockets and timers around src/radius/client.ts. A question is a promise
// here; it always settles.
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { RadiusServerSettings, RadiusSettings } from '../config/settings.js';
import { type Address, formatAddress, toBytes } from '../policy/address.js';
import { RadiusClient } from '../radius/client.js';
import type { Event, Outcome, Question, Server, Work } from '../radius/servers.js';
import type { Nas } from '../radius/session.js';
import type { Log } from './log.js';
import { type LineEvents, type Lines, UdpLines } from './radius-lines.js';
import { type CredentialsFor, TlsLines } from './radius-tls.js';

export interface RadiusContext {
  now(): number;
  random(bytes: number): Uint8Array;
  /** For RADIUS over TLS. */
  readonly credentials: CredentialsFor;
  localAddressFor(remote: Address): Address | undefined;
  readonly log: Pick<Log, 'debug' | 'info' | 'warning' | 'error'>;
}

/** A question, but for the server that is to be asked first or alone: here it has its name. */
export type Asking = Pick<Question, 'service' | 'attributes'> & {
  readonly only?: string | undefined;
  readonly first?: string | undefined;
  /** Asked again and again for so long, instead of a few times. */
  readonly forMs?: number | undefined;
  /** Given up after so long, whatever the servers' timeouts say. */
  readonly mostMs?: number | undefined;
};

export type Heard =
  | {
      readonly answer: Extract<Outcome, { answer: unknown }>['answer']['packet'];
      readonly server: string;
      readonly secret: Uint8Array;
      readonly requestAuthenticator: Uint8Array;
    }
  | { readonly failure: string };

/** What names a server, in the log and in what is remembered of it. */
export const nameOf = ({ address, authenticationPort }: RadiusServerSettings): string =>
  address.family === 4
    ? `${formatAddress(address)}:${authenticationPort}`
    : `[${formatAddress(address)}]:${authenticationPort}`;

interface Waiting {
  readonly asking: Asking;
  readonly settle: (heard: Heard) => void;
}

export class Radius {
  readonly #context: RadiusContext;
  #settings: RadiusSettings;
  #client!: RadiusClient;
  #lines!: Lines;
  #names: readonly string[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: RadiusSettings, context: RadiusContext) {
    this.#context = context;
    this.#settings = settings;
    this.#open();
  }

  #open(): void {
    const { servers } = this.#settings;
    this.#names = servers.map(nameOf);
    this.#client = new RadiusClient(servers.map(serverOf), this.#context.random);
    const events: LineEvents = {
      onPacket: (line, bytes) => this.#take(this.#client.receive(line, bytes, this.#context.now())),
      onLost: (line) => this.#take(this.#client.lost(line, this.#context.now())),
      // The question waits on and is asked again; why is for who looks.
      onTrouble: ({ server }, reason) =>
        this.#context.log.debug('radius', `server ${this.#names[server]}: ${reason}`),
    };
    this.#lines = linesOf(servers, events, this.#context.credentials);
  }

  /** With other servers what is under way fails, but for records: the new ones get them. */
  reconfigure(settings: RadiusSettings): void {
    const same = isDeepStrictEqual(settings.servers, this.#settings.servers);
    if (!same) {
      const records = [...this.#waiting].filter(([, { asking }]) => asking.forMs !== undefined);
      for (const [id] of records) this.#waiting.delete(id);
      this.#shut('the RADIUS servers have changed');
      this.#settings = settings;
      this.#open();
      for (const [, { asking, settle }] of records) this.#begin(asking, settle);
    }
    this.#settings = settings;
  }

  get servers(): readonly string[] {
    return this.#names;
  }

  /** This gateway, as its servers know it: the address is ours towards the first of them. */
  nas(): Nas {
    const [first] = this.#settings.servers;
    const address = first && (first.srcAddress ?? this.#context.localAddressFor(first.address));
    return { identifier: hostname(), address: address && toBytes(address) };
  }

  /** Rejects with a RadiusError where the question fits into no packet. */
  ask(asking: Asking): Promise<Heard> {
    return new Promise((resolve) => this.#begin(asking, resolve));
  }

  #begin(asking: Asking, settle: (heard: Heard) => void): void {
    const { service, attributes, only, first, forMs, mostMs } = asking;
    const now = this.#context.now();
    const place = (name: string | undefined): number | undefined => {
      const at = name === undefined ? -1 : this.#names.indexOf(name);
      return at < 0 ? undefined : at;
    };
    if (only !== undefined && place(only) === undefined) {
      settle({ failure: `server ${only} is not configured any more` });
      return;
    }
    const asked = this.#client.ask(
      {
        service,
        attributes,
        only: place(only),
        first: place(first),
        untilMs: forMs === undefined ? undefined : now + forMs,
      },
      now,
    );
    const id = asked.question;
    const giveUp = (): void => {
      this.#client.drop(id);
      this.#settle(id, { failure: `no answer within ${mostMs! / 1000} s` });
    };
    const limit = mostMs === undefined ? undefined : setTimeout(giveUp, mostMs);
    this.#waiting.set(id, {
      asking,
      settle: (heard) => {
        clearTimeout(limit);
        settle(heard);
      },
    });
    this.#take(asked);
  }

  #heard(outcome: Outcome): Heard {
    if ('failure' in outcome) return outcome;
    const { packet, server, requestAuthenticator } = outcome.answer;
    const { secret } = this.#settings.servers[server]!;
    return { answer: packet, server: this.#names[server]!, secret, requestAuthenticator };
  }

  #settle(question: number, outcome: Outcome): void {
    const waiting = this.#waiting.get(question);
    this.#waiting.delete(question);
    waiting?.settle(this.#heard(outcome));
  }

  #take(work: Work): void {
    for (const { line, bytes } of work.send) this.#lines.send(line, bytes);
    for (const { level, text } of work.events as Event[]) this.#context.log[level]('radius', text);
    for (const { question, outcome } of work.settled) this.#settle(question, outcome);
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const due = this.#client.nextTimeout();
    if (due === undefined) return;
    const wait = Math.max(0, due - this.#context.now());
    this.#timer = setTimeout(() => this.#take(this.#client.tick(this.#context.now())), wait);
  }

  #shut(reason: string): void {
    clearTimeout(this.#timer);
    this.#lines.close();
    for (const id of [...this.#waiting.keys()]) {
      this.#client.drop(id);
      this.#settle(id, { failure: reason });
    }
  }

  close(): void {
    this.#shut('the gateway stops');
  }
}

const serverOf = (settings: RadiusServerSettings): Server => ({
  name: nameOf(settings),
  secret: settings.secret,
  timeoutMs: settings.timeoutMs,
  deadMs: settings.deadTime * 1000,
  reliable: settings.radsec !== undefined,
});

/** Each server by its own way. */
function linesOf(
  servers: readonly RadiusServerSettings[],
  events: LineEvents,
  credentials: CredentialsFor,
): Lines {
  const udp = new UdpLines(servers, events);
  const tls = new TlsLines(servers, events, credentials);
  return {
    send: (line, bytes) => (servers[line.server]!.radsec ? tls : udp).send(line, bytes),
    close() {
      udp.close();
      tls.close();
    },
  };
}
