// EAP-TTLSv0's inside (RFC 5281), the peer's: AVPs through the tunnel, with PAP, MS-CHAPv2 or EAP.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                           AVP Code                            |
//   |V M r r r r r r|                  AVP Length                   |
//   |                        Vendor-ID (if V)                       |
//   |    Data ...        (the next AVP begins at a multiple of 4)
import {
  authenticatorResponse,
  CHALLENGE_BYTES,
  type Challenges,
  ntResponse,
  provesAuthenticator,
} from './mschap.js';
import { MschapPeer, type Password } from './mschapv2.js';
import type { PeerMethod, Random } from './method.js';
import { encodeEap, printable, RESPONSE, TYPE } from './packet.js';
import { EapPeer } from './peer.js';
import type { TlsEnd, TlsOptions } from './tls.js';
import { type Inner, type InnerStep, innerFailure, say, TlsPeer } from './tls-peer.js';

const USER_NAME = 1;
const USER_PASSWORD = 2;
const EAP_MESSAGE = 79;
const MICROSOFT = 311;
const MS_CHAP_ERROR = 2;
const MS_CHAP_CHALLENGE = 11;
const MS_CHAP2_RESPONSE = 25;
const MS_CHAP2_SUCCESS = 26;

const VENDOR = 0x80;
const MANDATORY = 0x40;
const NOTHING = new Uint8Array(0);

export interface Avp {
  readonly code: number;
  readonly vendor: number;
  readonly mandatory: boolean;
  readonly data: Uint8Array;
}

const avp = (code: number, data: Uint8Array, vendor = 0): Avp => ({
  code,
  vendor,
  mandatory: true,
  data,
});

export function encodeAvps(avps: readonly Avp[]): Uint8Array {
  const parts = avps.map(({ code, vendor, mandatory, data }) => {
    const header = vendor === 0 ? 8 : 12;
    const length = header + data.length;
    const bytes = new Uint8Array(Math.ceil(length / 4) * 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, code);
    view.setUint32(4, length);
    bytes[4] = (vendor === 0 ? 0 : VENDOR) | (mandatory ? MANDATORY : 0);
    if (vendor !== 0) view.setUint32(8, vendor);
    bytes.set(data, header);
    return bytes;
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** undefined: lengths that do not fit. */
export function decodeAvps(bytes: Uint8Array): Avp[] | undefined {
  const avps: Avp[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 8) return undefined;
    const flags = bytes[at + 4]!;
    const length = view.getUint32(at + 4) & 0xffffff;
    const header = flags & VENDOR ? 12 : 8;
    if (length < header || length > bytes.length - at) return undefined;
    avps.push({
      code: view.getUint32(at),
      vendor: flags & VENDOR ? view.getUint32(at + 8) : 0,
      mandatory: (flags & MANDATORY) !== 0,
      data: bytes.slice(at + header, at + length),
    });
    at += Math.ceil(length / 4) * 4;
  }
  return avps;
}

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));
const isOf = ({ code, vendor }: Avp, wanted: number, of = 0): boolean =>
  code === wanted && vendor === of;

/** §9.2: one that must be understood and is not ends it. */
function understood(plaintext: Uint8Array, known: readonly [number, number][]): Avp[] | string {
  const avps = decodeAvps(plaintext);
  if (!avps) return 'the server sent malformed AVPs';
  const strange = avps.find(
    (one) => one.mandatory && !known.some(([code, vendor]) => isOf(one, code, vendor)),
  );
  return strange ? `the server insists on AVP ${strange.code} of vendor ${strange.vendor}` : avps;
}

/** §11.2.5: the password itself, for a server that is judged already. */
class Pap implements Inner {
  readonly #credentials: Password;

  constructor(credentials: Password) {
    this.#credentials = credentials;
  }

  async opened(): Promise<InnerStep> {
    const { username, password } = this.#credentials;
    // Filled up to hide its length.
    const text = utf8(password);
    const padded = new Uint8Array(Math.max(1, Math.ceil(text.length / 16)) * 16);
    padded.set(text);
    return say(encodeAvps([avp(USER_NAME, utf8(username)), avp(USER_PASSWORD, padded)]), true);
  }

  async heard(): Promise<InnerStep> {
    return innerFailure('the server answers to PAP, which has no answer');
  }
}

/** §11.2.4: RFC 2759 with a challenge that neither side chooses. */
class Mschap implements Inner {
  readonly #credentials: Password;
  readonly #random: Random;
  #expected = '';
  #ident = 0;

