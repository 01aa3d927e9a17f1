// Messages before there is an SA for them: cookies, half-open limits, unknown SPIs. Everything here
// is unauthenticated, so nothing is remembered that a stranger could fill (RFC 7296 §2.4, §2.6).
import { formatAddress } from '../policy/address.js';
import { WireError } from '../wire/error.js';
import { decodeHeader } from '../wire/header.js';
import { decodeMessage, encodeMessage } from '../wire/message.js';
import { IKE_SA_INIT, INFORMATIONAL } from '../wire/numbers.js';
import { N } from '../wire/notifications.js';
import type { NotifyPayload } from '../wire/payloads/notify.js';
import { type CookieDemand, CookieJar } from './cookie.js';
import { findPeer, identitiesOf } from './directory.js';
import { ERRORS } from './errors.js';
import type { Received } from './dispatch.js';
import { notification, notify, type Work, type World } from './exchange.js';
import { newIkeSpi } from './parts/keys.js';
import { type IkeSa, newIkeSa } from './sa.js';
import type { Datagram, Step } from './step.js';
import { newHandshake } from './v2/sa-init.js';

/** A new responder, and who has to make room for it. */
export interface Welcome {
  readonly sa: IkeSa;
  readonly expelled?: IkeSa | undefined;
}

export class FirstContact {
  readonly #world: World;
  readonly #cookies: CookieJar;
  #second = 0;
  #spoken = 0;
  #strangersUntil = 0;

  constructor(world: World) {
    this.#world = world;
    this.#cookies = new CookieJar(world.context);
  }

  /** Decodes; what cannot be is dropped, or told where the standard wants it told. */
  read(datagram: Datagram, step: Step): Received | undefined {
    try {
      const { header, payloads } = decodeMessage(datagram.bytes);
      return { datagram, header, payloads };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const from = formatAddress(datagram.remote.address);
      if (this.#maySpeak()) {
        const text = `dropped a message from ${from}: ${error.message}`;
        step.events.push({ level: 'debug', topic: 'ike.message', peer: undefined, text });
        if (error.kind === 'version') this.#refuseVersion(datagram, step);
        if (error.kind === 'critical') this.#refuseCritical(datagram, error, step);
      }
      return undefined;
    }
  }

