// TLS without a socket: records go in, records come out, and a turn ends when it has nothing more to
// say. EAP carries the records (tls-peer.ts, tls-server.ts). It is Node's TLS over a stream that keeps
// what is written; whether a certificate is believed is the judge's to say, after the handshake and
// before anything is said within.
import type { X509Certificate } from 'node:crypto';
import { constants } from 'node:crypto';
import { Duplex } from 'node:stream';
import { connect, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { secretBytes } from '../crypto/prf.js';

/** Our side: PEM, the certificate first, then its chain. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/**
 * What is wrong with the other side's certificates, its own first; undefined: nothing. An empty chain is
 * for the judge to refuse, too.
 */
export type Judge = (chain: readonly X509Certificate[]) => Promise<string | undefined>;

export interface TlsOptions {
  readonly identity: TlsIdentity | undefined;
  readonly judge: Judge;
  /** Up to TLS 1.3 unless said. */
  readonly most?: 'TLSv1.2' | 'TLSv1.3';
}

/** A turn's outcome: records to send, and what the other side said within the tunnel. */
export interface Turn {
  readonly records: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** Turns of the event loop in which nothing happens before a flight counts as whole. */
const QUIET_TURNS = 8;
/** RFC 5216 §3.1: more than any handshake needs. */
export const MOST_BYTES = 65_536;
/**
 * strongSwan's TLS does not know RFC 5746, and need not: nobody renegotiates here, since each handshake
 * has a connection of its own, and renegotiation is off.
 */
const OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_LEGACY_SERVER_CONNECT;

/** Keeps what TLS writes, and counts what happens to it. */
class Pipe extends Duplex {
  readonly written: Buffer[] = [];
  events = 0;

  override _read(): void {
    this.events++;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk);
    this.events++;
    done();
  }
}

export class TlsEnd {
  readonly #pipe = new Pipe();
  readonly #options: TlsOptions;
  readonly #received: Buffer[] = [];
  #socket: TLSSocket | undefined;
  #open = false;
  #failure: string | undefined;

  constructor(side: 'client' | 'server', options: TlsOptions) {
    this.#options = options;
    if (side === 'client') this.#call();
    else this.#listen();
  }

  #settings(): SecureContextOptions & { readonly rejectUnauthorized: boolean } {
    const { identity, most } = this.#options;
    return {
      ...(identity ? { cert: identity.certificate, key: identity.key } : {}),
      // Node would take the world's CAs, and check what the judge checks.
      ca: [],
      minVersion: 'TLSv1.2',
      maxVersion: most ?? 'TLSv1.3',
      secureOptions: OPTIONS,
      rejectUnauthorized: false,
    };
  }

  #call(): void {
    const checkServerIdentity = () => undefined; // names are the judge's
    const socket = connect({ ...this.#settings(), socket: this.#pipe, checkServerIdentity });
    socket.once('secureConnect', () => this.#opened());
    this.#watch(socket);
  }

  #listen(): void {
    const server = createServer({ ...this.#settings(), requestCert: true });
    server.once('secureConnection', (socket) => {
      this.#watch(socket);
      this.#opened();
    });
    server.on('tlsClientError', (error) => this.#fail(error));
    server.emit('connection', this.#pipe);
  }

  #watch(socket: TLSSocket): void {
    this.#socket = socket;
    socket.disableRenegotiation();
    socket.on('data', (data: Buffer) => {
      this.#received.push(data);
      this.#pipe.events++;
    });
    socket.on('error', (error) => this.#fail(error));
  }

  #fail(error: Error & { code?: string; reason?: string }): void {
    this.#failure ??= error.reason ?? error.code ?? error.message;
    this.#pipe.events++;
  }

  #opened(): void {
    this.#open = true;
    this.#pipe.events++;
  }

  /** The first flight of a client; nothing of a server. */
  begin(): Promise<Turn> {
    return this.#turn();
  }

  receive(records: Uint8Array): Promise<Turn> {
    if (records.length > 0) this.#pipe.push(Buffer.from(records));
    return this.#turn();
  }

  send(plaintext: Uint8Array): Promise<Turn> {
    this.#socket?.write(plaintext);
    return this.#turn();
  }

  async #turn(): Promise<Turn> {
    const { events: before } = this.#pipe;
    for (let quiet = 0, seen = before; quiet < QUIET_TURNS; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#pipe.events !== seen) quiet = 0;
      seen = this.#pipe.events;
    }
    return { records: take(this.#pipe.written), plaintext: take(this.#received) };
  }

  /** Both have finished the handshake. */
  get open(): boolean {
    return this.#open && this.#failure === undefined;
  }

  /** Why there is no tunnel, or none any more. */
  get failure(): string | undefined {
    return this.#failure;
  }

  get protocol(): string {
    return this.#socket?.getProtocol() ?? '';
  }

  get isVersion13(): boolean {
    return this.protocol === 'TLSv1.3';
  }

  /** undefined: the other side is believed. */
  judge(): Promise<string | undefined> {
    return this.#options.judge(chainOf(this.#socket!));
  }

  get peerCertificate(): X509Certificate | undefined {
    return this.#socket?.getPeerX509Certificate();
  }

  /** RFC 5705, RFC 8446 §7.5. Without a context, which is not the same as an empty one (RFC 5705 §4). */
  export(length: number, label: string, context?: Uint8Array): Uint8Array {
    const socket = this.#socket!;
    const material = context
      ? socket.exportKeyingMaterial(length, label, Buffer.from(context))
      : (socket.exportKeyingMaterial as Export).call(socket, length, label);
    // A Buffer's slice would share its bytes, and with them their erasure.
    const own = secretBytes(length);
    own.set(material);
    material.fill(0);
    return own;
  }

  close(): void {
    this.#socket?.removeAllListeners();
    this.#socket?.on('error', () => {}); // whatever is still said about it, nobody asks
    this.#socket?.destroy();
    this.#pipe.destroy();
  }
}

/** The types insist on a context. */
type Export = (length: number, label: string) => Buffer;

function take(chunks: Buffer[]): Uint8Array {
  const all = Buffer.concat(chunks);
  chunks.length = 0;
  return all;
}

/** What the other side sent, its own certificate first. */
function chainOf(socket: TLSSocket): X509Certificate[] {
  const own = socket.getPeerX509Certificate();
  const chain: X509Certificate[] = own ? [own] : [];
  for (let last = own; last?.issuerCertificate && chain.length < 16; ) {
    last = last.issuerCertificate;
    chain.push(last);
  }
  return chain;
}
