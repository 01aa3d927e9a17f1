// A server of the methods with something inside TLS: for tests of our peer. What it says within is the
// test's; everything around it is TLS and fragments.
import { Fragments } from '../../src/eap/fragments.js';
import type { ServerMethod, ServerStep } from '../../src/eap/method.js';
import { TlsEnd, type TlsOptions } from '../../src/eap/tls.js';
import { mskOf } from '../../src/eap/tls-keys.js';

/** What the server says to what it heard within; undefined: nothing more, all is well. */
export type Within = (heard: Uint8Array, tls: TlsEnd) => Promise<Uint8Array | undefined | 'refuse'>;

export interface TunnelOptions {
  readonly type: number;
  readonly tls: TlsOptions;
  /** Called with nothing when the tunnel stands and the peer has said nothing within. */
  readonly within: Within;
}

export class TunnelServer implements ServerMethod {
  readonly #options: TunnelOptions;
  readonly #tls: TlsEnd;
  readonly #fragments = new Fragments();
  #done = false;

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.#tls = new TlsEnd('server', options.tls);
  }

  async begin(): Promise<Uint8Array> {
    return Fragments.start();
  }

  async answer(response: Uint8Array): Promise<ServerStep> {
    const heard = this.#fragments.hear(response);
    if (heard.kind === 'go-on') return { kind: 'request', data: heard.data };
    if (heard.kind !== 'message') return { kind: 'failure', reason: JSON.stringify(heard) };
    const wasOpen = this.#tls.open;
    const { records, plaintext } = await this.#tls.receive(heard.bytes);
    if (this.#tls.failure !== undefined) return { kind: 'failure', reason: this.#tls.failure };
    const more: Uint8Array[] = [records];
    // TLS 1.2: our Finished goes out first, and is answered by nothing or by what is said within.
    const speak = this.#tls.open && (plaintext.length > 0 || wasOpen || this.#tls.isVersion13);
    if (speak && !this.#done) {
      const say = await this.#options.within(plaintext, this.#tls);
      if (say === 'refuse') return { kind: 'failure', reason: 'refused within' };
      if (say === undefined) this.#done = true;
      else if (say.length > 0) more.push((await this.#tls.send(say)).records);
    }
    const all = new Uint8Array(Buffer.concat(more));
    if (this.#done && all.length === 0) {
      const msk = mskOf(this.#tls, this.#options.type);
      return { kind: 'success', user: 'carol', msk };
    }
    return { kind: 'request', data: this.#fragments.say(all) };
  }

  close(): void {
    this.#tls.close();
  }
}