  /** §2.5: a higher major version is told what we speak; never in answer to an answer. */
  #refuseVersion(datagram: Datagram, step: Step): void {
    const header = decodeHeader(datagram.bytes);
    if (header.flags.response || header.majorVersion < 2) return;
    this.#answer({ datagram, header, payloads: [] }, notify(N.INVALID_MAJOR_VERSION), step);
  }

  /** §2.5: an extension that the first message insists on; in any later one that is for SK to say. */
  #refuseCritical(datagram: Datagram, error: WireError, step: Step): void {
    const header = decodeHeader(datagram.bytes);
    if (header.exchangeType !== IKE_SA_INIT || header.flags.response) return;
    const peer = findPeer(this.#world.databases, datagram.local, datagram.remote)?.name;
    const text = `IKE_SA_INIT is refused: ${error.message}; ${ERRORS['critical-payload'].advice}`;
    step.events.push({ level: 'warning', topic: 'ike.init', peer, text });
    const data = Uint8Array.of(error.payloadNumber ?? 0);
    const payload = notify(N.UNSUPPORTED_CRITICAL_PAYLOAD, data);
    this.#answer({ datagram, header, payloads: [] }, payload, step);
  }

  /** The SA a message is for, by our SPI; a first message by its sender (§2.6). */
  find({ header, datagram }: Received): IkeSa | undefined {
    const { flags, spiInitiator, spiResponder, exchangeType } = header;
    const { store } = this.#world;
    if (exchangeType === IKE_SA_INIT && !flags.response) {
      return spiResponder === 0n ? store.byFirst(spiInitiator, datagram.remote) : undefined;
    }
    // The sender's flag says which of the two SPIs is ours (§3.1).
    const sa = store.bySpi(flags.initiator ? spiResponder : spiInitiator);
    if (!sa || (sa.side === 'initiator') === flags.initiator) return undefined;
    if (sa.spiInitiator !== spiInitiator) return undefined;
    // Before its answer to the first message we do not know the responder's SPI.
    return sa.state === 'init-sent' || sa.spiResponder === spiResponder ? sa : undefined;
  }

  /** Too many are half-open, or too much comes from nobody: then an address must be shown to be real. */
  get #demanded(): boolean {
    const { store, settings, context } = this.#world;
    return store.halfOpen >= settings.cookieThreshold || context.now() < this.#strangersUntil;
  }

  cookies(): CookieDemand {
    return { demanded: this.#demanded, ...this.#cookies.secrets() };
  }

  /** A responder for a first message, once nothing speaks against it. */
  welcome(received: Received, step: Step): Welcome | undefined {
    const { header, datagram, payloads } = received;
    const { databases, store, settings, context, closing } = this.#world;
    if (header.exchangeType !== IKE_SA_INIT || header.flags.response) {
      return this.#stray(received, step);
    }
    const { messageId, flags, spiInitiator } = header;
    if (messageId !== 0 || !flags.initiator || header.spiResponder !== 0n || closing)
      return undefined;
    const { local, remote } = datagram;
    const peer = findPeer(databases, local, remote);
    if (!peer || identitiesOf(databases, peer).length === 0) {
      return this.#unknownPeer(received, step);
    }
    const nonce = payloads.find((payload) => payload.type === 'Nonce');
    if (nonce?.type !== 'Nonce') return undefined;
    if (this.#demanded) {
      const plain = payloads.filter((payload) => payload.type === 'Notify');
      const given = notification({ payloads: plain }, N.COOKIE)?.data;
      if (!given || !this.#cookies.accepts(given, spiInitiator, nonce.data, remote)) {
        const cookie = this.#cookies.bake(spiInitiator, nonce.data, remote);
        this.#answer(received, notify(N.COOKIE, cookie), step);
        return undefined;
      }
    }
    const expelled = store.halfOpen < settings.halfOpenLimit ? undefined : store.expel();
    if (expelled) expelled.times.giveUpAt = context.now();
    const serial = store.nextSerial();
    const spiResponder = newIkeSpi(this.#world);
    const birth = { serial, peer, local, remote, spiInitiator, spiResponder };
    const sa = newIkeSa({ ...birth, side: 'responder', state: 'listening' }, context.now());
    sa.handshake = newHandshake({ sa });
    store.add(sa, remote);
    return { sa, expelled };
  }

  #unknownPeer(received: Received, step: Step): undefined {
    if (!this.#maySpeak()) return;
    const from = formatAddress(received.datagram.remote.address);
    const text = `${from} wants an IKE SA, but no peer with an identity has that address`;
    const facts = { stranger: from };
    step.events.push({ level: 'warning', topic: 'ike.init', peer: undefined, text, facts });
    this.#answer(received, notify(N.NO_PROPOSAL_CHOSEN), step);
  }

  /** §2.21.4: a request under an SPI we do not know may be told so; seldom, and never an answer. */
  #stray(received: Received, step: Step): undefined {
    const { flags, exchangeType } = received.header;
    if (flags.response || exchangeType === INFORMATIONAL || !this.#maySpeak()) return;
    this.#answer(received, notify(N.INVALID_IKE_SPI), step);
  }

  #answer({ header, datagram }: Received, payload: NotifyPayload, step: Step): void {
    const flags = { initiator: !header.flags.initiator, response: true, version: false };
    const bytes = encodeMessage({ ...header, majorVersion: 2, minorVersion: 0, flags }, [payload]);
    step.send.push({ local: datagram.local, remote: datagram.remote, bytes });
  }

  /** For the debug log, as seldom as answers to strangers. */
  complain({ sa, step }: Work, reason: string): void {
    if (!this.#maySpeak()) return;
    const text = `dropped a message: ${reason}`;
    step.events.push({ level: 'debug', topic: 'ike.message', peer: sa.peer.name, text });
  }

  /** A few a second, whoever asks: neither log nor line can be flooded by strangers. */
  #maySpeak(): boolean {
    const second = Math.floor(this.#world.context.now() / 1000);
    if (second !== this.#second) this.#spoken = 0;
    this.#second = second;
    const { strayAnswersPerSecond, strangersPerSecond, strangersMs } = this.#world.settings;
    if (++this.#spoken > strangersPerSecond) {
      this.#strangersUntil = this.#world.context.now() + strangersMs;
    }
    return this.#spoken <= strayAnswersPerSecond;
  }
}
