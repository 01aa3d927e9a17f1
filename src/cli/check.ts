// culvert check FILE: every error of a configuration at once; exit status 1 where there is one.
import type { Command } from 'commander';
import { type Loaded, load } from '../config/load.js';
import { formatProblem, formatWarning } from '../config/problem.js';

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('Check a configuration file: every error with its path, value and what was meant.')
    .argument('<file>', 'the configuration, JSON')
    .option('--json', 'print the errors and warnings as JSON')
    .addHelpText('after', '\nExample:\n  culvert check /etc/culvert/site.json')
    .action((file: string, options: { json?: boolean }) => {
      const loaded = load(file);
      process.stdout.write(options.json ? json(loaded) : report(file, loaded));
      process.exitCode = loaded.ok ? 0 : 1;
    });
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
