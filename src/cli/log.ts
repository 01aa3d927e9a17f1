// culvert log: the last lines of the daemon's log, `--follow`: and every further one. The verbs that
// edit are those of every menu (menu.ts): they set what the daemon writes to its standard error.
import type { Command } from 'commander';
import { readFile } from '../config/file.js';
import { logMenu } from '../config/menus.js';
import type { LogArguments } from '../daemon/commands.js';
import type { LogRow } from '../daemon/history.js';
import { formatLogRow } from '../daemon/log.js';
import { printMenu } from './menu.js';
import { ask, askStream, findSocket, UserError } from './socket.js';

interface Options {
  readonly follow?: boolean;
  readonly lines?: string;
  readonly level?: string;
  readonly peer?: string;
  readonly topic?: string;
  readonly socket?: string;
  readonly json?: boolean;
  readonly file?: string;
}

export function registerLog(program: Command): void {
  const log = program.command('log').summary("The daemon's log.");
  log.description(
    'Print the last lines of the log of the running daemon, those below its level among them. ' +
      `The verbs set what it writes: ${logMenu.text.split('.')[0]!.toLowerCase()}.`,
  );
  log.enablePositionalOptions();
  withOptions(log)
    .option('-f, --follow', 'go on with every further line, until Ctrl-C')
    .addHelpText(
      'after',
      '\nExample:\n  culvert log --follow --level debug --peer west\n  culvert log print --lines 20',
    )
    .action((options: Options) => (options.follow === true ? follow(options) : print(options)));
  withOptions(log.command('print'))
    .description('Print the last lines of the log.')
    .option('--file <path>', 'print the menu `log` of this file instead')
    .addHelpText('after', '\nExample:\n  culvert log print --lines 20 --topic ike')
    .action(async (options: Options) => {
      const { file } = options;
      if (file === undefined) await print(options);
      else process.stdout.write(printMenu(logMenu, readFile(file), [], options));
    });
}

const withOptions = (command: Command): Command =>
  command
    .option('-n, --lines <count>', 'the last lines (default: 50)')
    .option('--level <level>', 'the least important lines: debug, info, warning, error')
    .option('--peer <name>', 'only lines about this peer')
    .option('--topic <topic>', 'only this topic and those below it, as ike or ike.auth')
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .option('--json', 'an object a line');

async function print(options: Options): Promise<void> {
  const args = argumentsOf(options);
  const rows = await ask(await findSocket(options.socket), 'log print', args);
  process.stdout.write(textOf(rows, options));
}

/** Ends with the daemon (an error: somebody is waiting for lines), or with Ctrl-C. */
async function follow(options: Options): Promise<void> {
  const path = await findSocket(options.socket);
  for await (const { missed, rows } of askStream(path, 'log follow', argumentsOf(options))) {
    if (missed > 0) process.stderr.write(`culvert: more than ${missed} lines came too fast\n`);
    // What reads us (less, a terminal that is held) may be slow: the daemon keeps the rest.
    if (!process.stdout.write(textOf(rows, options))) {
      await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  }
}

const textOf = (rows: readonly LogRow[], { json }: Options): string =>
  rows.map((row) => (json === true ? `${JSON.stringify(row)}\n` : formatLogRow(row))).join('');

function argumentsOf({ lines, level, peer, topic }: Options): LogArguments {
  const count = lines === undefined ? undefined : Number(lines);
  if (count !== undefined && !(Number.isInteger(count) && count >= 0)) {
    throw new UserError(`--lines ${lines}: expected a whole number`);
  }
  return {
    ...(count === undefined ? {} : { lines: count }),
    ...(level === undefined ? {} : { level }),
    ...(peer === undefined ? {} : { peer }),
    ...(topic === undefined ? {} : { topic }),
  };
}
