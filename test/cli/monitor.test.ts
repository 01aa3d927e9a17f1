// The picture of culvert monitor at any size, its rates, and a terminal that is given back. What it looks
// like in a real one is interop/operator.test.ts's.
import { EventEmitter } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Look, MonitorModel } from '../../src/cli/monitor-model.js';
import { bitRate, gauge, screen, share, sparkline } from '../../src/cli/monitor-screen.js';
import { type Input, keysOf, type Output, withTerminal } from '../../src/cli/terminal.js';
import { COUNTERS } from '../../src/daemon/counter-names.js';
import type { ActivePeerRow, InstalledSaRow, StatisticsRow } from '../../src/daemon/rows.js';

const monitor = suite('cli monitor');

const peer = (name: string, rx: number, tx: number, state = 'established'): ActivePeerRow =>
  ({
    peer: name,
    id: `fqdn:${name}`,
    state,
    'remote-address': '192.0.2.1',
    uptime: 3700,
    'rx-bytes': rx,
    'tx-bytes': tx,
  }) as ActivePeerRow;
const sa = (spi: string, invalid = 0): InstalledSaRow =>
  ({
    spi,
    direction: 'in',
    peer: 'west',
    state: 'mature',
    'enc-algorithm': 'aes-cbc',
    'enc-key-size': 256,
    'auth-algorithm': 'sha256',
    'current-packets': 12_345,
    'current-bytes': 5_000_000,
    'invalid-packets': invalid,
    'add-lifetime': [1440, 1800],
    'expires-in': 900,
  }) as unknown as InstalledSaRow;
const statistics = (more: Partial<Record<string, number>> = {}): StatisticsRow =>
  ({ ...Object.fromEntries(COUNTERS.map(({ name }) => [name, 0])), ...more }) as StatisticsRow;
const event = (text: string, level: 'info' | 'error' = 'info') => ({
  number: 0,
  time: '2026-11-23T16:20:01.123Z',
  level,
  topic: 'ike.auth',
  peer: 'west',
  text,
});
const look = (at: number, more: Partial<Look> = {}): Look => ({
  at,
  configured: [
    { name: 'west', address: '192.0.2.1', standby: false },
    { name: 'branch', address: '203.0.113.9', standby: false },
  ],
  active: [peer('west', 1000, 500)],
  installed: [sa('0x00000001'), sa('0x00000002', 3)],
  statistics: statistics({ 'in-packets': 10 }),
  events: [event('up')],
  ...more,
});

monitor(
  'rates are differences; a count that went back began anew; peers that are down stand below',
  () => {
    const model = new MonitorModel();
    const first = model.look(look(0));
    assert.equal(
      first.tunnels.map(({ peer: name, state, rx }) => [name, state, rx]),
      [
        ['branch', 'down', 0],
        ['west', 'established', 0],
      ],
    );
    assert.equal([first.up, first.peers], [1, 2]);
    const backup = { name: 'third', address: '203.0.113.10', standby: true };
    const more = new MonitorModel().look(look(0, { configured: [backup], active: [] }));
    assert.is(more.tunnels[0]!.state, 'standby');
    const west = (picture: ReturnType<MonitorModel['look']>) =>
      picture.tunnels.find((one) => one.peer === 'west')!;
    const second = west(model.look(look(2000, { active: [peer('west', 3000, 500)] })));
    assert.equal([second.rx, second.tx, second.rates], [8000, 0, [8000]]);
    const third = west(model.look(look(3000, { active: [peer('west', 100, 600)] })));
    assert.equal([third.rx, third.tx, third.rates], [800, 800, [8000, 1600]]);
  },
);

monitor('counters: those that grow are first, those at zero are not there', () => {
  const model = new MonitorModel();
  model.look(look(0, { statistics: statistics({ 'in-packets': 900, 'in-no-states': 1 }) }));
  const { counters } = model.look(
    look(1000, { statistics: statistics({ 'in-packets': 900, 'in-no-states': 6 }) }),
  );
  assert.equal(counters, [
    { name: 'in-no-states', perSecond: 5, total: 6 },
    { name: 'in-packets', perSecond: 0, total: 900 },
  ]);
});

const many = (count: number): Partial<Look> => ({
  active: Array.from({ length: count }, (_, at) => peer(`peer-with-a-long-name-${at}`, at, at)),
  installed: Array.from({ length: count }, (_, at) => sa(`0x${String(at).padStart(8, '0')}`)),
  statistics: statistics(Object.fromEntries(COUNTERS.map(({ name }, at) => [name, at + 1]))),
  events: Array.from({ length: count }, (_, at) => event(`event ${at} ${'x'.repeat(300)}`)),
});

monitor('never more lines than rows, never wider than the columns, whatever there is', () => {
  for (const more of [{}, many(3), many(500), { active: [], installed: [], events: [] }]) {
    const picture = new MonitorModel().look(look(0, more));
    for (const [columns, rows] of [
      [80, 24],
      [40, 10],
      [200, 60],
      [10, 3],
      [1, 1],
      [300, 5],
    ] as const) {
      for (const unicode of [true, false]) {
        const lines = screen(picture, { columns, rows }, { scroll: 0, held: false, unicode });
        assert.is(lines.length, rows, `${columns}x${rows}`);
        for (const { text } of lines) assert.ok([...text].length <= columns, text);
      }
    }
  }
});

