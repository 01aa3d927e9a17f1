// culvert active-peers print, culvert active-peers kill-connections, culvert active-peers remove
import type { Command } from 'commander';
import { activePeersMenu } from '../config/menus/printed.js';
import type { ActivePeerRow } from '../daemon/rows.js';
import { addQuestion, noun, valueText } from './question.js';
import { ask, findSocket } from './socket.js';
import { ACTIVE_PEERS, formatActivePeers } from './tables.js';
import { pickRows } from './words.js';

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
    format: ({ killed }) => killedText(killed),
  });
  addRemove(activePeers);
}

const killedText = (killed: number): string =>
  `${killed} ${killed === 1 ? 'connection' : 'connections'} killed\n`;

const KNOWN = activePeersMenu.computed.map(({ name }) => name);

/** Entries as `print` numbers them; what is killed is named by its SPIs, so never another one. */
function addRemove(parent: Command): void {
  parent
    .command('remove')
    .description('Delete connections by their entries; peers may connect again.')
    .argument('<entries...>', 'RouterOS notation: 0, 0,2, [find peer=west], or where peer=west')
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .addHelpText(
      'after',
      "\nExample:\n  culvert active-peers remove '[find dynamic-address=10.9.0.7]'",
    )
    .action(async (words: string[], options: { socket?: string }) => {
      const socket = await findSocket(options.socket);
      const rows = await ask(socket, 'active-peers print', {});
      const chosen = pickRows<ActivePeerRow>(rows, words, KNOWN, (row, name) =>
        valueText((row as unknown as Record<string, unknown>)[name]),
      );
      const connections = chosen.map(({ spii, spir }) => `${spii}-${spir}`).join(',');
      const { killed } = await ask(socket, 'active-peers kill-connections', { connections });
      process.stdout.write(killedText(killed));
    });
}
