// Namespaces for tests: as root directly, else by running the suite again under `unshare -rn`; where
// even that is forbidden the suite prints why it skips.
import { spawnSync } from 'node:child_process';
import { prefixOf } from '../../src/net/addressing.js';
import { ClearCapture } from './capture.js';
import { mayMakeNamespaces, Namespace, unshareCommand } from '../../src/net/namespace.js';

const AGAIN = 'CULVERT_TEST_UNSHARED';

/**
 * Whether this process may make namespaces. If not, the suite has either run in a child under
 * unshare, whose verdict is this process's, or says SKIP. Use: `if (ownNamespaces()) x.run();`
 */
export function ownNamespaces(): boolean {
  const answer = mayMakeNamespaces();
  if (answer === 'yes') return true;
  if (typeof answer === 'object' || process.env[AGAIN]) {
    const reason = typeof answer === 'object' ? answer.reason : 'unshare -rn gives no privilege';
    console.log(`SKIP no network namespaces: ${reason}`);
    return false;
  }
  const [command, ...args] = unshareCommand([process.execPath, ...process.argv.slice(1)]);
  const child = spawnSync(command!, args, {
    stdio: 'inherit',
    env: { ...process.env, [AGAIN]: '1' },
  });
  process.exitCode = child.status ?? 1;
  return false;
}

/** Watches an interface for packets of the protected networks; `finish()` gives what it saw. */
export function captureClear(
  namespace: Namespace,
  ifname: string,
  prefixes: readonly string[],
): ClearCapture {
  return namespace.enter(() => new ClearCapture(ifname, prefixes.map(prefixOf)));
}

/** Runs `work` with new namespaces of these labels and gives them back, whatever happens. */
export async function withNamespaces(
  labels: readonly string[],
  work: (...namespaces: Namespace[]) => void | Promise<void>,
): Promise<void> {
  const made = labels.map((label) => new Namespace(label));
  try {
    await work(...made);
  } finally {
    for (const namespace of made) namespace.close();
  }
}

/** Waits until `done` holds; throws with `what` after 10 s, which is a failure, not a measurement. */
export async function eventually(what: string, done: () => boolean): Promise<void> {
  for (let left = 2000; !done(); left--) {
    if (left === 0) throw new Error(`gave up waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
