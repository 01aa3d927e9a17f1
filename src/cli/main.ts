#!/usr/bin/env node
// The command `culvert`: noun, then verb, as in RouterOS. One file per command; this one only puts
// them together and turns errors into one line and exit status 1.
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { inFull } from './abbreviations.js';
import { registerActivePeers } from './active-peers.js';
import { registerBench } from './bench.js';
import { registerCertificate } from './certificate.js';
import { registerCapture } from './capture.js';
import { registerCheck } from './check.js';
import { registerCompletion } from './completion.js';
import { registerDemo } from './demo.js';
import { registerDoctor } from './doctor.js';
import { registerExport } from './export.js';
import { registerImport } from './import.js';
import { registerInstalledSa } from './installed-sa.js';
import { registerKey } from './key.js';
import { registerLog } from './log.js';
import { registerMenus } from './menu.js';
import { registerMonitor } from './monitor.js';
import { registerPolicy } from './policy.js';
import { registerReload } from './reload.js';
import { registerRelease } from './release.js';
import { registerRun } from './run.js';
import { registerStatistics } from './statistics.js';
import { version } from './version.js';

/** In the order of the help. A further command is one more line here. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  registerRun,
  registerCheck,
  registerImport,
  registerExport,
  registerReload,
  registerRelease,
  registerDemo,
  registerPolicy,
  registerCertificate,
  registerKey,
  registerActivePeers,
  registerInstalledSa,
  registerStatistics,
  registerMonitor,
  registerDoctor,
  registerCapture,
  registerLog,
  registerMenus,
  registerBench,
  registerCompletion,
];

export function buildProgram(): Command {
  const program = new Command('culvert')
    .description('An IPsec gateway in user space, operated like RouterOS /ip ipsec.')
    .version(version())
    // An option belongs to the word before it: `log` has options, and its verbs have the same ones.
    .enablePositionalOptions()
    .showHelpAfterError('(culvert --help lists the commands)')
    .addHelpText(
      'after',
      '\nExample:\n  culvert check site.json && culvert run site.json\n  culvert active-peers print',
    );
  for (const register of COMMANDS) register(program);
  return program;
}

async function main(): Promise<void> {
  // `culvert policy print | head` is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  try {
    const program = buildProgram();
    await program.parseAsync(inFull(program, process.argv.slice(2)), { from: 'user' });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`culvert: ${text}\n`);
    if (process.env.CULVERT_TRACE && error instanceof Error) console.error(error.stack);
    process.exitCode = 1;
  }
}

const started = process.argv[1];
if (started && import.meta.url === pathToFileURL(realpathSync(started)).href) await main();
