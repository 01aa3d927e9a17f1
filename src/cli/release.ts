// culvert release: removes the rules that refuse protected packets while no daemon runs.
import type { Command } from 'commander';
import { UserError } from './socket.js';

export function registerRelease(program: Command): void {
  program
    .command('release')
    .description(
      'Open the host again where a daemon was stopped or killed (`tun` fail-closed): what its policies ' +
        'protected then leaves in the clear.',
    )
    .option('--tun <name>', 'the TUN device of that daemon', 'culvert0')
    .addHelpText('after', '\nExample:\n  culvert release --tun culvert0')
    .action(async ({ tun }: { tun: string }) => {
      // Loaded late: the other commands need no system calls.
      const { release } = await import('../net/release.js');
      if (!release(tun)) throw new UserError(`${tun} is in use: a daemon runs; stop it first`);
    });
}
