// culvert installed-sa print, culvert installed-sa print wireshark, culvert installed-sa flush
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { addQuestion, noun, type Options } from './question.js';
import { ask, findSocket } from './socket.js';
import { INSTALLED_SAS, formatInstalledSas } from './tables.js';

export function registerInstalledSa(program: Command): void {
  const installedSa = noun(program, 'installed-sa', 'The ESP SAs that carry packets (phase 2).');
  addQuestion(installedSa, {
    command: 'installed-sa print',
    description:
      'Print the ESP SAs, one row per direction. `print wireshark` prints keys: the lines of ' +
      "Wireshark's tables esp_sa and ikev2_decryption_table.",
    example:
      'culvert installed-sa print\n  culvert installed-sa print wireshark --out ~/.config/wireshark',
    options: [
      ['--show-secrets', 'print the keys, too (they open every packet of these SAs)'],
      ['--out <folder>', 'wireshark: write its two files there, mode 0600 (a profile of it)'],
    ],
    args: ({ showSecrets }) => (showSecrets === true ? { 'show-secrets': true } : {}),
    format: formatInstalledSas,
    table: INSTALLED_SAS,
    instead: { wireshark: printWireshark },
  });
  addQuestion(installedSa, {
    command: 'installed-sa flush',
    description: 'Delete every ESP SA and tell the peers; policies ask for new ones.',
    example: 'culvert installed-sa flush',
    format: ({ flushed }) => `${flushed} ${flushed === 1 ? 'SA' : 'SAs'} flushed\n`,
  });
}

/** Both tables: into files of their names, or one below the other. */
async function printWireshark(options: Options & { readonly out?: string }): Promise<void> {
  const tables = await ask(await findSocket(options.socket), 'installed-sa wireshark');
  const { out } = options;
  if (out !== undefined) {
    mkdirSync(out, { recursive: true, mode: 0o700 });
    for (const [name, lines] of Object.entries(tables)) writeSecret(join(out, name), lines);
    process.stderr.write(`${out}: written; they open every packet of these SAs: delete them\n`);
    return;
  }
  const text = Object.entries(tables).map(
    ([name, lines]: [string, readonly string[]]) => `# ${name}\n${joined(lines)}`,
  );
  process.stdout.write(options.json ? `${JSON.stringify(tables, null, 2)}\n` : text.join(''));
}

const joined = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** A file that is there already may be readable to others: closed before the keys are in it. */
function writeSecret(path: string, lines: readonly string[]): void {
  writeFileSync(path, '', { mode: 0o600 });
  chmodSync(path, 0o600);
  writeFileSync(path, joined(lines));
}
