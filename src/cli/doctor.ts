// culvert doctor [PEER]: why is it down? The first thing that is wrong, and what to change.
import type { Command } from 'commander';
import type { Diagnosis, Finding } from '../daemon/doctor.js';
import { trouble } from '../daemon/doctor.js';
import { ask, findSocket, UserError } from './socket.js';
import { printable } from './table.js';

interface Options {
  readonly socket?: string;
  readonly file?: string;
  readonly json?: boolean;
}

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'Say why a peer is down: the first thing that is wrong, and what to change. ' +
        'With --file where no daemon runs. Exit status 1 where something is wrong.',
    )
    .argument('[peer]', 'the peer (default: all)')
    .option('--file <path>', 'look at this file, without a daemon')
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .option('--json', 'print JSON: every question with its answer')
    .addHelpText('after', '\nExample:\n  culvert doctor west')
    .action(async (peer: string | undefined, options: Options) => {
      const diagnoses = await diagnosesOf(peer, options);
      const whole = peer !== undefined || diagnoses.length === 1;
      const text = options.json
        ? `${JSON.stringify(diagnoses, null, 2)}\n`
        : diagnoses.map(whole ? formatWhole : formatShort).join('');
      process.stdout.write(text);
      process.exitCode = diagnoses.some(trouble) ? 1 : 0;
    });
}

async function diagnosesOf(
  peer: string | undefined,
  { file, socket }: Options,
): Promise<readonly Diagnosis[]> {
  if (file !== undefined) return withoutDaemon(file, peer);
  const args = peer === undefined ? {} : { peer };
  try {
    return await ask(await findSocket(socket), 'doctor', args);
  } catch (error) {
    if (!(error instanceof UserError) || !error.message.startsWith('no daemon')) throw error;
    const given = process.env.CULVERT_FILE;
    if (given) return withoutDaemon(given, peer);
    throw new UserError(`${error.message}\nWithout a daemon: culvert doctor --file FILE`);
  }
}

/** Loaded late: routes and probes need system calls. */
async function withoutDaemon(file: string, peer: string | undefined): Promise<Diagnosis[]> {
  const { visit } = await import('../daemon/doctor-visit.js');
  return visit(file, undefined, peer);
}

const SIGNS: Readonly<Record<Finding['verdict'], string>> = {
  ok: 'ok',
  wrong: 'WRONG',
  unknown: '?',
  skipped: '-',
};

const nameOf = ({ peer, address }: Diagnosis): string =>
  address === '' ? peer : `${peer} (${address})`;

/** Every question, and below them what to change. */
export function formatWhole(diagnosis: Diagnosis): string {
  const found = trouble(diagnosis);
  const lines = diagnosis.findings.map(({ check, verdict, text }) =>
    `  ${SIGNS[verdict].padEnd(6)} ${check.padEnd(18)} ${printable(text)}`.trimEnd(),
  );
  const end =
    found === undefined
      ? ['nothing wrong found']
      : [
          `${found.check}: ${printable(found.text)}`,
          `  to change: ${printable(found.change ?? '')}`,
        ];
  return `${[nameOf(diagnosis), ...lines, ...end].join('\n')}\n`;
}

/** Of many peers a line each, two where something is wrong. */
export function formatShort(diagnosis: Diagnosis): string {
  const found = trouble(diagnosis);
  if (!found) return `ok     ${nameOf(diagnosis)}\n`;
  const what = `WRONG  ${nameOf(diagnosis)}: ${found.check}: ${printable(found.text)}\n`;
  return `${what}         to change: ${printable(found.change ?? '')}\n`;
}
