// EAP-TLS's server (RFC 5216, RFC 9190): a user is who its certificate says it is.
//   start → ClientHello → … → our last flight → an empty response → success
import type { X509Certificate } from 'node:crypto';
import { Fragments } from './fragments.js';
import type { ServerMethod, ServerStep } from './method.js';
import { TYPE } from './packet.js';
import { TlsEnd, type TlsOptions } from './tls.js';
import { mskOf } from './tls-keys.js';

/** Whose certificate it is; or why it is nobody's. */
export type Holder = { readonly user: string } | { readonly reason: string };

export class TlsServer implements ServerMethod {
  readonly #options: TlsOptions;
  readonly #holder: (certificate: X509Certificate) => Holder;
  readonly #fragments = new Fragments();
  readonly #tls: TlsEnd;
  #user: string | undefined;
  /** Said after the user has heard an alert. */
  #reason: string | undefined;

  constructor(options: TlsOptions, holder: (certificate: X509Certificate) => Holder) {
    this.#options = options;
    this.#holder = holder;
    this.#tls = new TlsEnd('server', this.#options);
  }

  async begin(): Promise<Uint8Array> {
    return Fragments.start();
  }

  async answer(response: Uint8Array): Promise<ServerStep> {
    if (this.#reason !== undefined) return failure(this.#reason);
    const heard = this.#fragments.hear(response);
    if (heard.kind === 'malformed') return failure(`the user sent ${heard.reason}`);
    if (heard.kind === 'start') return failure('the user sent a start');
    if (heard.kind === 'go-on') return { kind: 'request', data: heard.data };
    if (heard.bytes.length === 0) return this.#acknowledged();
    const { records } = await this.#tls.receive(heard.bytes);
    if (this.#tls.failure !== undefined) return this.#broken(records);
    if (!this.#tls.open || this.#user !== undefined) return this.#ask(records);
    const wrong = await this.#judge();
    if (wrong !== undefined) return failure(wrong);
    if (!this.#tls.isVersion13) return this.#ask(records);
    // RFC 9190 §2.5: the user may count on it that nothing more comes.
    const { records: commitment } = await this.#tls.send(Uint8Array.of(0));
    return this.#ask(new Uint8Array(Buffer.concat([records, commitment])));
  }

  async #judge(): Promise<string | undefined> {
    const wrong = await this.#tls.judge();
    const certificate = this.#tls.peerCertificate;
    if (wrong !== undefined) return `the certificate is not to be trusted: ${wrong}`;
    if (!certificate) return 'the user shows no certificate';
    const holder = this.#holder(certificate);
    if ('reason' in holder) return holder.reason;
    this.#user = holder.user;
    return undefined;
  }

  #ask(records: Uint8Array): ServerStep {
    if (records.length === 0) return failure('TLS has stopped in the middle');
    return { kind: 'request', data: this.#fragments.say(records) };
  }

  #acknowledged(): ServerStep {
    if (this.#user === undefined) return failure('the user stops in the middle of TLS');
    return { kind: 'success', user: this.#user, msk: mskOf(this.#tls, TYPE.TLS) };
  }

  /** An alert of ours goes out first, so that the user hears the cause. */
  #broken(records: Uint8Array): ServerStep {
    const reason = `no TLS with the user: ${this.#tls.failure}`;
    if (records.length === 0) return failure(reason);
    this.#reason = reason;
    return { kind: 'request', data: this.#fragments.say(records) };
  }

  get doubt(): string | undefined {
    return this.#reason;
  }

  close(): void {
    this.#tls.close();
  }
}

const failure = (reason: string): ServerStep => ({ kind: 'failure', reason });
