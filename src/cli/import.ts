// culvert import FILE.rsc: a RouterOS export as a configuration, and what was not carried over.
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { formatFile, writeFile } from '../config/file.js';
import { importScript } from '../config/routeros/import.js';
import { UserError } from './socket.js';

export function registerImport(program: Command): void {
  program
    .command('import')
    .description(
      'Turn a RouterOS export into a configuration; what is not carried over is said line by line.',
    )
    .argument('<file>', 'what `/ip ipsec export` or `/export` wrote (RouterOS 6 or 7)')
    .option('--out <path>', 'write the configuration here, mode 0600 (default: standard output)')
    .addHelpText(
      'after',
      '\nThe notes go to standard error. Exit status 1: `culvert check` would refuse the result.' +
        '\n\nExample:\n  culvert import router.rsc --out /etc/culvert/site.json',
    )
    .action((path: string, { out }: { out?: string }) => {
      const { configuration, notes, sound } = importScript(read(path));
      if (Object.keys(configuration).length === 0 && notes.length === 0) {
        throw new UserError(`${path}: there is no command of RouterOS in it`);
      }
      const text = formatFile({ ...configuration });
      if (out === undefined) process.stdout.write(text);
      else writeFile(out, text);
      const lines = notes.map(({ line, text: note }) =>
        line === 0 ? `${path}: ${note}\n` : `${path}: line ${line}: ${note}\n`,
      );
      process.stderr.write(lines.join(''));
      if (!sound)
        process.stderr.write(`${path}: the result is not complete: correct what is named\n`);
      process.exitCode = sound ? 0 : 1;
    });
}

function read(path: string): string {
  try {
    const bytes = readFileSync(path);
    // What PowerShell's `>` makes of an export.
    return bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`${path}: ${code === 'ENOENT' ? 'not found' : message}`);
  }
}
