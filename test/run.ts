// Runs the suites: every *.test.js below dist/test in a process of its own, several at a time, and ends
// with one line that sums what ran: `N passed, N failed` (and `, N skipped` where a suite said why).
//   node dist/test/run.js               everything that needs no package beyond npm's
//   node dist/test/run.js --interop     only test/interop: real peers, root, Debian's packages
//   node dist/test/run.js NAME …        the suites whose path contains one of the names
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const root = dirname(fileURLToPath(import.meta.url));
/** Only what hangs reaches it: on a machine with other work a suite of many tunnels takes ten minutes. */
const TIMEOUT_MS = 1_800_000;
/** A suite that has told its result and still runs has left something open. */
const END_MS = 60_000;

/** Suites that measure, or whose peer must not be kept waiting, have the machine to themselves. */
const ALONE = /^e2e\/(bench|crash)\./;
/** What runs at once may take twice as many of these as there are cores. */
const MOST_SHARES = 2 * Math.min(4, availableParallelism());
/**
 * What a suite takes: a core; half of one where it waits for daemons most of the time. Two that make
 * namespaces do not meet: those are named after processes, and nothing of theirs is outside.
 */
const shareOf = (name: string): number =>
  /^(e2e|interop)\//.test(name) && !name.startsWith('interop/kernel-') ? 1 : 2;
/** Those that take longest begin first, lest one of them be left over at the end. */
const FIRST = ['algorithms', 'kernel-', 'strongswan-'];
const urgency = (name: string): number => FIRST.findIndex((part) => name.includes(part)) >>> 0;

function discover(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return discover(path);
    return entry.name.endsWith('.test.js') ? [path] : [];
  });
}

function run(path: string): Promise<Result> {
  const name = relative(root, path);
  return new Promise((resolve) => {
    const started = Date.now();
    let output = '';
    /** What is counted: lines of another stream may end up within these. */
    let printed = '';
    const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'pipe'] });
    const stopIn = (milliseconds: number, what: string): NodeJS.Timeout =>
      setTimeout(() => {
        output += `\n${what} after ${milliseconds / 1000} s: stopped\n`;
        child.kill('SIGKILL');
      }, milliseconds);
    let timer = stopIn(TIMEOUT_MS, 'still running');
    let told = false;
    child.stdout.on('data', (data) => {
      output += data;
      printed += data;
      if (told || !/^ +Duration:/m.test(printed)) return;
      told = true;
      clearTimeout(timer);
      timer = stopIn(END_MS, 'done, and not ended');
    });
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (code) => {
      clearTimeout(timer);
      const result = tally(printed, code);
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      const verdict = result.failed > 0 ? 'FAILED' : 'ok';
      console.log(`${verdict.padEnd(6)} ${name} (${result.passed} passed, ${seconds} s)`);
      for (const line of printed.split('\n'))
        if (/^(SKIP|NOTE) /.test(line)) console.log(`  ${line}`);
      if (result.failed > 0) console.log(output);
      resolve(result);
    });
  });
}

/** Reads uvu's closing lines; a suite that crashed, or ran nothing and skipped nothing, has failed. */
function tally(printed: string, code: number | null): Result {
  const plain = stripVTControlCharacters(printed);
  const sum = (label: string): number =>
    [...plain.matchAll(new RegExp(`^\\s*${label}:\\s+(\\d+)`, 'gm'))]
      .map((match) => Number(match[1]))
      .reduce((a, b) => a + b, 0);
  const total = sum('Total');
  const passed = sum('Passed');
  const skipped = sum('Skipped') + [...plain.matchAll(/^SKIP /gm)].length;
  const failed = total - passed;
  if (failed === 0 && (code !== 0 || (total === 0 && skipped === 0))) {
    return { passed, failed: 1, skipped };
  }
  return { passed, failed, skipped };
}

/** Begins the next in line as soon as there is room for it; those behind it may pass a large one. */
async function runTogether(waiting: string[], nameOf: (path: string) => string): Promise<Result[]> {
  const results: Result[] = [];
  const running = new Set<Promise<void>>();
  let free = MOST_SHARES;
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex((path) => shareOf(nameOf(path)) <= free);
    if (next < 0) {
      await Promise.race(running);
      continue;
    }
    const [path = ''] = waiting.splice(next, 1);
    const share = shareOf(nameOf(path));
    free -= share;
    const ended = run(path).then((result) => {
      results.push(result);
      free += share;
      running.delete(ended);
    });
    running.add(ended);
  }
  return results;
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const names = args.filter((arg) => !arg.startsWith('--'));
  const interop = args.includes('--interop');
  const paths = discover(root)
    .sort()
    .filter((path) => {
      const name = relative(root, path);
      if (names.length > 0) return names.some((wanted) => name.includes(wanted));
      return name.startsWith('interop/') === interop;
    });
  const nameOf = (path: string): string => relative(root, path);
  const isAlone = (path: string): boolean => ALONE.test(nameOf(path));
  const together = paths.filter((path) => !isAlone(path));
  together.sort((a, b) => urgency(nameOf(a)) - urgency(nameOf(b)));
  const results = await runTogether(together, nameOf);
  for (const path of paths.filter(isAlone)) results.push(await run(path));
  const sum = (key: keyof Result): number => results.reduce((total, r) => total + r[key], 0);
  const skipped = sum('skipped');
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  console.log(`${sum('passed')} passed, ${sum('failed')} failed${tail}`);
  process.exitCode = sum('failed') > 0 || results.length === 0 ? 1 : 0;
}

await main();
