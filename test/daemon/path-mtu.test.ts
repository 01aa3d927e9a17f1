// What the gateway believes of the kernel's path MTU: never below the family's floor, and again wider.
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
  subject.refresh(60_000);
  assert.equal(told, [], 'nothing was narrow');
  subject.narrowed(EAST);
  subject.refresh(119_999);
  assert.is(told.length, 1, 'once a minute');
  kernel.set('203.0.113.2', 1500);
  subject.refresh(120_000);
  assert.equal(told[1], ['203.0.113.2', 1500]);
  state.pairs = 0;
  subject.refresh(180_000);
  subject.refresh(240_000);
  assert.is(told.length, 3, 'a peer without SAs is forgotten');
});

paths.run();
