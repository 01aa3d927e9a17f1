// The local authenticator: users of the menu `user`, by the methods an identity offers.
//   1 ask who it is                        3 the method, until it has an end
//   2 offer the most wanted method; a Nak takes another one
import type { Conversation, Verdict } from './authenticator.js';
import type { ServerMethod, ServerStep } from './method.js';
import {
  decodeEap,
  encodeEap,
  FAILURE,
  printable,
  REQUEST,
  RESPONSE,
  SUCCESS,
  TYPE,
  typeName,
} from './packet.js';

/** One that is offered, the most wanted first in its list. */
export interface OfferedMethod {
  readonly type: number;
  /** For the user who says so, known or not. */
  readonly make: (identity: string) => ServerMethod;
}

/** Our own choice, as the peer's. */
const MOST_ROUNDS = 150;
const MOST_IDENTITY = 253;

export class LocalConversation implements Conversation {
  readonly #methods: readonly OfferedMethod[];
  /** Of the request that waits for its response (§4.1). */
  #identifier: number;
  #identity: string | undefined;
  #method: ServerMethod | undefined;
  #type: number = TYPE.IDENTITY;
  readonly #tried = new Set<number>();
  #rounds = 0;
  #over = false;

  /** `identifier`: where the requests begin to count, at random. */
  constructor(methods: readonly OfferedMethod[], identifier: number) {
    this.#methods = methods;
    this.#identifier = identifier & 0xff;
  }

  async begin(): Promise<Verdict> {
    return this.#request(TYPE.IDENTITY, new Uint8Array(0));
  }

  async answer(response: Uint8Array): Promise<Verdict> {
    if (this.#over) return this.#fail('a response after the end');
    const packet = decodeEap(response);
    if (packet?.code !== RESPONSE || packet.identifier !== this.#identifier) {
      return this.#fail('what came is no response to our EAP request');
    }
    if (++this.#rounds > MOST_ROUNDS) return this.#fail(`no end after ${MOST_ROUNDS} requests`);
    if (this.#identity === undefined) return this.#identified(packet.type, packet.data);
    if (packet.type === TYPE.NAK) return this.#refused(packet.data);
    if (packet.type !== this.#type || !this.#method) {
      return this.#fail(`a response of ${typeName(packet.type)} to ${typeName(this.#type)}`);
    }
    // From here on the method is under way, and a Nak comes too late.
    this.#tried.add(TYPE.NAK);
    return this.#settle(await this.#method.answer(packet.data));
  }

  #identified(type: number, data: Uint8Array): Promise<Verdict> | Verdict {
    if (type !== TYPE.IDENTITY) return this.#fail(`${typeName(type)} where an identity was asked`);
    if (data.length > MOST_IDENTITY) return this.#fail('an identity of more than 253 bytes');
    this.#identity = Buffer.from(data).toString('utf8');
    return this.#offer(this.#methods[0]);
  }

  /** RFC 3748 §5.3.1: what the user would speak instead. */
  #refused(wanted: Uint8Array): Promise<Verdict> | Verdict {
    if (this.#tried.has(TYPE.NAK)) return this.#fail('a Nak in the middle of a method');
    const next = this.#methods.find(({ type }) => wanted.includes(type) && !this.#tried.has(type));
    if (next) return this.#offer(next);
    const theirs = [...wanted].map(typeName).join(', ');
    const ours = this.#methods.map(({ type }) => typeName(type)).join(', ');
    return this.#fail(`the user wants ${theirs || 'nothing else'}; eap-methods has ${ours}`);
  }

  async #offer(offered: OfferedMethod | undefined): Promise<Verdict> {
    if (!offered) return this.#fail('no method may be used: see eap-methods');
    this.#method?.close();
    this.#tried.add(offered.type);
    this.#type = offered.type;
    this.#method = offered.make(this.#identity!);
    return this.#request(offered.type, await this.#method.begin());
  }

  #settle(step: ServerStep): Verdict {
    if (step.kind === 'request') return this.#request(this.#type, step.data);
    if (step.kind === 'failure') return this.#fail(step.reason);
    const { user, msk } = step;
    this.close();
    const packet = encodeEap({ code: SUCCESS, identifier: this.#identifier });
    return { kind: 'success', packet, user, msk };
  }

  #request(type: number, data: Uint8Array): Verdict {
    this.#identifier = (this.#identifier + 1) & 0xff;
    const packet = encodeEap({ code: REQUEST, identifier: this.#identifier, type, data });
    return { kind: 'request', packet };
  }

  #fail(reason: string): Verdict {
    this.close();
    const packet = encodeEap({ code: FAILURE, identifier: this.#identifier });
    return { kind: 'failure', packet, reason: this.#explain(reason) };
  }

  get doubt(): string | undefined {
    const doubt = this.#method?.doubt;
    return doubt === undefined ? undefined : this.#explain(doubt);
  }

  #explain(reason: string): string {
    const identity = this.#identity;
    return identity === undefined ? reason : `user ${printable(Buffer.from(identity))}: ${reason}`;
  }

  close(): void {
    this.#over = true;
    this.#method?.close();
  }
}
