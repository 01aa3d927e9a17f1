// Plays one end of an established IKE SA with its real keys, worked out from the captured messages and
// the shared secret: a peer that is authentic and misbehaves.
import * as assert from 'uvu/assert';
import { encryptionNamed } from '../../src/algorithms/encryption.js';
import { groupNamed } from '../../src/algorithms/group.js';
import { integrityNamed } from '../../src/algorithms/integrity.js';
import { prfNamed } from '../../src/algorithms/prf.js';
import { ikeKeys, skeyseed } from '../../src/crypto/keymat.js';
import { type Protection, protection } from '../../src/crypto/protection.js';
import type { Datagram } from '../../src/ike/step.js';
import { decodeChain, encodeChain, type PlainPayload } from '../../src/wire/chain.js';
import { type MessageHeader, spiBytes } from '../../src/wire/header.js';
import {
  decodeMessage,
  encodeFragment,
  encodeProtected,
  type FragmentPlace,
  padPlaintext,
} from '../../src/wire/message.js';
import { type Message, unpadPlaintext } from '../../src/wire/message.js';
import { IKE_SA_INIT } from '../../src/wire/numbers.js';
import type { Site } from './site.js';
import type { World } from './world.js';

// What databases.ts proposes.
const SUITE = {
  encryption: encryptionNamed('aes-128-gcm'),
  integrity: integrityNamed('null'),
  prf: prfNamed('sha256'),
  group: groupNamed('x25519'),
};

interface Request {
  readonly exchangeType: number;
  readonly messageId: number;
  readonly response?: boolean;
}

export class Insider {
  private readonly world: World;
  private readonly victim: Site;
  private readonly toVictim: Protection;
  private readonly fromVictim: Protection;
  private readonly header: Omit<MessageHeader, 'exchangeType' | 'messageId' | 'flags'>;
  /** Whether the end we play is the IKE SA's original initiator. */
  private readonly initiator: boolean;

  /** For the IKE SA that east's first IKE_SA_INIT exchange set up; `victim` is the end attacked. */
  constructor(world: World, victim: Site) {
    this.world = world;
    this.victim = victim;
    this.initiator = victim === world.west;
    const [request, response] = world.captured
      .map(({ datagram }) => decodeMessage(datagram.bytes))
      .filter(({ header }) => header.exchangeType === IKE_SA_INIT);
    const { spiInitiator, spiResponder } = response!.header;
    const nonces = { initiator: nonceOf(request!), responder: nonceOf(response!) };
    const seed = skeyseed(SUITE.prf, nonces, world.secrets[0]!);
    const spis = { initiator: spiBytes(spiInitiator), responder: spiBytes(spiResponder) };
    const keys = ikeKeys(SUITE, seed, nonces, spis);
    const random = (bytes: number): Uint8Array => world.random.bytes(bytes);
    const [ours, theirs] = this.initiator
      ? [keys.initiator, keys.responder]
      : [keys.responder, keys.initiator];
    this.toVictim = protection(SUITE, ours, random);
    this.fromVictim = protection(SUITE, theirs, random);
    this.header = { spiInitiator, spiResponder, majorVersion: 2, minorVersion: 0 };
  }

  /** A message of these payloads with the right keys; `chain` replaces their bytes. */
  build(request: Request, payloads: readonly PlainPayload[], chain?: Uint8Array): Uint8Array {
    const { first, bytes } = encodeChain(payloads);
    const header = this.headerOf(request);
    const plaintext = padPlaintext(chain ?? bytes, this.toVictim.blockBytes);
    return encodeProtected(header, first, plaintext, this.toVictim);
  }

  /** One fragment of such a message (RFC 7383); `part` is its share of the chain. */
  fragment(request: Request, first: number, part: Uint8Array, place: FragmentPlace): Uint8Array {
    const plaintext = padPlaintext(part, this.toVictim.blockBytes);
    return encodeFragment(this.headerOf(request), first, place, plaintext, this.toVictim);
  }

  private headerOf({ exchangeType, messageId, response = false }: Request): MessageHeader {
    const flags = { initiator: this.initiator, response, version: false };
    return { ...this.header, exchangeType, messageId, flags };
  }

  /** Sends bytes to the victim from the place the real peer has; gives what it answers. */
  async send(bytes: Uint8Array): Promise<readonly Datagram[]> {
    const { local, remote } = this.lastOf(this.world.other(this.victim));
    const step = await this.victim.carry(
      this.victim.engine.receive({ local: remote, remote: local, bytes }),
    );
    return step.send;
  }

  private lastOf(site: Site): Datagram {
    const sent = this.world.captured.filter(({ from }) => from === site);
    return sent.at(-1)!.datagram;
  }

  /** Opens what the victim sent. */
  open(datagram: Datagram | undefined): { message: Message; inner: PlainPayload[] } {
    assert.ok(datagram, 'the victim said nothing');
    const message = decodeMessage(datagram!.bytes);
    const sealed = message.payloads.at(-1);
    assert.ok(sealed?.type === 'Encrypted');
    const plaintext = this.fromVictim.open(sealed.aad, sealed.body);
    assert.ok(plaintext, 'sealed with other keys');
    return { message, inner: decodeChain(sealed.firstPayload, unpadPlaintext(plaintext!)) };
  }
}

function nonceOf(message: Message): Uint8Array {
  const nonce = message.payloads.find((payload) => payload.type === 'Nonce');
  assert.ok(nonce?.type === 'Nonce');
  return nonce.data;
}
