// A peer of the bench: a kind of gateway that can be started at both sites, with one cipher.
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import type { Site } from './sites.js';

/** ESP's `enc-algorithms` and `auth-algorithms` of one proposal, in RouterOS's names. */
export interface Proposal {
  readonly enc: string;
  /** undefined: the cipher authenticates. */
  readonly auth?: string | undefined;
}

export const proposalText = ({ enc, auth }: Proposal): string =>
  auth === undefined ? enc : `${enc}+${auth}`;

export interface Ground {
  readonly west: Site;
  readonly east: Site;
  /** Private, and removed afterwards. */
  readonly directory: string;
  /** What the gateways say. */
  readonly log: string[];
}

export interface Peer {
  readonly name: string;
  /** What it is and which version, for the reader of the figures. */
  readonly version: () => string;
  /** undefined: ready. Otherwise what is missing and how to get it. */
  readonly missing: () => string | undefined;
  readonly carries: (proposal: Proposal) => boolean;
  /** Starts both gateways; those whose processor time counts. */
  readonly start: (ground: Ground, proposal: Proposal) => Promise<readonly ChildProcess[]>;
}

/** Where a command is, as a shell of the superuser finds it. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The first line of what a command says that matches. */
export function versionOf(command: string, args: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown version';
}

/** Two daemons of a kind clash in /run (pid files, sockets): each gets a private one. */
export const withPrivateRun = (command: string): [string, ...string[]] => [
  'unshare',
  '--mount',
  'sh',
  '-ec',
  `mount -t tmpfs none /run; mkdir -p /run/lock; exec ${command}`,
];
