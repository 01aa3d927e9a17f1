// The socket for what RADIUS servers send of their own accord (RFC 5176). Only addresses of the menu
// radius are listened to, each with its own secret; src/radius/incoming.ts judges.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { RadiusSettings } from '../config/settings.js';
import { formatAddress, parseAddress, sameAddress } from '../policy/address.js';
import type { Handler } from '../radius/dynamic-authorization.js';
import { Incoming } from '../radius/incoming.js';
import type { Nas } from '../radius/session.js';
import type { Log } from './log.js';

export interface DoorContext {
  now(): number;
  nas(): Nas;
  readonly handler: Handler;
  readonly log: Pick<Log, 'debug' | 'info' | 'warning'>;
}

/** Lines about strangers and refusals in any second: nobody fills the log. */
const MOST_LINES = 5;

export class RadiusDoor {
  #settings: RadiusSettings;
  readonly #context: DoorContext;
  readonly #incoming: Incoming;
  #sockets: Socket[] = [];
  #second = 0;
  #lines = 0;

  private constructor(settings: RadiusSettings, context: DoorContext) {
    this.#settings = settings;
    this.#context = context;
    this.#incoming = new Incoming(Math.floor(context.now() / 1000));
  }

  /** Throws where the port is not to be had. */
  static async open(settings: RadiusSettings, context: DoorContext): Promise<RadiusDoor> {
    const door = new RadiusDoor(settings, context);
    await door.#listen();
    return door;
  }

  async reconfigure(settings: RadiusSettings): Promise<void> {
    const before = this.#settings;
    this.#settings = settings;
    const listens = ({ servers, incoming }: RadiusSettings): string =>
      incoming.accept ? `${incoming.port} ${familiesOf(servers).join()}` : '';
    if (listens(before) === listens(settings)) return;
    const old = this.#sockets;
    this.#sockets = [];
    // On the same port only after the old ones; on another the old ones stay until it is had.
    if (before.incoming.port === settings.incoming.port) for (const socket of old) socket.close();
    try {
      await this.#listen();
    } catch (error) {
      this.close();
      this.#settings = before;
      if (before.incoming.port === settings.incoming.port) await this.#listen();
      else this.#sockets = old;
      throw error;
    }
    if (before.incoming.port !== settings.incoming.port) for (const socket of old) socket.close();
  }

  async #listen(): Promise<void> {
    const { accept, port } = this.#settings.incoming;
    if (!accept) return;
    for (const family of familiesOf(this.#settings.servers)) {
      const socket =
        family === 4 ? createSocket('udp4') : createSocket({ type: 'udp6', ipv6Only: true });
      await new Promise<void>((resolve, reject) => {
        socket.once('error', (error) => {
          socket.close();
          reject(new Error(`radius-incoming.port ${port}: ${error.message}`));
        });
        socket.bind(port, resolve);
      });
      socket.removeAllListeners('error');
      socket.on('error', (error) => this.#say('warning', error.message));
      socket.on('message', (bytes, from) => this.#read(socket, bytes, from));
      this.#sockets.push(socket);
    }
  }

  #read(socket: Socket, bytes: Uint8Array, { address, port }: RemoteInfo): void {
    const from = parseAddress(address);
    const server = this.#settings.servers.find(
      (one) => from !== undefined && sameAddress(one.address, from),
    );
    if (!from || !server) {
      this.#say(
        'warning',
        `a request of ${address}, which is no RADIUS server of ours, is dropped`,
      );
      return;
    }
    const { answer, level, text } = this.#incoming.receive(
      bytes,
      formatAddress(from),
      Math.floor(this.#context.now() / 1000),
      {
        secret: server.secret,
        needsTimestamp: this.#settings.incoming.requireTimestamp,
        nas: this.#context.nas(),
      },
      this.#context.handler,
    );
    this.#say(level, text);
    if (!answer) return;
    socket.send(answer, port, address, (error) => {
      if (error) this.#say('warning', `no answer could be sent to ${address}: ${error.message}`);
    });
  }

  #say(level: 'debug' | 'info' | 'warning', text: string): void {
    const second = Math.floor(this.#context.now() / 1000);
    if (second !== this.#second) this.#lines = 0;
    this.#second = second;
    if (this.#lines++ < MOST_LINES) this.#context.log[level]('radius', text);
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.#sockets = [];
  }
}

/** Without a server of a family nobody may send in it. */
const familiesOf = (servers: RadiusSettings['servers']): (4 | 6)[] =>
  [...new Set(servers.map(({ address }) => address.family))].sort();
