// culvert reload: the running daemon reads its configuration file again and applies the difference.
import type { Command } from 'commander';
import { formatReload } from '../daemon/reload.js';
import { addQuestion } from './question.js';

export function registerReload(program: Command): void {
  addQuestion(program, {
    command: 'reload',
    description:
      'Read the configuration file again and apply the difference: tunnels it does not touch stay. ' +
      'A file with errors is refused whole. SIGHUP does the same.',
    example: 'culvert reload',
    format: (result) => `${formatReload(result)}\n`,
  });
}
