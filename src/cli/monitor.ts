// culvert monitor: the running gateway, live: tunnels with their rates, lifetimes of SAs, counters that
// grow, the last events.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Look, MonitorModel, type Picture } from './monitor-model.js';
import { screen } from './monitor-screen.js';
import { ask, findSocket, UserError } from './socket.js';
import { type Terminal, withTerminal } from './terminal.js';

interface Options {
  readonly socket?: string;
  readonly interval: string;
  readonly once?: boolean;
}

// Our own choices.
const EVENTS = 50;
const PAGE = 10;
/** The file is looked at again once in so many looks. */
const CONFIGURATION_LOOKS = 30;

export function registerMonitor(program: Command): void {
  program
    .command('monitor')
    .description(
      'Watch the gateway live: tunnels, rates, lifetimes, counters, the last events. ' +
        'q ends it, arrows scroll, space holds the picture.',
    )
    .option('--interval <seconds>', 'seconds between two looks', '1')
    .option('--once', 'print one picture, 80 by 24 where there is no terminal')
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .addHelpText('after', '\nExample:\n  culvert monitor --interval 2')
    .action(async (options: Options) => {
      const seconds = Number(options.interval);
      if (!(seconds >= 0.2 && seconds <= 3600)) {
        throw new UserError(`--interval ${options.interval}: expected 0.2 to 3600 seconds`);
      }
      const path = await findSocket(options.socket);
      if (options.once === true) await once(path, seconds);
      else if (process.stdout.isTTY) await watch(path, seconds);
      else throw new UserError('monitor needs a terminal; --once prints one picture');
    });
}

/** Everything a picture is made of, asked at once. */
async function look(path: string, configured: Look['configured']): Promise<Look> {
  const [active, installed, statistics, events] = await Promise.all([
    ask(path, 'active-peers print'),
    ask(path, 'installed-sa print'),
    ask(path, 'statistics print'),
    ask(path, 'log print', { lines: EVENTS }),
  ]);
  return { at: Date.now(), configured, active, installed, statistics, events };
}

/** The peers that should be there; a file of ten thousand policies is not asked for at every look. */
async function configuredPeers(path: string): Promise<Look['configured']> {
  const { peer: peers, policy: policies } = await ask(path, 'configuration print');
  const orders = enabledOf(policies).map(({ peer = '' }) => [peer].flat().join(',').split(/ *, */));
  const first = new Set(orders.map(([name]) => name));
  const behind = new Set(orders.flatMap(([, ...others]) => others));
  return enabledOf(peers).map(({ name, address }) => ({
    name: String(name),
    address: String(address ?? ''),
    standby: behind.has(String(name)) && !first.has(String(name)),
  }));
}

const enabledOf = (menu: unknown): readonly Readonly<Record<string, unknown>>[] =>
  ((menu ?? []) as readonly Readonly<Record<string, unknown>>[]).filter(
    ({ disabled }) => disabled !== true && disabled !== 'yes' && disabled !== 'true',
  );

const unicode = (): boolean =>
  /utf-?8/i.test(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || '');

/** Two looks, since rates are differences. */
async function once(path: string, seconds: number): Promise<void> {
  const model = new MonitorModel();
  const configured = await configuredPeers(path);
  model.look(await look(path, configured));
  await sleep(seconds * 1000);
  const picture = model.look(await look(path, configured));
  const { columns = 80, rows = 24 } = process.stdout;
  const view = { scroll: 0, held: false, unicode: unicode() };
  // The last line is about keys, which do nothing here.
  const lines = screen(picture, { columns, rows }, view).slice(0, -1);
  process.stdout.write(
    `${lines
      .map(({ text }) => text)
      .join('\n')
      .trimEnd()}\n`,
  );
}

async function watch(path: string, seconds: number): Promise<void> {
  const model = new MonitorModel();
  // Before the terminal is taken: that no daemon answers is said in the usual way.
  let configured = await configuredPeers(path);
  const first = model.look(await look(path, configured));
  await withTerminal(async (terminal) => {
    const done = new AbortController();
    const signal = AbortSignal.any([terminal.signal, done.signal]);
    const show = display(terminal, first, () => done.abort());
    for (let looks = 1; !signal.aborted; looks++) {
      // Aborted: the loop ends by its condition.
      await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      if (looks % CONFIGURATION_LOOKS === 0) configured = await configuredPeers(path);
      show(model.look(await look(path, configured)));
    }
  });
}

/** Draws the first picture, and gives what draws the next; keys and sizes draw the last one again. */
function display(terminal: Terminal, first: Picture, quit: () => void): (next: Picture) => void {
  let picture = first;
  let view = { scroll: 0, held: false, unicode: unicode() };
  const draw = (): void => terminal.draw(screen(picture, terminal.size(), view));
  const scrollBy = (lines: number): void => {
    const most = Math.max(0, Math.max(picture.tunnels.length, picture.sas.length) - 1);
    view = { ...view, scroll: Math.max(0, Math.min(most, view.scroll + lines)) };
  };
  const actions: Readonly<Record<string, () => void>> = {
    q: quit,
    interrupt: quit,
    up: () => scrollBy(-1),
    k: () => scrollBy(-1),
    down: () => scrollBy(1),
    j: () => scrollBy(1),
    'page-up': () => scrollBy(-PAGE),
    'page-down': () => scrollBy(PAGE),
    ' ': () => {
      view = { ...view, held: !view.held };
    },
  };
  terminal.onKey((key) => {
    actions[key]?.();
    draw();
  });
  terminal.onResize(draw);
  draw();
  return (next) => {
    if (view.held) return;
    picture = next;
    draw();
  };
}