monitor('80 by 24: every section has its part, the newest event is there', () => {
  const picture = new MonitorModel().look(look(0, many(500)));
  const view = { scroll: 0, held: false, unicode: true };
  const text = screen(picture, { columns: 80, rows: 24 }, view).map((line) => line.text);
  for (const title of ['PEER ', 'SPI ', 'COUNTER ', 'LAST EVENTS']) {
    assert.ok(
      text.some((line) => line.startsWith(title)),
      title,
    );
  }
  assert.match(text[0]!, /^culvert monitor {3}500 of 2 peers up {3}500 SAs/);
  assert.match(text[22]!, 'event 499');
  assert.match(text[23]!, /^q quit/);
  const scrolled = screen(picture, { columns: 80, rows: 24 }, { ...view, scroll: 7 });
  assert.ok(scrolled.some((line) => line.text.startsWith('0x00000007')));
  assert.not.ok(scrolled.some((line) => line.text.startsWith('0x00000006')));
});

monitor('what a peer says of itself cannot move the cursor', () => {
  const evil = '\u001b[2J\u009b31m\nx';
  const more = { active: [peer(evil, 1, 1)], events: [event(evil)] };
  const picture = new MonitorModel().look(look(0, more));
  const lines = screen(
    picture,
    { columns: 80, rows: 24 },
    { scroll: 0, held: false, unicode: true },
  );
  for (const { text } of lines) assert.not.match(text, /\p{Cc}/u);
});

monitor('sparkline, gauge, rates', () => {
  assert.is(sparkline([0, 1, 50, 100], 4, true), '▁▂▅█');
  assert.is(sparkline([1, 2, 3, 100], 2, false), '.@');
  assert.is(sparkline([], 5, true), '');
  assert.is(gauge(0.5, 4, false), '##..');
  assert.is(gauge(7, 3, true), '███');
  assert.equal([0, 999, 1200, 123_456_789].map(bitRate), ['0bps', '999bps', '1.2kbps', '123Mbps']);
  assert.equal(share(10, [20, 2, 20]), [4, 2, 4]);
  assert.equal(share(3, [20, 20, 20, 20]), [1, 1, 1, 0]);
});

monitor('keys that come together, arrows of both kinds', () => {
  assert.equal(keysOf('q\u001b[A\u001bOB \u0003\u001b[6~'), [
    'q',
    'up',
    'down',
    ' ',
    'interrupt',
    'page-down',
  ]);
});

class FakeOutput extends EventEmitter implements Output {
  text = '';
  columns = 80;
  rows = 24;
  write(text: string): void {
    this.text += text;
  }
}
class FakeInput extends EventEmitter implements Input {
  readonly isTTY = true;
  raw = false;
  setRawMode(on: boolean): void {
    this.raw = on;
  }
  resume(): void {}
  pause(): void {}
}
const RESTORED = '\u001b[0m\u001b[?25h\u001b[?1049l';
const listeners = (): number =>
  ['SIGTERM', 'SIGINT', 'SIGHUP', 'exit'].reduce(
    (sum, name) => sum + process.listenerCount(name),
    0,
  );

monitor('the terminal is given back: at the end, after a failure, at a signal', async () => {
  const before = listeners();
  const ways: ((signal: AbortSignal) => Promise<void>)[] = [
    async () => {},
    async () => {
      throw new Error('a bug');
    },
    async (signal) => {
      process.emit('SIGTERM', 'SIGTERM');
      assert.ok(signal.aborted);
    },
  ];
  for (const way of ways) {
    const [output, input] = [new FakeOutput(), new FakeInput()];
    const work = withTerminal(
      async ({ signal }) => {
        assert.ok(input.raw);
        await way(signal);
      },
      output,
      input,
    );
    await work.catch((error: Error) => assert.is(error.message, 'a bug'));
    assert.ok(output.text.startsWith('\u001b[?1049h\u001b[?25l'));
    assert.ok(output.text.endsWith(RESTORED));
    assert.is(output.text.split(RESTORED).length, 2, 'once');
    assert.not(input.raw);
    assert.is(listeners(), before);
  }
  assert.is(process.exitCode, 143);
  process.exitCode = 0;
});

monitor('only what differs is written; a new size writes all again', async () => {
  const [output, input] = [new FakeOutput(), new FakeInput()];
  await withTerminal(
    async (terminal) => {
      const lines = ['one', 'two', 'three'].map((text) => ({ text, style: 'plain' as const }));
      const write = (): string => {
        output.text = '';
        terminal.draw(lines);
        return output.text;
      };
      assert.is(write(), '\u001b[1;1H\u001b[Kone\u001b[2;1H\u001b[Ktwo\u001b[3;1H\u001b[Kthree');
      assert.is(write(), '');
      lines[1] = { text: 'TWO', style: 'plain' };
      assert.is(write(), '\u001b[2;1H\u001b[KTWO');
      output.columns = 40;
      let told = 0;
      terminal.onResize(() => told++);
      output.emit('resize');
      assert.equal([told, terminal.size().columns], [1, 40]);
      assert.match(write(), 'three');
    },
    output,
    input,
  );
});

monitor.run();
