// Starts ike-client.ts in a namespace and waits until all of its clients are through.
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually, isRunning, spawnLogged, stopAll } from '../lab/processes.js';
import type { Namespace } from '../net/namespace.js';
import type { CallerResult, CallerTask } from './ike-client.js';

const PATIENCE_SECONDS = 1800;

/** They stand, and answer liveness checks, until the process is stopped. */
export interface Called extends CallerResult {
  readonly process: ChildProcess;
}

/** `reached` is called when `task.say` of them are established. */
export async function startCallers(
  from: Namespace,
  task: CallerTask,
  reached: () => void = () => {},
): Promise<Called> {
  const file = fileURLToPath(new URL('./ike-client.js', import.meta.url));
  const said: string[] = [];
  const child = spawnLogged(from, [process.execPath, file, JSON.stringify(task)], said);
  const found = (): CallerResult | undefined => {
    const lines = said.join('').split('\n');
    const line = lines.find((text) => text.startsWith('{"established"'));
    return line === undefined ? undefined : (JSON.parse(line) as CallerResult);
  };
  child.stdout!.on('data', (text: string) => {
    if (text.includes('"reached"')) reached();
  });
  await eventually(
    'the callers to be through',
    () => {
      if (found()) return true;
      if (!isRunning(child)) throw new Error(`the callers ended: ${said.join('')}`);
      return false;
    },
    PATIENCE_SECONDS,
  );
  return { ...found()!, process: child };
}

/** They end when all are through. */
export async function callers(from: Namespace, task: CallerTask): Promise<CallerResult> {
  const { process, ...result } = await startCallers(from, task);
  await stopAll([process]);
  return result;
}
