// DNS servers that peers gave us: handed to resolvconf(8) (openresolv, or systemd's) under a name of ours
// for each peer, or written into a file that the configuration names, which is then ours alone.
import { execFile } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Received } from '../ike/step.js';
import { type Address, formatAddress } from '../policy/address.js';
import type { Log } from './log.js';
import { systemDns } from './system-dns.js';

const HEAD = '# DNS servers that mode-config gave culvert; it writes this file and removes it.';

export class Resolver {
  readonly #tun: string;
  readonly #log: Log;
  readonly #active = new Map<number, Received>();
  /** One call after another: they change one file. */
  #turn: Promise<void> = Promise.resolve();

  constructor(tun: string, log: Log) {
    this.#tun = tun;
    this.#log = log;
  }

  /** What a killed run left: the files that are named, and what resolvconf had for these peers. */
  clean(files: readonly string[], peers: readonly string[]): void {
    for (const file of files) rmSync(file, { force: true });
    for (const peer of peers) this.#resolvconf(['-f', '-d', this.#name(peer)], '', true);
  }

  up(received: Received): void {
    const { config, dns } = received;
    if (config.dns === 'no' || dns.length === 0) return;
    this.#active.set(received.id, received);
    if (config.resolvConf !== undefined) this.#write(config.resolvConf);
    else this.#add(received);
  }

  #add({ config, peer, dns }: Received): void {
    const exclusive = config.dns === 'exclusively' ? ['-x'] : [];
    this.#resolvconf([...exclusive, '-a', this.#name(peer)], lines(dns));
  }

  down(id: number): void {
    const received = this.#active.get(id);
    if (!received) return;
    this.#active.delete(id);
    const { config, peer } = received;
    if (config.resolvConf !== undefined) this.#write(config.resolvConf);
    else {
      // authenticated anew, the peer has given us servers beside these: one name for both
      const other = [...this.#active.values()].find((one) => one.peer === peer);
      if (other) this.#add(other);
      else this.#resolvconf(['-f', '-d', this.#name(peer)], '');
    }
  }

  /** Waits until what was asked for is done. */
  async close(): Promise<void> {
    for (const id of [...this.#active.keys()]) this.down(id);
    await this.#turn;
  }

  #name(peer: string): string {
    return `${this.#tun}.${peer}`;
  }

  /** Ours first; with `yes` the host's own behind them. */
  #write(file: string): void {
    const own = [...this.#active.values()].filter(({ config }) => config.resolvConf === file);
    try {
      if (own.length === 0) {
        rmSync(file, { force: true });
        return;
      }
      const alone = own.some(({ config }) => config.dns === 'exclusively');
      const servers = [...own.flatMap(({ dns }) => dns), ...(alone ? [] : systemDns())];
      writeFileSync(`${file}.new`, `${HEAD}\n${lines(servers)}`, { mode: 0o644 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      this.#complain(`cannot write ${file}: ${(error as Error).message}`);
    }
  }

  #resolvconf(args: readonly string[], input: string, quiet = false): void {
    this.#turn = this.#turn.then(
      () =>
        new Promise((resolve) => {
          const child = execFile('resolvconf', args, (error) => {
            if (error && !quiet) this.#failed(error as NodeJS.ErrnoException);
            resolve();
          });
          child.stdin?.on('error', () => {}); // it ended without reading: its status says why
          child.stdin?.end(input);
        }),
    );
  }

  #failed(error: NodeJS.ErrnoException): void {
    const missing = error.code === 'ENOENT';
    const advice = 'install resolvconf(8), or name a file in resolv-conf of the mode-config';
    this.#complain(missing ? `there is no resolvconf: ${advice}` : error.message.trim());
  }

  #complain(text: string): void {
    this.#log.warning('net', `the DNS servers we were given are not used: ${text}`);
  }
}

const lines = (servers: readonly Address[]): string =>
  servers.map((server) => `nameserver ${formatAddress(server)}\n`).join('');
