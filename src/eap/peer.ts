// EAP's peer (RFC 3748), the side that logs in: which method is spoken, and when it is over.
//   1 a request: of identity, of a notification, of a method we want, or of one we do not (Nak)
//   2 Success counts only when the method has ended well by its own account (§4.2), Failure always
import type { PeerMethod } from './method.js';
import {
  decodeEap,
  type EapPacket,
  encodeEap,
  REQUEST,
  RESPONSE,
  SUCCESS,
  TYPE,
  typeName,
} from './packet.js';

export type PeerOutcome =
  | { readonly kind: 'response'; readonly packet: Uint8Array }
  | { readonly kind: 'success'; readonly msk: Uint8Array; readonly method: string }
  | { readonly kind: 'failure'; readonly reason: string };

/** One that may be spoken, the most wanted first in its list. */
export interface Offered {
  readonly type: number;
  readonly make: () => PeerMethod;
}

export interface PeerOptions {
  /** What is said when the server asks who we are, in the clear: the user name as a rule. */
  readonly identity: string;
  readonly methods: readonly Offered[];
}

/** Our own choice; a TLS handshake of 64 KiB each way in fragments of 1 KiB needs 130. */
const MOST_REQUESTS = 150;

type Request = Extract<EapPacket, { type: number }>;

export class EapPeer {
  readonly #options: PeerOptions;
  #method: PeerMethod | undefined;
  #type = 0;
  #msk: Uint8Array | undefined;
  /** The method has failed; what was said last may still be answered. */
  #reason: string | undefined;
  #requests = 0;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  async respond(bytes: Uint8Array): Promise<PeerOutcome> {
    const packet = decodeEap(bytes);
    if (!packet) return this.#fail('the server sent what is no EAP packet');
    if (packet.code === SUCCESS) return this.#succeed();
    if (packet.code !== REQUEST) return this.#fail(this.#reason ?? this.#refusal(packet));
    if (this.#reason !== undefined) return this.#fail(this.#reason);
    if (++this.#requests > MOST_REQUESTS)
      return this.#fail(`no end after ${MOST_REQUESTS} requests`);
    return this.#request(packet);
  }

  #request(packet: Request): Promise<PeerOutcome> | PeerOutcome {
    const { type, data } = packet;
    if (type === TYPE.IDENTITY && !this.#method) {
      return answer(packet, type, new Uint8Array(Buffer.from(this.#options.identity, 'utf8')));
    }
    if (type === TYPE.NOTIFICATION) return answer(packet, type, new Uint8Array(0));
    if (this.#method && type === this.#type) return this.#ask(packet, this.#method);
    if (this.#method) {
      return this.#fail(`the server turns from ${typeName(this.#type)} to ${typeName(type)}`);
    }
    const offered = this.#options.methods.find((one) => one.type === type);
    if (!offered) return this.#nak(packet, data);
    this.#type = type;
    this.#method = offered.make();
    return this.#ask(packet, this.#method);
  }

  /** §5.3.1: what we would speak instead, the most wanted first. */
  #nak(packet: Request, data: Uint8Array): PeerOutcome {
    const { methods } = this.#options;
    // §5.3.2: an expanded type is refused by an expanded Nak, which few know; ours ends it.
    if (packet.type === TYPE.EXPANDED || packet.type < 4) {
      return this.#fail(`the server asks for ${typeName(packet.type)} (${data.length} bytes)`);
    }
    return answer(
      packet,
      TYPE.NAK,
      Uint8Array.from(methods, ({ type }) => type),
    );
  }

  async #ask(packet: Request, method: PeerMethod): Promise<PeerOutcome> {
    const step = await method.respond(packet.data);
    if (step.kind === 'answer') {
      this.#msk = step.msk ?? this.#msk;
      return answer(packet, packet.type, step.data);
    }
    if (!step.data) return this.#fail(step.reason);
    this.#msk?.fill(0);
    this.#msk = undefined;
    this.#reason = step.reason;
    return answer(packet, packet.type, step.data);
  }

  #succeed(): PeerOutcome {
    const msk = this.#msk;
    if (this.#reason !== undefined || !msk) {
      return this.#fail(this.#reason ?? 'the server says Success before anything is proved');
    }
    this.#msk = undefined;
    const detail = this.#method?.detail;
    this.close();
    const method = typeName(this.#type) + (detail ? ` over ${detail}` : '');
    return { kind: 'success', msk, method };
  }

  #refusal(packet: EapPacket): string {
    if (packet.code === RESPONSE) return 'the server sent an EAP response';
    if (!this.#method) {
      const ours = this.#options.methods.map(({ type }) => typeName(type)).join(', ');
      return `the server does not know the user, or speaks none of our eap-methods (${ours})`;
    }
    return `the server refuses by ${typeName(this.#type)}: its log says why`;
  }

  #fail(reason: string): PeerOutcome {
    this.close();
    this.#reason = reason;
    return { kind: 'failure', reason };
  }

  /** Why the method has failed, where it has; what was said last is still on its way. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Whether the method has ended well, and Success may come. */
  get finished(): boolean {
    return this.#msk !== undefined;
  }

  close(): void {
    this.#method?.close();
    this.#msk?.fill(0);
    this.#msk = undefined;
  }
}

function answer({ identifier }: Request, type: number, data: Uint8Array): PeerOutcome {
  return { kind: 'response', packet: encodeEap({ code: RESPONSE, identifier, type, data }) };
}
