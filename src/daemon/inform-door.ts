// Where Windows' DHCPINFORM arrives: port 67 of the TUN device alone, and only from addresses that
// mode-config gave. It is open while some identity gives networks.
import { createSocket, type Socket } from 'node:dgram';
import { openOnDevice } from '../net/device-socket.js';
import { SystemError } from '../net/libc.js';
import { type Address, formatAddress, parseAddress } from '../policy/address.js';
import type { Identity } from '../policy/database.js';
import type { Given } from '../ike/parts/configuration.js';
import { answerInform, readInform } from './dhcp-inform.js';
import type { Log } from './log.js';

const SERVER_PORT = 67;
const CLIENT_PORT = 68;

export interface InformContext {
  readonly tun: string;
  /** What the client with this address was given; undefined: nothing by us. */
  given(address: Address): Given | undefined;
  localAddressFor(remote: Address): Address | undefined;
  /** Milliseconds. */
  now(): number;
  readonly log: Pick<Log, 'info' | 'warning'>;
}

/** Our own choice: a client that asks without pause fills neither the log nor our time. */
const EACH_MS = 1000;

export class InformDoor {
  readonly #context: InformContext;
  #socket: Socket | undefined;
  /** Who was answered since then; they all have addresses of ours. */
  readonly #answered = new Set<string>();
  #since = 0;

  constructor(context: InformContext) {
    this.#context = context;
  }

  /** Opens or closes, as these identities want it. */
  update(identities: readonly Identity[]): void {
    const wanted = identities.some(
      ({ modeConfig }) => modeConfig?.role === 'responder' && modeConfig.splitInclude.length > 0,
    );
    if (wanted && !this.#socket) this.#open();
    else if (!wanted) this.close();
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Without it Windows sends everything through the tunnel: said, and no reason not to start. */
  #open(): void {
    const { tun, log } = this.#context;
    try {
      const fd = openOnDevice(tun, SERVER_PORT);
      const socket = createSocket('udp4');
      socket.on('error', (error) => log.warning('net', `DHCPINFORM: ${error.message}`));
      socket.on('message', (bytes, { address: from }) => {
        const answer = this.answer(bytes, from);
        if (!answer) return;
        socket.send(answer, CLIENT_PORT, from, (error) => {
          if (error) log.warning('net', `DHCPINFORM of ${from}: ${error.message}`);
        });
      });
      socket.bind({ fd });
      socket.unref();
      this.#socket = socket;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const text = 'Windows clients do not learn the split-include networks';
      log.warning('net', `${text}: ${error.message}`);
    }
  }

  /** The sender is who the SA says it is, as the data plane has checked; ciaddr must be the same. */
  answer(bytes: Uint8Array, from: string): Uint8Array | undefined {
    const client = readInform(bytes);
    if (!client || formatAddress(client) !== from || !this.#mayAsk(from)) return undefined;
    const given = this.#context.given(client);
    if (!given) return undefined;
    const server = this.#context.localAddressFor(client) ?? parseAddress('0.0.0.0')!;
    const networks = given.networks.length;
    this.#context.log.info('net', `told ${from} its ${networks} networks (DHCPINFORM)`);
    return answerInform(bytes, given, server);
  }

  #mayAsk(from: string): boolean {
    const now = this.#context.now();
    if (now - this.#since >= EACH_MS) {
      this.#answered.clear();
      this.#since = now;
    }
    if (this.#answered.has(from)) return false;
    this.#answered.add(from);
    return true;
  }
}
