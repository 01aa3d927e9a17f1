// The heap in use once the garbage is gone, for tests that hold memory flat.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export function heapAfterCollection(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
