// auth-method eap-radius: a user's EAP goes to the RADIUS servers and comes back with their verdict
// (RFC 3579). Whatever is not a plain yes of theirs is a no.
import type { Applicant, Conversation, Verdict } from '../eap/authenticator.js';
import { encodeEap, FAILURE, printable, REQUEST, TYPE, typeName } from '../eap/packet.js';
import type { Authorisation } from '../ike/authorisation.js';
import { type Address, addressFromBytes } from '../policy/address.js';
import { LONGEST_VALUE, RadiusError } from '../radius/packet.js';
import {
  type Grant,
  identityOf,
  isResponse,
  type Verdict as RadiusVerdict,
  verdictOf,
} from '../radius/passthrough.js';
import { accessAttributes, type Subject } from '../radius/session.js';
import type { Heard, Radius } from './radius.js';

/** What IKE waits for one answer (src/eap/authenticator.ts). Our own choice, as the next. */
const PATIENCE_MS = 25_000;
const MOST_ROUNDS = 100;

/** Methods in which the server proves itself too and no password can be guessed (RFC 5998 §4). */
const ALONE: ReadonlySet<number> = new Set([TYPE.TLS, TYPE.TTLS, TYPE.PEAP]);
/** Those that prove who it is inside of TLS, whatever was said before. */
const WITHIN_TLS = ALONE;
/** MD5-Challenge, One-Time Password, Generic Token Card: all others make keys (RFC 3748 §5.4 to §5.6). */
const KEYLESS: ReadonlySet<number> = new Set([4, 5, 6]);
const EAP_TYPE_AT = 4;

const NO_KEYS = 'it, or a proxy before it, must hand over MS-MPPE-Recv-Key and MS-MPPE-Send-Key';
const SILENCE =
  'nobody is let in without one (a server is silent, too, where it does not know our address, or our ' +
  'secret is not its)';

type Answer = Verdict<Authorisation>;

export class RadiusConversation implements Conversation<Authorisation> {
  readonly #radius: Radius;
  readonly #applicant: Applicant;
  readonly #subject: Subject;
  #identifier: number;
  #user: string | undefined;
  #server: string | undefined;
  #state: Uint8Array | undefined;
  /** The type of the server's last request. */
  #method: number | undefined;
  #rounds = 0;
  #over = false;

  constructor(radius: Radius, applicant: Applicant, subject: Subject, identifier: number) {
    this.#radius = radius;
    this.#applicant = applicant;
    this.#subject = subject;
    this.#identifier = identifier & 0xff;
  }

  /** Whom to ask about is what EAP says; IKE's identity is often but an address. */
  async begin(): Promise<Answer> {
    const request = { code: REQUEST, type: TYPE.IDENTITY, data: new Uint8Array(0) } as const;
    return { kind: 'request', packet: encodeEap({ ...request, identifier: this.#identifier }) };
  }

  async answer(response: Uint8Array): Promise<Answer> {
    if (this.#over) return this.#fail('a response after the end');
    if (!isResponse(response) || response[1] !== this.#identifier) {
      return this.#fail('what came is no response to the EAP request');
    }
    this.#user ??= identityOf(response);
    if (this.#user === undefined || this.#user === '') return this.#fail('no user name was given');
    const bytes = Buffer.byteLength(this.#user);
    if (bytes > LONGEST_VALUE)
      return this.#fail(`its name has ${bytes} bytes, not ${LONGEST_VALUE}`);
    if (++this.#rounds > MOST_ROUNDS) return this.#fail(`no end after ${MOST_ROUNDS} requests`);
    const nas = this.#radius.nas();
    let heard: Heard;
    try {
      heard = await this.#radius.ask({
        service: 'authentication',
        attributes: accessAttributes(nas, this.#subject, this.#user, response, this.#state),
        only: this.#server,
        mostMs: PATIENCE_MS,
      });
    } catch (error) {
      if (!(error instanceof RadiusError)) throw error;
      return this.#fail(error.message);
    }
    if (this.#over) return this.#fail('the IKE SA is gone');
    if ('failure' in heard) return this.#fail(`${heard.failure}: ${SILENCE}`);
    this.#server = heard.server;
    return this.#judge(heard);
  }

  #judge(heard: Exclude<Heard, { failure: string }>): Answer {
    const { answer, secret, requestAuthenticator } = heard;
    try {
      const verdict = verdictOf(answer, secret, requestAuthenticator);
      if (verdict.kind === 'reject') return this.#fail(verdict.reason, verdict.eap);
      if (verdict.kind === 'accept') return this.#accept(verdict);
      this.#state = verdict.state;
      this.#identifier = verdict.eap[1]!;
      this.#method = verdict.eap[EAP_TYPE_AT];
      return { kind: 'request', packet: verdict.eap };
    } catch (error) {
      if (!(error instanceof RadiusError)) throw error;
      return this.#fail(`the server's answer makes no sense: ${error.message}`);
    }
  }

  #accept({ eap, msk, grant }: Extract<RadiusVerdict, { kind: 'accept' }>): Answer {
    this.#over = true;
    const method = this.#method ?? TYPE.IDENTITY;
    // Whoever it is would be let in without a word of the method reaching IKE (RFC 7296 §2.16).
    if (msk === undefined && !KEYLESS.has(method)) {
      const how = this.#method === undefined ? 'without EAP' : `by ${typeName(method)}`;
      return this.#fail(`the RADIUS server accepts ${how} and sends no MPPE keys: ${NO_KEYS}`);
    }
    if (this.#applicant.alone && (msk === undefined || !ALONE.has(method))) {
      msk?.fill(0);
      const why = 'does not prove the server, and we have no certificate to show';
      return this.#fail(`${typeName(method)} ${why}: set certificate`);
    }
    const user = grant.user ?? this.#user!;
    const userProved = grant.user !== undefined || !WITHIN_TLS.has(method);
    const { session } = this.#subject;
    const authorisation = authorisationOf(grant, {
      user,
      userProved,
      session,
      server: this.#server!,
    });
    return { kind: 'success', packet: eap, user, msk, authorisation };
  }

  #fail(reason: string, eap?: Uint8Array): Answer {
    this.#over = true;
    const packet = eap ?? encodeEap({ code: FAILURE, identifier: this.#identifier });
    const name = this.#user === undefined ? '' : `user ${printable(Buffer.from(this.#user))}: `;
    return { kind: 'failure', packet, reason: `${name}${reason}` };
  }

  close(): void {
    this.#over = true;
  }
}

const addressOf = (bytes: Uint8Array | undefined): Address | undefined =>
  bytes && addressFromBytes(bytes);

function authorisationOf(
  grant: Grant,
  who: Pick<Authorisation, 'user' | 'userProved' | 'session' | 'server'>,
): Authorisation {
  const { framedAddress, framedAddress6, framedPrefix6, dns, ...rest } = grant;
  return {
    ...rest,
    ...who,
    framedAddress: addressOf(framedAddress),
    framedAddress6: addressOf(framedAddress6),
    framedPrefix6: framedPrefix6 && {
      address: addressFromBytes(framedPrefix6.address),
      bits: framedPrefix6.bits,
    },
    dns: dns.map((bytes) => addressFromBytes(bytes)),
  };
}
