// The kept lines of the log: what is kept, who gets what, and what a slow reader is told.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { History, type LogNews } from '../../src/daemon/history.js';
import { logCommands } from '../../src/daemon/log-commands.js';
import { type LogLevel, openLog } from '../../src/daemon/log.js';

const history = suite('daemon history');

const line = (level: LogLevel, text: string, peer = '', topic = 'ike.auth') => ({
  time: '2026-11-23T16:20:01.123Z',
  level,
  topic,
  peer,
  text,
});
const texts = (rows: readonly { text: string }[]): string[] => rows.map(({ text }) => text);

history('keeps the last lines; debug pushes out debug only', () => {
  const kept = new History(3);
  for (const text of ['a', 'b', 'c', 'd']) kept.add(line('error', text));
  for (let at = 0; at < 100; at++) kept.add(line('debug', `debug ${at}`));
  kept.add(line('info', 'e'));
  assert.equal(texts(kept.last({ level: 'info' }, 50)), ['c', 'd', 'e']);
  assert.equal(texts(kept.last({ level: 'info' }, 2)), ['d', 'e']);
  assert.equal(kept.last({ level: 'info' }, 0), []);
  const all = kept.last({ level: 'debug' }, 50);
  assert.equal(texts(all), ['c', 'd', 'debug 97', 'debug 98', 'debug 99', 'e']);
  assert.equal(
    all.map(({ number }) => number),
    [2, 3, 101, 102, 103, 104],
  );
});

history('filters by level, peer and topic', () => {
  const kept = new History();
  kept.add(line('info', 'up', 'west'));
  kept.add(line('error', 'no', 'east', 'ike.child'));
  kept.add(line('warning', 'ikea is no ike', '', 'ikea'));
  const of = (filter: object): string[] => texts(kept.last({ level: 'info', ...filter }, 9));
  assert.equal(of({ peer: 'west' }), ['up']);
  assert.equal(of({ topic: 'ike' }), ['up', 'no']);
  assert.equal(of({ topic: 'ike.child' }), ['no']);
  assert.equal(texts(kept.last({ level: 'error' }, 9)), ['no']);
});

history('a follower gets the last lines, then each as it comes, and ends when told', async () => {
  const kept = new History();
  kept.add(line('info', 'a'));
  kept.add(line('info', 'b'));
  const end = new AbortController();
  const follower = kept.follow({ level: 'info' }, 1, end.signal);
  const next = async (): Promise<LogNews> => (await follower.next()).value as LogNews;
  assert.equal(texts((await next()).rows), ['b']);
  const waiting = next();
  kept.add(line('debug', 'not this'));
  kept.add(line('info', 'c'));
  assert.equal(texts((await waiting).rows), ['c']);
  kept.add(line('info', 'd'));
  kept.add(line('info', 'e'));
  assert.equal(await next(), { missed: 0, rows: kept.last({ level: 'info' }, 2) });
  const last = follower.next();
  end.abort();
  assert.equal(await last, { done: true, value: undefined });
});

history('who reads too slowly is told how many lines are gone', async () => {
  const kept = new History(10);
  const follower = kept.follow({ level: 'info' }, 0, new AbortController().signal);
  await follower.next();
  for (let at = 0; at < 14; at++) kept.add(line('info', String(at)));
  const { missed, rows } = (await follower.next()).value as LogNews;
  assert.is(missed, 4);
  assert.equal(texts(rows), ['4', '5', '6', '7', '8', '9', '10', '11', '12', '13']);
});

history('many lines come in several answers, none twice', async () => {
  const kept = new History();
  const follower = kept.follow({ level: 'info' }, 0, new AbortController().signal);
  await follower.next();
  for (let at = 0; at < 450; at++) kept.add(line('info', String(at)));
  const got: string[] = [];
  while (got.length < 450) got.push(...texts(((await follower.next()).value as LogNews).rows));
  assert.equal(
    got,
    Array.from({ length: 450 }, (_, at) => String(at)),
  );
});

history('what the log writes is kept, below its level too, without secrets', () => {
  const kept = new History();
  const lines: string[] = [];
  const log = openLog(
    { level: 'warning', format: 'text' },
    { write: (text) => lines.push(text) },
    (row) => kept.add(row),
  );
  log.write({
    level: 'debug',
    topic: 'ike',
    peer: 'we\nst',
    text: 'a\nb',
    facts: { secret: 'S3' },
  });
  assert.equal(lines, []);
  const [{ time: _, ...row }] = kept.last({ level: 'debug' }, 1) as unknown as [{ time: string }];
  const facts = { secret: '[hidden]' };
  assert.equal(row, { number: 0, level: 'debug', topic: 'ike', peer: 'we st', text: 'a b', facts });
});

history('arguments that mean nothing are refused', async () => {
  const { handlers, streams } = logCommands(new History());
  assert.throws(() => handlers['log print']({ level: 'loud' }), /"loud": expected one of debug/);
  assert.throws(() => handlers['log print']({ lines: -1 }), /expected a whole number/);
  assert.throws(() => streams['log follow']({ lines: 0.5 }, new AbortController().signal));
});

history.run();
