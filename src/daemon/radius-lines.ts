// The sockets of the RADIUS client: one for each line, connected, so that the kernel takes nothing
// but the server's own datagrams. They carry no mark: a server may be reached through a tunnel.
import { createSocket, type Socket } from 'node:dgram';
import type { RadiusServerSettings } from '../config/settings.js';
import { formatAddress } from '../policy/address.js';
import type { Line } from '../radius/servers.js';

export interface LineEvents {
  readonly onPacket: (line: Line, bytes: Uint8Array) => void;
  /** A connection broke with what was under way on it; datagrams have none. */
  readonly onLost: (line: Line) => void;
  readonly onTrouble: (line: Line, reason: string) => void;
}

export interface Lines {
  send(line: Line, bytes: Uint8Array): void;
  close(): void;
}

interface Open {
  readonly socket: Socket;
  /** Until the socket is connected, which takes a turn of the event loop. */
  waiting: Uint8Array[] | undefined;
}

export class UdpLines implements Lines {
  readonly #servers: readonly RadiusServerSettings[];
  readonly #events: LineEvents;
  readonly #open = new Map<string, Open>();
  #closed = false;

  constructor(servers: readonly RadiusServerSettings[], events: LineEvents) {
    this.#servers = servers;
    this.#events = events;
  }

  send(line: Line, bytes: Uint8Array): void {
    if (this.#closed) return;
    const key = `${line.server} ${line.service} ${line.channel}`;
    let open = this.#open.get(key);
    if (!open) {
      open = this.#connect(line, () => this.#open.delete(key));
      this.#open.set(key, open);
    }
    if (open.waiting) open.waiting.push(bytes);
    else this.#write(open.socket, line, bytes);
  }

  #connect(line: Line, forget: () => void): Open {
    const { address, authenticationPort, accountingPort, srcAddress } = this.#servers[line.server]!;
    const port = line.service === 'authentication' ? authenticationPort : accountingPort;
    const { family } = address;
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      // Addresses need no resolver, nor a thread for one.
      lookup: (host, _options, callback) => callback(null, host, family),
    });
    const open: Open = { socket, waiting: [] };
    socket.on('error', (error) => {
      this.#events.onTrouble(line, error.message);
      // Once connected it is a port that is refused: said by ICMP, which anybody can forge.
      if (!open.waiting || this.#closed) return;
      forget();
      socket.close();
    });
    socket.on('message', (bytes) => this.#events.onPacket(line, bytes));
    socket.on('connect', () => {
      if (this.#closed) return;
      const { waiting } = open;
      open.waiting = undefined;
      for (const bytes of waiting ?? []) this.#write(socket, line, bytes);
    });
    const source = srcAddress ? formatAddress(srcAddress) : undefined;
    socket.bind({ port: 0, ...(source === undefined ? {} : { address: source }) }, () => {
      if (!this.#closed) socket.connect(port, formatAddress(address));
    });
    // Neither a server nor the lack of one keeps the process alive.
    socket.unref();
    return open;
  }

  /** A datagram that the kernel refuses is a lost datagram: it is sent again. */
  #write(socket: Socket, line: Line, bytes: Uint8Array): void {
    socket.send(bytes, (error) => {
      if (error && !this.#closed) this.#events.onTrouble(line, error.message);
    });
  }

  close(): void {
    this.#closed = true;
    for (const { socket } of this.#open.values()) socket.close();
    this.#open.clear();
  }
}
