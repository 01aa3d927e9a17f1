// Commands that make network namespaces: as root directly, else started again as root of a user
// namespace of their own.
import { spawnSync } from 'node:child_process';
import { mayMakeNamespaces, unshareCommand } from '../net/namespace.js';
import { UserError } from './socket.js';

/** Runs `work` where namespaces may be made: here, or there by starting this command again. */
export async function withNamespaces(what: string, work: () => Promise<void>): Promise<void> {
  const allowed = mayMakeNamespaces();
  if (allowed === 'yes') await work();
  else if (allowed === 'inside unshare -rn') process.exitCode = runInside();
  else throw new UserError(`${what} needs network namespaces: ${allowed.reason}`);
}

function runInside(): number {
  const self = [process.execPath, ...process.argv.slice(1)];
  const [command, ...args] = unshareCommand(self);
  return spawnSync(command!, args, { stdio: 'inherit' }).status ?? 1;
}
