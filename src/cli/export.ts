// culvert export FILE: a configuration as RouterOS script.
import type { Command } from 'commander';
import { readFile } from '../config/file.js';
import { load } from '../config/load.js';
import { exportScript } from '../config/routeros/export.js';
import { report } from './check.js';

export function registerExport(program: Command): void {
  program
    .command('export')
    .description('Write a configuration as RouterOS script.')
    .argument('<file>', 'the configuration, JSON')
    .option('--show-secrets', 'write secrets and passwords, too')
    .addHelpText('after', '\nExample:\n  culvert export /etc/culvert/site.json > site.rsc')
    .action((path: string, options: { showSecrets?: boolean }) => {
      const loaded = load(path);
      if (!loaded.ok) {
        process.stderr.write(report(path, loaded));
        process.exitCode = 1;
        return;
      }
      const showSecrets = options.showSecrets === true;
      process.stdout.write(exportScript(readFile(path), { showSecrets }));
    });
}
