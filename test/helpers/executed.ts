// How much work a function does, without a clock: V8 counts how often each block of our own code runs
// (precise coverage with counts, the inspector protocol's Profiler domain). It counts in functions that
// are compiled after it began, so this file begins as it is loaded: import it in suites that need it.
import { Session } from 'node:inspector';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

const session = new Session();
session.connect();

/** Within one thread the answer is there when the call returns. */
function post(method: string, parameters: object = {}): unknown {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error) throw new Error(error.message);
    answer = result;
  });
  return answer;
}

post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** Runs `work` and returns how often blocks of files whose URL contains `part` were entered. */
export async function blocksExecuted(part: string, work: () => unknown): Promise<number> {
  post('Profiler.takePreciseCoverage'); // sets the counts to nought
  await work();
  const { result } = post('Profiler.takePreciseCoverage') as Coverage;
  let sum = 0;
  for (const { url, functions } of result) {
    if (!url.includes(part)) continue;
    for (const { ranges } of functions) for (const { count } of ranges) sum += count;
  }
  return sum;
}
