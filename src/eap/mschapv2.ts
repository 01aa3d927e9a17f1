// EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2), both sides: RFC 2759's exchange in EAP packets.
//
//   Peer                                    Server
//                                    <--    Challenge (OpCode 1)
//   Response (2)                     -->
//                                    <--    Success (3): the server's proof, or Failure (4): an error
//   Success or Failure, bare OpCode  -->
//
//   | OpCode | MS-CHAPv2-ID | MS-Length (2) | Value-Size | Value … | Name …   (1 and 2)
//   | OpCode | MS-CHAPv2-ID | MS-Length (2) | Message …                       (3 and 4)
import { sameMac } from '../crypto/authentication.js';
import { secretBytes } from '../crypto/prf.js';
import type { PeerMethod, PeerStep, Random, ServerMethod, ServerStep } from './method.js';
import {
  authenticatorResponse,
  CHALLENGE_BYTES,
  type Challenges,
  mschapMsk,
  ntResponse,
  provesAuthenticator,
  RESPONSE_BYTES,
} from './mschap.js';
import { printable } from './packet.js';

const CHALLENGE = 1;
const RESPONSE = 2;
const SUCCESS = 3;
const FAILURE = 4;

const HEADER = 4;
const RESERVED_BYTES = 8;
/** Peer challenge, reserved, NT response, flags. */
const VALUE_BYTES = CHALLENGE_BYTES + RESERVED_BYTES + RESPONSE_BYTES + 1;
const NT_AT = CHALLENGE_BYTES + RESERVED_BYTES;
const MOST_NAME = 256;

/** RFC 2759 §6, the errors of a Failure packet. */
const ERRORS: ReadonlyMap<number, string> = new Map([
  [646, 'the user may not log on at this hour'],
  [647, 'the account is disabled'],
  [648, 'the password has expired'],
  [649, 'the user has no permission to dial in'],
  [691, 'wrong user name or password: compare username and password with the server'],
  [709, 'the password could not be changed'],
]);

interface Message {
  readonly opCode: number;
  readonly id: number;
  readonly body: Uint8Array;
}

/** undefined: its lengths contradict each other. */
function decode(data: Uint8Array): Message | undefined {
  if (data.length < HEADER) return undefined;
  const length = data[2]! * 256 + data[3]!;
  if (length < HEADER || length > data.length) return undefined;
  return { opCode: data[0]!, id: data[1]!, body: data.subarray(HEADER, length) };
}

function encode({ opCode, id, body }: Message): Uint8Array {
  const length = HEADER + body.length;
  const bytes = new Uint8Array(length);
  bytes.set([opCode, id, length >> 8, length & 0xff]);
  bytes.set(body, HEADER);
  return bytes;
}

/** Value and name of messages 1 and 2. */
function split(body: Uint8Array, valueBytes: number): [Uint8Array, Uint8Array] | undefined {
  if (body[0] !== valueBytes || body.length < 1 + valueBytes) return undefined;
  const name = body.subarray(1 + valueBytes);
  return name.length > MOST_NAME ? undefined : [body.subarray(1, 1 + valueBytes), name];
}

const join = (value: Uint8Array, name: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([Uint8Array.of(value.length), value, name]));

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));

export interface Password {
  readonly username: string;
  readonly password: string;
}

// ---- the peer ----------------------------------------------------------------------------------

export class MschapPeer implements PeerMethod {
  readonly #credentials: Password;
  readonly #random: Random;
  /** What the server must show to have known the password; set by its challenge. */
  #expected: string | undefined;
  #response: Uint8Array = new Uint8Array(0);
  #accepted = false;

  constructor(credentials: Password, random: Random) {
    this.#credentials = credentials;
    this.#random = random;
  }

  async respond(request: Uint8Array): Promise<PeerStep> {
    if (this.#accepted) return failed('the server goes on after it has accepted us');
    const message = decode(request);
    if (!message) return failed('the server sent a malformed MS-CHAPv2 message');
    switch (message.opCode) {
      case CHALLENGE:
        return this.#challenged(message);
      case SUCCESS:
        return this.#accept(message);
      case FAILURE:
        return this.#refused(message);
      default:
        return failed(`the server sent MS-CHAPv2 OpCode ${message.opCode}`);
    }
  }

  #challenged({ id, body }: Message): PeerStep {
    if (this.#expected !== undefined) return failed('the server sent a second challenge');
    const parts = split(body, CHALLENGE_BYTES);
    if (!parts) return failed('the server sent a malformed MS-CHAPv2 challenge');
    const { username, password } = this.#credentials;
    const name = bytesOf(username);
    const peer = this.#random(CHALLENGE_BYTES);
    const challenges: Challenges = { authenticator: parts[0].slice(), peer, name };
    const response = ntResponse(challenges, password);
    this.#expected = authenticatorResponse(challenges, password, response);
    this.#response = response;
    const value = new Uint8Array(VALUE_BYTES);
    value.set(peer);
    value.set(response, NT_AT);
    return { kind: 'answer', data: encode({ opCode: RESPONSE, id, body: join(value, name) }) };
  }

  #accept({ body }: Message): PeerStep {
    const expected = this.#expected;
    if (expected === undefined) return failed('the server accepts before it has asked');
    if (!provesAuthenticator(Buffer.from(body).toString('latin1'), expected)) {
      return failed('the server does not know the password it accepts: it is not who it should be');
    }
    const msk = mschapMsk(this.#credentials.password, this.#response);
    this.#accepted = true;
    return { kind: 'answer', data: Uint8Array.of(SUCCESS), msk };
  }

  #refused({ body }: Message): PeerStep {
    const text = printable(body);
    const code = Number(/\bE=(\d{1,10})\b/.exec(text)?.[1]);
    const said = /\bM=(.+)$/.exec(text)?.[1];
    const cause = ERRORS.get(code) ?? `the server refuses the user, error ${code || 'unknown'}`;
    const reason = said ? `${cause} (it says '${said}')` : cause;
    return { kind: 'failed', reason, data: Uint8Array.of(FAILURE) };
  }

