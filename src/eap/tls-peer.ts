// The peer of EAP-TLS, EAP-TTLS and PEAP: a TLS client whose records travel in EAP packets.
//   1 fragments come together, ours go out one by one (fragments.ts)
//   2 TLS; the server's certificate is judged before anything of ours is said within
//   3 what is said within is the method's own: nothing (EAP-TLS), AVPs (ttls.ts), EAP (peap.ts)
import { Fragments } from './fragments.js';
import type { PeerMethod, PeerStep } from './method.js';
import { TYPE } from './packet.js';
import { TlsEnd, type TlsOptions, type Turn } from './tls.js';
import { mskOf } from './tls-keys.js';

export type InnerStep =
  | { readonly kind: 'say'; readonly data: Uint8Array; readonly done: boolean }
  | InnerFailure;

interface InnerFailure {
  readonly kind: 'failed';
  readonly reason: string;
  /** Still said, so that the server can end it properly. */
  readonly data?: Uint8Array;
}

/** What is spoken through the tunnel. */
export interface Inner {
  /** The tunnel stands; `spokenTo`: the server has said something already, which `heard` is given next. */
  opened(tls: TlsEnd, spokenTo: boolean): Promise<InnerStep>;
  heard(plaintext: Uint8Array): Promise<InnerStep>;
  close?(): void;
}

const NOTHING = new Uint8Array(0);
export const say = (data: Uint8Array, done = false): InnerStep => ({ kind: 'say', data, done });
export const innerFailure = (reason: string, data?: Uint8Array): InnerStep =>
  data ? { kind: 'failed', reason, data } : { kind: 'failed', reason };

export class TlsPeer implements PeerMethod {
  readonly #type: number;
  readonly #options: TlsOptions;
  readonly #inner: Inner;
  readonly #fragments = new Fragments();
  #tls: TlsEnd | undefined;
  #judged = false;

  constructor(type: number, options: TlsOptions, inner: Inner) {
    this.#type = type;
    this.#options = options;
    this.#inner = inner;
  }

  async respond(request: Uint8Array): Promise<PeerStep> {
    const heard = this.#fragments.hear(request);
    if (heard.kind === 'malformed') return failed(`the server sent ${heard.reason}`);
    if (heard.kind === 'go-on') return { kind: 'answer', data: heard.data };
    if (heard.kind === 'start') return this.#start();
    if (!this.#tls) return failed('the server sent TLS before it has started it');
    return this.#received(this.#tls, await this.#tls.receive(heard.bytes));
  }

  async #start(): Promise<PeerStep> {
    if (this.#tls) return failed('the server starts TLS a second time');
    this.#tls = new TlsEnd('client', this.#options);
    const { records } = await this.#tls.begin();
    return { kind: 'answer', data: this.#fragments.say(records) };
  }

  async #received(tls: TlsEnd, turn: Turn): Promise<PeerStep> {
    if (tls.failure !== undefined) return this.#broken(tls, turn);
    let { records } = turn;
    const steps: (() => Promise<InnerStep>)[] = [];
    if (tls.open && !this.#judged) {
      const wrong = await tls.judge();
      if (wrong !== undefined) return failed(`the server is not to be trusted: ${wrong}`);
      this.#judged = true;
      steps.push(() => this.#inner.opened(tls, turn.plaintext.length > 0));
    }
    if (turn.plaintext.length > 0) steps.push(() => this.#inner.heard(turn.plaintext));
    let done = false;
    for (const next of steps) {
      const step = await next();
      if (step.data?.length) {
        const { records: more } = await tls.send(step.data);
        records = new Uint8Array(Buffer.concat([records, more]));
      }
      if (step.kind === 'failed') return this.#refused(step, records);
      done ||= step.done;
    }
    const answer = { kind: 'answer', data: this.#fragments.say(records) } as const;
    return done ? { ...answer, msk: mskOf(tls, this.#type) } : answer;
  }

  #refused({ reason, data }: InnerFailure, records: Uint8Array): PeerStep {
    return data ? { kind: 'failed', reason, data: this.#fragments.say(records) } : failed(reason);
  }

  /** An alert of ours is still sent, so that the server's log has a cause, too. */
  #broken(tls: TlsEnd, { records }: Turn): PeerStep {
    const reason = `no TLS with the server: ${tls.failure}`;
    if (records.length === 0) return failed(reason);
    return { kind: 'failed', reason, data: this.#fragments.say(records) };
  }

  get detail(): string {
    return this.#tls?.protocol ?? '';
  }

  close(): void {
    this.#tls?.close();
    this.#inner.close?.();
  }
}

const failed = (reason: string): PeerStep => ({ kind: 'failed', reason });

/** EAP-TLS: nothing is said within but, in TLS 1.3, that nothing more will be (RFC 9190 §2.5). */
class NothingWithin implements Inner {
  #waits = false;

  async opened(tls: TlsEnd): Promise<InnerStep> {
    this.#waits = tls.isVersion13;
    return say(NOTHING, !this.#waits);
  }

  async heard(plaintext: Uint8Array): Promise<InnerStep> {
    const commitment = plaintext.length === 1 && plaintext[0] === 0;
    if (!this.#waits || !commitment)
      return innerFailure('the server says something within EAP-TLS');
    this.#waits = false;
    return say(NOTHING, true);
  }
}

export const eapTls = (options: TlsOptions): PeerMethod =>
  new TlsPeer(TYPE.TLS, options, new NothingWithin());
