// culvert export FILE: a configuration as RouterOS script.
import type { Command } from 'commander';
import { load } from '../config/load.js';
import { exportScript } from '../config/routeros/export.js';
import { report } from './check.js';
import { configurationOf } from './menu.js';

export function registerExport(program: Command): void {
  program
    .command('export')
    .description('Write a configuration as RouterOS script.')
    .argument('[file]', 'the configuration, JSON (default: what the running daemon has)')
    .option('--show-secrets', 'write secrets and passwords, too')
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .addHelpText('after', '\nExample:\n  culvert export /etc/culvert/site.json > site.rsc')
    .action(async (path: string | undefined, options: Options) => {
      const loaded = path === undefined ? undefined : load(path);
      if (loaded && !loaded.ok) {
        process.stderr.write(report(path!, loaded));
        process.exitCode = 1;
        return;
      }
      const showSecrets = options.showSecrets === true;
      const file = loaded?.file ?? (await configurationOf(options));
      process.stdout.write(exportScript(file, { showSecrets }));
    });
}

interface Options {
  readonly showSecrets?: boolean;
  readonly socket?: string;
}
