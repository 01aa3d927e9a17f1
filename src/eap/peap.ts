// PEAPv0's inside ([MS-PEAP]), the peer's: EAP packets without their header through the tunnel, and at the
// end a Result TLV in a whole EAP packet of type 33, by which both sides say that it has gone well.
//
//   | Code | Identifier | Length (2) | 33 | M R  TLV Type (14 bits) | Length (2) | Value …
import type { PeerMethod, Random } from './method.js';
import { MschapPeer, type Password } from './mschapv2.js';
import { decodeEap, encodeEap, REQUEST, RESPONSE, TYPE } from './packet.js';
import { EapPeer } from './peer.js';
import type { TlsOptions } from './tls.js';
import { type Inner, type InnerStep, innerFailure, say, TlsPeer } from './tls-peer.js';

const HEADER = 4;
const RESULT_TLV = 3;
const MANDATORY = 0x8000;
const TLV_TYPE = 0x3fff;
const SUCCESS = 1;
const FAILURE = 2;
const REFUSED =
  'the server refuses the user within PEAP: a wrong user name or password is the usual cause';
const NOTHING = new Uint8Array(0);

/** The Result TLV's status; undefined: there is none; or what is wrong. */
function resultOf(data: Uint8Array): number | undefined | string {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let result: number | undefined;
  for (let at = 0; at < data.length; ) {
    if (data.length - at < HEADER) return 'the server sent malformed TLVs';
    const type = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (length > data.length - at - HEADER) return 'the server sent malformed TLVs';
    const known = (type & TLV_TYPE) === RESULT_TLV;
    if (known && length === 2) result = view.getUint16(at + HEADER);
    else if (type & MANDATORY) return `the server insists on TLV ${type & TLV_TYPE}`;
    at += HEADER + length;
  }
  return result;
}

function resultTlv(status: number): Uint8Array {
  const bytes = new Uint8Array(6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MANDATORY | RESULT_TLV);
  view.setUint16(2, 2);
  view.setUint16(4, status);
  return bytes;
}

class EapWithin implements Inner {
  readonly #peer: EapPeer;
  /** Of the packets without a header, which only we see. */
  #identifier = 0;

  constructor(credentials: Password, random: Random) {
    const make = (): PeerMethod => new MschapPeer(credentials, random);
    const methods = [{ type: TYPE.MSCHAPV2, make }];
    this.#peer = new EapPeer({ identity: credentials.username, methods });
  }

  /** The server begins. */
  async opened(): Promise<InnerStep> {
    return say(NOTHING);
  }

  close(): void {
    this.#peer.close();
  }

  async heard(plaintext: Uint8Array): Promise<InnerStep> {
    const whole = decodeEap(plaintext);
    if (whole?.code === REQUEST && whole.type === TYPE.EXTENSIONS) {
      return this.#result(whole.identifier, whole.data);
    }
    const type = plaintext[0];
    if (type === undefined) return say(NOTHING);
    const identifier = this.#identifier++ & 0xff;
    const packet = encodeEap({ code: REQUEST, identifier, type, data: plaintext.slice(1) });
    const outcome = await this.#peer.respond(packet);
    if (outcome.kind !== 'response') {
      return innerFailure(outcome.kind === 'failure' ? outcome.reason : 'PEAP ends within');
    }
    const data = outcome.packet.subarray(HEADER);
    const { reason } = this.#peer;
    return reason === undefined ? say(data) : innerFailure(reason, data);
  }

  #result(identifier: number, tlvs: Uint8Array): InnerStep {
    const result = resultOf(tlvs);
    if (typeof result === 'string') return innerFailure(result);
    if (result === FAILURE) return innerFailure(REFUSED);
    if (result !== SUCCESS || !this.#peer.finished) {
      return innerFailure('the server ends PEAP before the password is proved');
    }
    const data = resultTlv(SUCCESS);
    const packet = { code: RESPONSE, identifier, type: TYPE.EXTENSIONS, data } as const;
    this.#peer.close();
    return say(encodeEap(packet), true);
  }
}

export const eapPeap = (options: TlsOptions, credentials: Password, random: Random): PeerMethod =>
  new TlsPeer(TYPE.PEAP, options, new EapWithin(credentials, random));
