// culvert active-peers print, culvert active-peers kill-connections
import type { Command } from 'commander';
import { addQuestion, noun } from './question.js';
import { ACTIVE_PEERS, formatActivePeers } from './tables.js';

export function registerActivePeers(program: Command): void {
  const activePeers = noun(program, 'active-peers', 'The peers we are connected to (phase 1).');
  addQuestion(activePeers, {
    command: 'active-peers print',
    description: 'Print the IKE SAs.',
    example: 'culvert active-peers print --json',
    format: formatActivePeers,
    table: ACTIVE_PEERS,
  });
  addQuestion(activePeers, {
    command: 'active-peers kill-connections',
    description: 'Delete the IKE SAs and all that belongs to them; peers may connect again.',
    example: 'culvert active-peers kill-connections --peer west',
    options: [
      ['--peer <name>', 'only those of this peer'],
      ['--id <identity>', 'only those of this identity, as active-peers print shows it'],
      ['--spi <spi>', 'only the one with this SPI of either side'],
    ],
    args: (options) =>
      Object.fromEntries(
        ['peer', 'id', 'spi'].flatMap((name) =>
          typeof options[name] === 'string' ? [[name, options[name]]] : [],
        ),
      ),
    format: ({ killed }) => `${killed} ${killed === 1 ? 'connection' : 'connections'} killed\n`,
  });
}
