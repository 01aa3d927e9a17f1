// Cookies: a flood of first messages costs no memory, since a sender must first show that it gets
// what we answer (RFC 7296 §2.6). Cookie = version | HMAC(secret, Ni | IPi | port | SPIi).
import { sameMac } from '../crypto/authentication.js';
import { hmacSha256 } from '../crypto/digest.js';
import { toBytes } from '../policy/address.js';
import { spiBytes } from '../wire/header.js';
import type { Context } from './context.js';
import type { Endpoint } from './step.js';

// Our own choices. A cookie lives one to two of these.
const SECRET_MS = 60_000;
const SECRET_BYTES = 32;

interface Secret {
  /** One byte, the cookie's first. */
  readonly version: number;
  readonly key: Uint8Array;
}

/** For who answers first messages in our place: whether they are to bring cookies, and by which secrets. */
export interface CookieDemand {
  readonly demanded: boolean;
  readonly current: Secret;
  readonly previous: Secret | undefined;
}

export class CookieJar {
  readonly #context: Context;
  #current: Secret;
  #previous: Secret | undefined;
  #madeAt: number;

  constructor(context: Context) {
    this.#context = context;
    this.#current = { version: 0, key: context.random(SECRET_BYTES) };
    this.#madeAt = context.now();
  }

  bake(spiInitiator: bigint, nonce: Uint8Array, from: Endpoint): Uint8Array {
    this.#rotate();
    return cookie(this.#current, spiInitiator, nonce, from);
  }

  accepts(given: Uint8Array, spiInitiator: bigint, nonce: Uint8Array, from: Endpoint): boolean {
    this.#rotate();
    const secret = [this.#current, this.#previous].find((one) => one?.version === given[0]);
    return secret !== undefined && sameMac(given, cookie(secret, spiInitiator, nonce, from));
  }

  secrets(): Omit<CookieDemand, 'demanded'> {
    this.#rotate();
    return { current: this.#current, previous: this.#previous };
  }

  #rotate(): void {
    const age = this.#context.now() - this.#madeAt;
    if (age < SECRET_MS) return;
    this.#previous = age < 2 * SECRET_MS ? this.#current : undefined;
    const version = (this.#current.version + 1) & 0xff;
    this.#current = { version, key: this.#context.random(SECRET_BYTES) };
    this.#madeAt = this.#context.now();
  }
}

function cookie({ version, key }: Secret, spi: bigint, nonce: Uint8Array, from: Endpoint) {
  const port = Uint8Array.of(from.port >> 8, from.port & 0xff);
  const mac = hmacSha256(key, nonce, toBytes(from.address), port, spiBytes(spi));
  return Uint8Array.of(version, ...mac);
}