  close(): void {
    this.#response.fill(0);
    this.#expected = undefined;
  }
}

const failed = (reason: string): PeerStep => ({ kind: 'failed', reason });

// ---- the server --------------------------------------------------------------------------------

type Stage = 'challenged' | 'accepted' | 'refused' | 'over';

export interface MschapUser {
  readonly name: string;
  readonly password: string;
}

/** `user` undefined: unknown, which is told only when a known one with a wrong password is, too. */
export class MschapServer implements ServerMethod {
  readonly #user: MschapUser | undefined;
  readonly #identity: string;
  readonly #random: Random;
  #challenge: Uint8Array = new Uint8Array(0);
  #id = 0;
  #stage: Stage = 'over';
  #msk: Uint8Array = new Uint8Array(0);
  #reason: string | undefined;

  constructor(user: MschapUser | undefined, identity: string, random: Random) {
    this.#user = user;
    this.#identity = identity;
    this.#random = random;
  }

  async begin(): Promise<Uint8Array> {
    this.#challenge = this.#random(CHALLENGE_BYTES);
    this.#id = this.#random(1)[0]!;
    this.#stage = 'challenged';
    const body = join(this.#challenge, bytesOf('culvert'));
    return encode({ opCode: CHALLENGE, id: this.#id, body });
  }

  async answer(response: Uint8Array): Promise<ServerStep> {
    const stage = this.#stage;
    if (stage === 'challenged') return this.#check(response);
    this.#stage = 'over';
    if (stage === 'accepted' && response[0] === SUCCESS) {
      return { kind: 'success', user: this.#user!.name, msk: this.#msk };
    }
    // The peer may not have believed our proof: it says Failure, and it is one.
    const reason = stage === 'accepted' ? 'the user does not believe our proof' : this.#reason;
    return { kind: 'failure', reason: reason ?? 'the exchange is over' };
  }

  #check(response: Uint8Array): ServerStep {
    const message = decode(response);
    const parts =
      message?.opCode === RESPONSE && message.id === this.#id
        ? split(message.body, VALUE_BYTES)
        : undefined;
    if (!parts) {
      this.#stage = 'over';
      return { kind: 'failure', reason: 'the user sent a malformed MS-CHAPv2 response' };
    }
    const [value, name] = parts;
    const given = value.slice(NT_AT, NT_AT + RESPONSE_BYTES);
    const peer = value.slice(0, CHALLENGE_BYTES);
    const challenges: Challenges = { authenticator: this.#challenge, peer, name };
    // An unknown user costs the same sums, so that time does not tell who is known.
    const password = this.#user?.password ?? Buffer.from(this.#random(12)).toString('base64');
    const expected = ntResponse(challenges, password);
    const right = sameMac(expected, given) && this.#user !== undefined;
    const proof = authenticatorResponse(challenges, password, given);
    const sameName = Buffer.from(name).toString('utf8') === this.#identity;
    if (right && sameName) {
      this.#msk = mschapMsk(password, given);
      this.#stage = 'accepted';
      return this.#say(SUCCESS, `${proof} M=OK`);
    }
    this.#stage = 'refused';
    this.#reason = this.#why(right);
    const fresh = Buffer.from(this.#random(CHALLENGE_BYTES)).toString('hex').toUpperCase();
    return this.#say(FAILURE, `E=691 R=0 C=${fresh} V=3 M=Authentication failed`);
  }

  #why(right: boolean): string {
    if (!this.#user) return 'no such user: add it to the menu user, or correct the name';
    return right
      ? 'its MS-CHAPv2 name is not its EAP identity'
      : 'wrong password, or another than that of the menu user';
  }

  #say(opCode: number, text: string): ServerStep {
    return { kind: 'request', data: encode({ opCode, id: this.#id, body: bytesOf(text) }) };
  }

  get doubt(): string | undefined {
    return this.#reason;
  }

  close(): void {
    // What was handed out as the MSK is IKE's now.
    this.#challenge = secretBytes(0);
  }
}