  constructor(credentials: Password, random: Random) {
    this.#credentials = credentials;
    this.#random = random;
  }

  async opened(tls: TlsEnd): Promise<InnerStep> {
    const { username, password } = this.#credentials;
    const implicit = tls.export(CHALLENGE_BYTES + 1, 'ttls challenge');
    const authenticator = implicit.slice(0, CHALLENGE_BYTES);
    this.#ident = implicit[CHALLENGE_BYTES]!;
    const name = utf8(username);
    const challenges: Challenges = { authenticator, peer: this.#random(CHALLENGE_BYTES), name };
    const response = ntResponse(challenges, password);
    this.#expected = authenticatorResponse(challenges, password, response);
    const value = [this.#ident, 0, ...challenges.peer, ...new Uint8Array(8), ...response];
    const avps = [
      avp(USER_NAME, name),
      avp(MS_CHAP_CHALLENGE, authenticator, MICROSOFT),
      avp(MS_CHAP2_RESPONSE, Uint8Array.from(value), MICROSOFT),
    ];
    return say(encodeAvps(avps));
  }

  async heard(plaintext: Uint8Array): Promise<InnerStep> {
    const avps = understood(plaintext, [
      [MS_CHAP2_SUCCESS, MICROSOFT],
      [MS_CHAP_ERROR, MICROSOFT],
    ]);
    if (typeof avps === 'string') return innerFailure(avps);
    const error = avps.find((one) => isOf(one, MS_CHAP_ERROR, MICROSOFT));
    if (error)
      return innerFailure(`the server refuses the user: ${printable(error.data.slice(1))}`);
    const success = avps.find((one) => isOf(one, MS_CHAP2_SUCCESS, MICROSOFT));
    const proof = Buffer.from(success?.data.slice(1) ?? []).toString('latin1');
    if (success?.data[0] !== this.#ident || !provesAuthenticator(proof, this.#expected)) {
      return innerFailure('the server does not know the password it accepts');
    }
    return say(NOTHING, true);
  }
}

/** §11.2.1: EAP in EAP-Message AVPs; the peer begins with its identity, unless it is asked for it. */
class EapWithin implements Inner {
  readonly #username: string;
  readonly #peer: EapPeer;

  constructor(credentials: Password, random: Random) {
    this.#username = credentials.username;
    const make = (): PeerMethod => new MschapPeer(credentials, random);
    const methods = [{ type: TYPE.MSCHAPV2, make }];
    this.#peer = new EapPeer({ identity: credentials.username, methods });
  }

  async opened(_tls: TlsEnd, spokenTo: boolean): Promise<InnerStep> {
    if (spokenTo) return say(NOTHING);
    const data = utf8(this.#username);
    const packet = encodeEap({ code: RESPONSE, identifier: 0, type: TYPE.IDENTITY, data });
    return say(encodeAvps([avp(EAP_MESSAGE, packet)]));
  }

  close(): void {
    this.#peer.close();
  }

  async heard(plaintext: Uint8Array): Promise<InnerStep> {
    const avps = understood(plaintext, [[EAP_MESSAGE, 0]]);
    if (typeof avps === 'string') return innerFailure(avps);
    const parts = avps.filter((one) => isOf(one, EAP_MESSAGE)).map(({ data }) => data);
    const outcome = await this.#peer.respond(new Uint8Array(Buffer.concat(parts)));
    if (outcome.kind === 'failure') return innerFailure(outcome.reason);
    // The tunnel's keys are the method's, so the inner one's are of no use (§8).
    if (outcome.kind === 'success') outcome.msk.fill(0);
    if (outcome.kind !== 'response') return say(NOTHING, true);
    const data = encodeAvps([avp(EAP_MESSAGE, outcome.packet)]);
    const { reason, finished } = this.#peer;
    return reason === undefined ? say(data, finished) : innerFailure(reason, data);
  }
}

/** How the password is proved inside. */
export type InnerMethod = 'mschapv2' | 'pap' | 'eap-mschapv2';

export function eapTtls(
  options: TlsOptions,
  credentials: Password,
  inner: InnerMethod,
  random: Random,
): PeerMethod {
  const within = {
    pap: () => new Pap(credentials),
    mschapv2: () => new Mschap(credentials, random),
    'eap-mschapv2': () => new EapWithin(credentials, random),
  };
  return new TlsPeer(TYPE.TTLS, options, within[inner]());
}
