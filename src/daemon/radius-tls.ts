// RADIUS over TLS (RFC 6614): each line is a connection, made when there is something to send. The
// server must show a certificate of a trusted CA that holds its name; ours is shown to it.
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import type { RadiusServerSettings } from '../config/settings.js';
import { formatAddress } from '../policy/address.js';
import { RadiusError } from '../radius/packet.js';
import type { Line } from '../radius/servers.js';
import { PacketStream } from '../radius/stream.js';
import type { LineEvents, Lines } from './radius-lines.js';

/** PEM, of the menu certificate. */
export interface Credentials {
  readonly key: string;
  /** Ours, and its chain. */
  readonly certificate: string;
  /** Who may vouch for servers. */
  readonly authorities: readonly string[];
}

/** Throws, with a reason for the log, where an entry of the menu certificate cannot be used. */
export type CredentialsFor = (certificate: string) => Credentials;

/** Our own choices: how long a handshake may take, and how much may wait for it. */
const HANDSHAKE_MS = 10_000;
const MOST_WAITING = 256;
const KEEPALIVE_MS = 30_000;

interface Open {
  readonly socket: TLSSocket;
  /** Until the handshake is done. */
  waiting: Uint8Array[] | undefined;
}

export class TlsLines implements Lines {
  readonly #servers: readonly RadiusServerSettings[];
  readonly #events: LineEvents;
  readonly #credentials: CredentialsFor;
  readonly #open = new Map<string, Open>();
  #closed = false;

  constructor(
    servers: readonly RadiusServerSettings[],
    events: LineEvents,
    credentials: CredentialsFor,
  ) {
    this.#servers = servers;
    this.#events = events;
    this.#credentials = credentials;
  }

  send(line: Line, bytes: Uint8Array): void {
    if (this.#closed) return;
    const key = `${line.server} ${line.service} ${line.channel}`;
    const open = this.#open.get(key) ?? this.#connect(line, key);
    if (!open) return;
    if (!open.waiting) open.socket.write(bytes);
    else if (open.waiting.length < MOST_WAITING) open.waiting.push(bytes);
  }

  #connect(line: Line, key: string): Open | undefined {
    let socket: TLSSocket;
    try {
      socket = this.#dial(this.#servers[line.server]!);
    } catch (error) {
      // What cannot even be tried is lost, but not while its sender is still at work on it.
      this.#events.onTrouble(line, (error as Error).message);
      setImmediate(() => this.#closed || this.#events.onLost(line));
      return undefined;
    }
    const open: Open = { socket, waiting: [] };
    const stream = new PacketStream();
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy(new Error('no answer to the handshake')));
    socket.on('secureConnect', () => {
      socket.setTimeout(0);
      socket.setKeepAlive(true, KEEPALIVE_MS);
      const { waiting } = open;
      open.waiting = undefined;
      for (const bytes of waiting ?? []) socket.write(bytes);
    });
    socket.on('data', (bytes) => {
      try {
        for (const packet of stream.push(bytes)) this.#events.onPacket(line, packet);
      } catch (error) {
        if (!(error instanceof RadiusError)) throw error;
        socket.destroy(error);
      }
    });
    socket.on('error', (error) => this.#events.onTrouble(line, error.message));
    socket.on('close', () => {
      if (this.#open.get(key) === open) this.#open.delete(key);
      if (!this.#closed) this.#events.onLost(line);
    });
    socket.unref();
    this.#open.set(key, open);
    return open;
  }

  #dial({
    address,
    authenticationPort: port,
    srcAddress,
    radsec,
  }: RadiusServerSettings): TLSSocket {
    if (!radsec) throw new Error('bug: a server without TLS');
    const host = formatAddress(address);
    const expected = radsec.serverName === '' ? host : radsec.serverName;
    const { key, certificate, authorities } = this.#credentials(radsec.certificate);
    return connect({
      host,
      port,
      ...(srcAddress ? { localAddress: formatAddress(srcAddress) } : {}),
      key,
      cert: certificate,
      ca: [...authorities],
      minVersion: 'TLSv1.2',
      // RFC 6066 §3: no addresses.
      ...(isIP(expected) ? {} : { servername: expected }),
      checkServerIdentity: (_host, shown) => checkServerIdentity(expected, shown),
    });
  }

  close(): void {
    this.#closed = true;
    for (const { socket } of this.#open.values()) socket.destroy();
    this.#open.clear();
  }
}
