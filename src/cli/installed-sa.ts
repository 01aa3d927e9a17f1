// culvert installed-sa print, culvert installed-sa flush
import type { Command } from 'commander';
import { addQuestion, noun } from './question.js';
import { INSTALLED_SAS, formatInstalledSas } from './tables.js';

export function registerInstalledSa(program: Command): void {
  const installedSa = noun(program, 'installed-sa', 'The ESP SAs that carry packets (phase 2).');
  addQuestion(installedSa, {
    command: 'installed-sa print',
    description: 'Print the ESP SAs, one row per direction.',
    example: 'culvert installed-sa print',
    options: [['--show-secrets', 'print the keys, too (they open every packet of these SAs)']],
    args: ({ showSecrets }) => (showSecrets === true ? { 'show-secrets': true } : {}),
    format: formatInstalledSas,
    table: INSTALLED_SAS,
  });
  addQuestion(installedSa, {
    command: 'installed-sa flush',
    description: 'Delete every ESP SA and tell the peers; policies ask for new ones.',
    example: 'culvert installed-sa flush',
    format: ({ flushed }) => `${flushed} ${flushed === 1 ? 'SA' : 'SAs'} flushed\n`,
  });
}
