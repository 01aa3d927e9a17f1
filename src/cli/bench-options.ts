// What `bench tunnel` and `bench peers` are told: proposals, works, rounds, seconds, the generator.
import type { Command } from 'commander';
import { chooseGenerator, type Generator, iperf3, ownGenerator } from '../bench/generator.js';
import type { TunnelEffort } from '../bench/run-tunnels.js';
import { WORKS } from '../bench/work.js';
import { ESP_ENCRYPTION, ESP_INTEGRITY, isAead } from '../config/algorithms.js';
import type { Proposal } from '../lab/peer.js';
import { type OutputOptions, wholeNumber, withOutput } from './bench-output.js';
import { UserError } from './socket.js';

export interface TunnelOptions extends OutputOptions {
  readonly rounds: string;
  readonly seconds: string;
  readonly work?: readonly string[];
  readonly generator: string;
}

const DEFAULT_PROPOSALS = ['chacha20poly1305', 'aes-128-gcm'];
const NAMES = WORKS.map(({ name }) => name);
const GENERATORS = ['auto', 'iperf3', 'own'];

export const withTunnelOptions = (command: Command, rounds: number): Command =>
  withOutput(
    command
      .argument(
        '[proposal...]',
        `enc-algorithm, or enc+auth (default: ${DEFAULT_PROPOSALS.join(' ')})`,
      )
      .option('--rounds <count>', 'rounds; every figure is their median', `${rounds}`)
      .option('--seconds <count>', 'of a TCP run; a UDP trial takes a quarter of it', '3')
      .option('--work <name...>', `only these of ${NAMES.join(', ')}`)
      .option('--generator <name>', `of TCP: ${GENERATORS.join(', ')}`, 'auto'),
  );

export function readEffort(options: TunnelOptions): TunnelEffort {
  const wanted = options.work ?? NAMES;
  const unknown = wanted.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new UserError(`--work ${unknown}: expected one of ${NAMES.join(', ')}`);
  }
  return {
    rounds: wholeNumber('--rounds', options.rounds),
    seconds: wholeNumber('--seconds', options.seconds),
    works: WORKS.filter(({ name }) => wanted.includes(name)),
    generator: readGenerator(options.generator),
  };
}

function readGenerator(name: string): Generator {
  if (!GENERATORS.includes(name)) {
    throw new UserError(`--generator ${name}: expected one of ${GENERATORS.join(', ')}`);
  }
  if (name === 'own') return ownGenerator;
  if (name === 'auto') return chooseGenerator();
  const found = iperf3();
  if (found) return found;
  throw new UserError('--generator iperf3: it is not installed: apt-get install iperf3');
}

/** `aes-256-cbc+sha256`; an AEAD stands alone. */
export function readProposals(texts: readonly string[]): Proposal[] {
  const wanted = texts.length > 0 ? texts : DEFAULT_PROPOSALS;
  const proposals = [...new Set(wanted)].map((text): Proposal => {
    const [enc = '', auth] = text.split('+', 2);
    if (!ESP_ENCRYPTION.includes(enc)) {
      throw new UserError(`${text}: expected one of ${ESP_ENCRYPTION.join(', ')}`);
    }
    if (isAead(enc)) {
      if (auth === undefined) return { enc };
      throw new UserError(`${text}: ${enc} authenticates by itself: leave +${auth} out`);
    }
    if (auth !== undefined && ESP_INTEGRITY.includes(auth)) return { enc, auth };
    throw new UserError(`${text}: expected ${enc}+ and one of ${ESP_INTEGRITY.join(', ')}`);
  });
  return proposals;
}
