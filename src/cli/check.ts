// culvert check FILE: every error of a configuration at once; exit status 1 where there is one.
import type { Command } from 'commander';
import { type Loaded, load } from '../config/load.js';
import { loadMenu, openKeys } from '../certificates/files.js';
import { formatProblem, formatWarning, show, type Warning } from '../config/problem.js';

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('Check a configuration file: every error with its path, value and what was meant.')
    .argument('<file>', 'the configuration, JSON')
    .option('--json', 'print the errors and warnings as JSON')
    .addHelpText('after', '\nExample:\n  culvert check /etc/culvert/site.json')
    .action((file: string, options: { json?: boolean }) => {
      const loaded = withFiles(load(file));
      process.stdout.write(options.json ? json(loaded) : report(file, loaded));
      process.exitCode = loaded.ok ? 0 : 1;
    });
}

/** Also what the files of the menu certificate have to say: they are read again at the start. */
function withFiles(loaded: Loaded): Loaded {
  if (!loaded.ok) return loaded;
  const { certificates } = loaded;
  const at = (test: (one: (typeof certificates)[number]) => boolean): string =>
    `certificate[${certificates.findIndex(test)}]`;
  const unread = [...loadMenu(certificates).failures].map(([name, text]): Warning => {
    return { path: at((one) => one.name === name), value: show(name), text };
  });
  const open = openKeys(certificates).map((path): Warning => {
    const text = `a private key that other users can read: chmod 600 ${path}`;
    return { path: `${at(({ keyFile }) => keyFile === path)}.key-file`, value: show(path), text };
  });
  return { ...loaded, warnings: [...loaded.warnings, ...unread, ...open] };
}

/** Warnings of a file with errors are not looked for: they could be wrong. */
function json(loaded: Loaded): string {
  const { errors, warnings } = { errors: [], warnings: [], ...loaded };
  return `${JSON.stringify({ ok: loaded.ok, errors, warnings }, null, 2)}\n`;
}

/** What `check` and `run` say of a file. */
export function report(file: string, loaded: Loaded): string {
  const counted = (count: number, word: string, more = `${word}s`): string =>
    `${count} ${count === 1 ? word : more}`;
  if (!loaded.ok) {
    const lines = loaded.errors.map((problem) => `error: ${formatProblem(problem)}\n`);
    return `${lines.join('')}${file}: ${counted(loaded.errors.length, 'error')}\n`;
  }
  const { peers, identities, policies } = loaded.databases;
  const lines = loaded.warnings.map((warning) => `warning: ${formatWarning(warning)}\n`);
  const summary = [
    counted(peers.length, 'peer'),
    counted(identities.length, 'identity', 'identities'),
    counted(policies.length, 'policy', 'policies'),
  ];
  return `${lines.join('')}${file}: ok: ${summary.join(', ')}\n`;
}
