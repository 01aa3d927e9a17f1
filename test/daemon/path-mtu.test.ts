// What the gateway believes of the kernel's path MTU: never below the family's floor, and again wider.
// Shows tun.mtu-probe
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PathMtu } from '../../src/daemon/path-mtu.js';
import { formatAddress, parseAddress } from '../../src/policy/address.js';

const paths = suite('daemon/path-mtu');
const EAST = parseAddress('203.0.113.2')!;
const SIX = parseAddress('2001:db8::2')!;

interface Made {
  readonly subject: PathMtu;
  readonly kernel: Map<string, number>;
  readonly told: [string, number][];
  pairs: number;
}

function made(): Made {
  const kernel = new Map<string, number>();
  const told: [string, number][] = [];
  const state: Made = {
    kernel,
    told,
    pairs: 1,
    subject: new PathMtu({
      kernel: (remote) => kernel.get(formatAddress(remote)),
      set: (remote, mtu) => {
        told.push([formatAddress(remote), mtu]);
        return state.pairs;
      },
    }),
  };
  return state;
}

paths('an ICMP message, which anybody may send, goes no lower than 576 and 1280', () => {
  const { subject, kernel, told } = made();
  for (const [remote, believed, mtu] of [
    [EAST, 1500, 1500],
    [EAST, 576, 576],
    [EAST, 552, 576],
    [EAST, 68, 576],
    [SIX, 1400, 1400],
    [SIX, 1000, 1280],
  ] as const) {
    kernel.set(formatAddress(remote), believed);
    assert.is(subject.mtu(remote), mtu);
    subject.narrowed(remote);
    assert.equal(told.pop(), [formatAddress(remote), mtu]);
  }
  assert.is(
    subject.mtu(parseAddress('192.0.2.99')!),
    1280,
    'no route: what nearly every path takes',
  );
});

paths('a narrow path is asked for again each minute, until its SAs are gone', () => {
  const state = made();
  const { subject, kernel, told } = state;
  kernel.set('203.0.113.2', 900);
  subject.tick(60_000);
  assert.equal(told, [], 'nothing was narrow');
  subject.narrowed(EAST);
  subject.tick(119_999);
  assert.is(told.length, 1, 'once a minute');
  kernel.set('203.0.113.2', 1500);
  subject.tick(120_000);
  assert.equal(told[1], ['203.0.113.2', 1500]);
  state.pairs = 0;
  subject.tick(180_000);
  subject.tick(240_000);
  assert.is(told.length, 3, 'a peer without SAs is forgotten');
});

// ---- asked of the peer ---------------------------------------------------------------------------

/** A path of `width` bytes; the peer answers at once, or not at all. */
function asking(width: number, answers: 'all' | 'none' | 'nobody' = 'all') {
  const state = made();
  const questions: number[] = [];
  const lines: string[] = [];
  const path = { width };
  const subject: PathMtu = new PathMtu({
    kernel: (remote) => state.kernel.get(formatAddress(remote)),
    set: (remote, mtu) => {
      state.told.push([formatAddress(remote), mtu]);
      return state.pairs;
    },
    probe: async (_remote, bytes) => {
      if (answers === 'nobody') return false;
      questions.push(bytes);
      return true;
    },
    log: (level, text) => lines.push(`${level}: ${text}`),
  });
  state.kernel.set('203.0.113.2', 1500);
  /** Lets time pass until nothing more is asked. */
  const settle = async (nowMs: number): Promise<void> => {
    for (let asked = -1; asked !== questions.length; ) {
      asked = questions.length;
      subject.tick(nowMs);
      await Promise.resolve();
      const wanted = questions.at(-1);
      if (wanted === undefined || answers !== 'all') continue;
      subject.answered(EAST, { wanted, bytes: wanted, passed: wanted <= path.width }, nowMs);
    }
  };
  return { ...state, state, subject, questions, lines, path, settle };
}

paths(
  'a path that swallows large packets: known from answers, and again wider ten minutes later',
  async () => {
    const { subject, settle, questions, lines, path, told } = asking(1450);
    subject.watch(EAST, 0);
    assert.is(subject.nextAt, 1000);
    await settle(999);
    assert.equal(questions, [], 'not at once');
    await settle(1000);
    assert.equal(questions.slice(0, 4), [1500, 1500, 1500, 1280]);
    const found = subject.mtu(EAST);
    assert.ok(found <= 1450 && found > 1430, `${found}`);
    assert.equal(told.at(-1), ['203.0.113.2', found]);
    assert.ok(
      told.some(([, mtu]) => mtu === 1280),
      'something that passes at once',
    );
    assert.match(lines[0]!, /info: the path to 203.0.113.2 swallows larger packets: it gets 1280/);
    const before = questions.length;
    path.width = 1500;
    await settle(600_999);
    assert.is(questions.length, before);
    await settle(601_000);
    assert.equal(questions.slice(before), [1500]);
    assert.is(subject.mtu(EAST), 1500);
    assert.match(lines.at(-1)!, /carries 1500 bytes/);
  },
);

paths('a path in doubt is asked about at once, but not twice at a time', async () => {
  const { subject, settle, questions, path } = asking(1500);
  subject.watch(EAST, 0);
  await settle(1000);
  assert.equal(questions, [1500]);
  path.width = 1450;
  await settle(2000);
  assert.equal(questions, [1500], 'nobody doubts');
  subject.again(EAST, 2000);
  subject.tick(2000);
  subject.again(EAST, 2001);
  assert.ok(subject.nextAt > 2001, 'the question is on its way');
  await settle(2001); // the answer to it
  await settle(2002); // and what it leads to
  assert.ok(subject.mtu(EAST) <= 1450);
});

paths('narrow by ICMP, forged or not: wider again only when the peer has answered', async () => {
  const { subject, settle, questions, kernel, path, told } = asking(1500);
  subject.watch(EAST, 0);
  await settle(1000);
  kernel.set('203.0.113.2', 600);
  subject.narrowed(EAST);
  assert.is(subject.mtu(EAST), 600);
  await settle(61_000);
  assert.equal(questions, [1500], 'while the kernel believes it there is nothing to ask');
  kernel.set('203.0.113.2', 1500);
  path.width = 1300;
  assert.is(subject.mtu(EAST), 600, 'the kernel has forgotten: that shows nothing');
  await settle(122_000);
  const found = subject.mtu(EAST);
  assert.ok(found <= 1300 && found > 1280, `${found}`);
  assert.equal(told.at(-1), ['203.0.113.2', found]);
});

paths('nobody to ask: later; no SAs left: forgotten', async () => {
  const { subject, settle, state, questions } = asking(1500, 'nobody');
  subject.watch(EAST, 0);
  await settle(1000);
  assert.equal(questions, []);
  assert.is(subject.nextAt, 31_000);
  assert.is(subject.mtu(EAST), 1500);
  state.pairs = 0;
  await settle(31_000);
  assert.is(subject.nextAt, Number.POSITIVE_INFINITY);
});

paths('a peer that goes away over a question is spared the next', async () => {
  const { subject, settle, questions, lines } = asking(1500, 'none');
  subject.watch(EAST, 0);
  await settle(1000);
  assert.equal(questions, [1500]);
  await settle(151_000);
  assert.is(subject.mtu(EAST), 1280);
  assert.match(lines[0]!, /warning: 203.0.113.2 went away/);
  await settle(86_000_000);
  assert.equal(questions, [1500]);
});

paths.run();
