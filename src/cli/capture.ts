// culvert capture: packets of the running gateway into a pcapng file, for Wireshark.
import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import type { Command } from 'commander';
import { interfaceDescription, interfaceStatistics, packetBlock, sectionHeader } from './pcapng.js';
import { askStream, findSocket, UserError } from './socket.js';
import { version } from './version.js';

interface Options {
  readonly out: string;
  readonly decrypted?: boolean;
  readonly packets?: string;
  readonly seconds?: string;
  readonly socket?: string;
}

export function registerCapture(program: Command): void {
  program
    .command('capture')
    .description(
      'Write IKE, ESP and AH packets of all interfaces into a pcapng file, until Ctrl-C. ' +
        'What opens them: culvert installed-sa print wireshark.',
    )
    .requiredOption('--out <file>', 'the file, mode 0600; - is standard output')
    .option('--decrypted', 'also what the tunnels carry, in the clear, as an interface of its own')
    .option('--packets <count>', 'end after so many')
    .option('--seconds <count>', 'end after so long')
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .addHelpText(
      'after',
      '\nExample:\n  culvert capture --out west.pcapng --decrypted --seconds 30' +
        '\n  culvert capture --out - | wireshark -k -i -',
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const most = countOf('--packets', options.packets);
  const seconds = countOf('--seconds', options.seconds);
  const path = await findSocket(options.socket);
  const end = new AbortController();
  const timer = seconds === undefined ? undefined : setTimeout(() => end.abort(), seconds * 1000);
  const stop = (): void => end.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const file = openOut(options.out);
  let packets = 0;
  let dropped = 0;
  let interfaces = 0;
  const write = (block: Uint8Array): void => writeAll(file, block);
  try {
    const args = options.decrypted === true ? { decrypted: true } : {};
    for await (const news of askStream(path, 'capture', args, end.signal)) {
      if (news.interfaces) {
        write(sectionHeader(`culvert ${version()}`));
        for (const name of news.interfaces) write(interfaceDescription(name));
        interfaces = news.interfaces.length;
      }
      for (const one of news.packets) {
        if (most !== undefined && packets >= most) break;
        packets++;
        write(packetBlock({ ...one, at: BigInt(one.at), bytes: Buffer.from(one.bytes, 'base64') }));
      }
      dropped = news.dropped;
      if (most !== undefined && packets >= most) break;
    }
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', stop).off('SIGTERM', stop);
    if (interfaces > 0) write(interfaceStatistics(0, BigInt(Date.now()) * 1_000_000n, dropped));
    if (file !== 1) closeSync(file);
  }
  process.stderr.write(`${packets} packets captured, ${dropped} dropped by the kernel\n`);
}

/** Its packets are no secret, what `--decrypted` adds is: nobody else reads the file. */
function openOut(path: string): number {
  if (path === '-') return 1;
  try {
    const file = openSync(path, 'w', 0o600);
    fchmodSync(file, 0o600);
    return file;
  } catch (error) {
    throw new UserError(`${path}: ${(error as Error).message}`);
  }
}

/** A pipe that is full takes a part only. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(file, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

function countOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new UserError(`${name} ${text}: expected a whole number above 0`);
}
