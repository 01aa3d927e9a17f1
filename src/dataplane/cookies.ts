// The secrets that workers bake cookies with and check them by (assembly/cookie.ts), in two places of the
// control page: a cookie lives through one change of them. Main asks for cookies, or no longer.
import { MAC_HMAC_SHA256 } from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import type { Module } from './module.js';

export interface CookieSecret {
  /** One byte. */
  readonly version: number;
  readonly key: Uint8Array;
}

/** What IKE wants of those who call; `current` bakes. */
export interface CookieDemand {
  readonly demanded: boolean;
  readonly current: CookieSecret;
  readonly previous: CookieSecret | undefined;
}

export class CookieTable {
  readonly #module: Module;
  readonly #words: Uint32Array;
  /** By place. */
  readonly #written: [CookieSecret | undefined, CookieSecret | undefined] = [undefined, undefined];
  #demanded = false;

  constructor(module: Module) {
    this.#module = module;
    this.#words = new Uint32Array(module.memory.buffer);
  }

  set({ demanded, current, previous }: CookieDemand): void {
    if (demanded) {
      const newest = current.version & 1;
      // Versions count up, so those two have a place each.
      this.#write(1 - newest, previous);
      this.#write(newest, current);
      this.#store(layout.CONTROL_COOKIE_NEWEST, newest);
    }
    if (demanded === this.#demanded) return;
    this.#demanded = demanded;
    this.#store(layout.CONTROL_COOKIES, demanded ? 1 : 0);
  }

  /** Nobody is asked any more, and the secrets are gone. */
  erase(): void {
    this.#demanded = false;
    this.#store(layout.CONTROL_COOKIES, 0);
    this.#write(0, undefined);
    this.#write(1, undefined);
  }

  #store(offset: number, value: number): void {
    Atomics.store(this.#words, (layout.CONTROL_AT + offset) >> 2, value);
  }

  /** A worker that reads it meanwhile finds a cookie wrong, and its client is given another. */
  #write(place: number, secret: CookieSecret | undefined): void {
    if (this.#written[place] === secret) return;
    this.#written[place] = secret;
    const at = layout.CONTROL_COOKIE_SECRETS + place * layout.COOKIE_SECRET;
    this.#store(at + layout.COOKIE_USABLE, 0);
    const { exports, memory } = this.#module;
    const state = layout.CONTROL_AT + at + layout.COOKIE_STATE;
    new Uint8Array(memory.buffer, state, layout.COOKIE_SECRET - layout.COOKIE_STATE).fill(0);
    if (!secret) return;
    const scratch =
      layout.WORKERS_AT + layout.CONTROL_ROW * layout.WORKER_SIZE + layout.WORKER_RX_SLOTS;
    const key = new Uint8Array(memory.buffer, scratch, secret.key.length);
    key.set(secret.key);
    exports.hmacSetKey!(state, MAC_HMAC_SHA256, scratch, key.length);
    key.fill(0);
    this.#store(at + layout.COOKIE_VERSION, secret.version);
    this.#store(at + layout.COOKIE_USABLE, 1);
  }
}
