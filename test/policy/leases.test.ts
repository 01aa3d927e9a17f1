// Who gets which address of a pool.
// Shows pool.name, pool.ranges, pool.next-pool
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, formatAddress, parseAddress } from '../../src/policy/address.js';
import type { Pool } from '../../src/policy/database.js';
import { Leases, type SavedLease } from '../../src/policy/leases.js';

const leasing = suite('leases');
const address = (text: string): Address => parseAddress(text)!;
const pool = (
  name: string,
  ranges: readonly (readonly [string, string])[],
  next?: string,
): Pool => ({
  name,
  ranges: ranges.map(([start, end]) => ({ start: address(start), end: address(end) })),
  next,
});
const FEW = pool('few', [['192.0.2.10', '192.0.2.12']]);

interface Book {
  readonly leases: Leases;
  readonly changes: () => number;
  take(identity: string, wanted?: string, name?: string, family?: 4 | 6): string | undefined;
}

function book(pools: readonly Pool[], saved: readonly SavedLease[] = []): Book {
  let changes = 0;
  const leases = new Leases(pools, saved, () => changes++);
  return {
    leases,
    changes: () => changes,
    take(identity, wanted, name = 'few', family = 4) {
      const asked = wanted === undefined ? undefined : address(wanted);
      const given = leases.take({ pool: name, family, identity, wanted: asked });
      return given && formatAddress(given);
    },
  };
}

leasing('addresses are given in order until none is left', () => {
  const { take } = book([FEW]);
  assert.equal(
    ['a', 'b', 'c', 'd'].map((identity) => take(identity)),
    ['192.0.2.10', '192.0.2.11', '192.0.2.12', undefined],
  );
});

leasing('who comes again has its address again, though others came in between', () => {
  const { leases, take } = book([FEW]);
  take('a');
  take('b');
  leases.giveBack(address('192.0.2.10'));
  assert.is(take('c'), '192.0.2.12', 'a fresh one before a claim of somebody else');
  assert.is(take('a'), '192.0.2.10');
});

leasing('where none is fresh, the longest idle loses its claim', () => {
  const { leases, take } = book([FEW]);
  for (const identity of ['a', 'b', 'c']) take(identity);
  leases.giveBack(address('192.0.2.11'));
  leases.giveBack(address('192.0.2.10'));
  assert.is(take('d'), '192.0.2.11');
  assert.is(take('b'), '192.0.2.10', 'its own is another’s now');
  assert.is(take('a'), undefined);
});

leasing('a client that authenticates anew keeps its address while both hold it', () => {
  const { leases, take } = book([FEW]);
  assert.is(take('a'), '192.0.2.10');
  assert.is(take('a', '192.0.2.10'), '192.0.2.10');
  assert.is(take('b', '192.0.2.10'), '192.0.2.11', 'another one does not get it by asking');
  leases.giveBack(address('192.0.2.10'));
  take('c');
  assert.is(take('d'), undefined, 'one still holds it');
  leases.giveBack(address('192.0.2.10'));
  assert.is(take('d'), '192.0.2.10');
});

leasing('where many may have one name, what one has in use no other gets', () => {
  const { leases } = book([FEW]);
  const take = (wanted?: string): string | undefined => {
    const asked = wanted === undefined ? undefined : address(wanted);
    const request = { pool: 'few', family: 4, identity: '@example', wanted: asked } as const;
    const given = leases.take({ ...request, ambiguous: true });
    return given && formatAddress(given);
  };
  assert.is(take(), '192.0.2.10');
  assert.is(take('192.0.2.10'), '192.0.2.11');
  leases.giveBack(address('192.0.2.10'));
  assert.is(take('192.0.2.10'), '192.0.2.10', 'free again');
});

leasing('a free address that is asked for is given; one outside the pool is not', () => {
  const { take } = book([FEW]);
  assert.is(take('a', '192.0.2.12'), '192.0.2.12');
  assert.is(take('b', '203.0.113.1'), '192.0.2.10');
});

leasing('without the address two clients of one identity get two', () => {
  const { take } = book([FEW]);
  assert.equal([take('a'), take('a')], ['192.0.2.10', '192.0.2.11']);
});

leasing('the next pool serves when one is exhausted; families are apart', () => {
  const pools = [
    pool(
      'small',
      [
        ['192.0.2.1', '192.0.2.1'],
        ['2001:db8::1', '2001:db8::ffff:ffff'],
      ],
      'few',
    ),
    FEW,
  ];
  const { leases, take } = book(pools);
  assert.equal(
    [take('a', undefined, 'small'), take('b', undefined, 'small')],
    ['192.0.2.1', '192.0.2.10'],
  );
  assert.is(take('a', undefined, 'small', 6), '2001:db8::1');
  assert.is(take('b', undefined, 'small', 6), '2001:db8::2');
  assert.equal([leases.serves('small', 6), leases.serves('few', 6)], [true, false]);
});

leasing('claims survive a restart; those outside the pool do not', () => {
  const before = book([FEW]);
  before.take('a');
  before.take('b');
  assert.is(before.changes(), 2);
  const saved = [...before.leases.saved(), { pool: 'few', address: '203.0.113.1', identity: 'x' }];
  const after = book([FEW], saved);
  assert.is(after.take('c'), '192.0.2.12');
  assert.is(after.take('b'), '192.0.2.11');
  assert.is(after.leases.saved().length, 3);
});

leasing('another range from a reload on: what is in use stays until it is given back', () => {
  const { leases, take } = book([FEW]);
  take('a');
  leases.reconfigure([pool('few', [['198.18.0.1', '198.18.0.2']])]);
  assert.is(take('b'), '198.18.0.1');
  leases.giveBack(address('192.0.2.10'));
  assert.is(take('a'), '198.18.0.2');
});

leasing('ten thousand clients cost a look each', () => {
  const large = pool('few', [['10.0.0.0', '10.255.255.255']]);
  const { leases, take } = book([large]);
  for (let client = 0; client < 10_000; client++) take(`client ${client}`);
  assert.is(take('last'), '10.0.39.16');
  leases.giveBack(address('10.0.0.7'));
  assert.is(take('client 7'), '10.0.0.7');
});

leasing('of claims that are not in use the oldest go, however many names somebody has', () => {
  const net = pool('net', [['2001:db8::1', '2001:db8::ffff:ffff']]);
  const leases = new Leases([net], [], () => {}, 10);
  const take = (identity: string): Address =>
    leases.take({ pool: 'net', family: 6, identity, wanted: undefined })!;
  const kept = take('in use');
  for (let i = 0; i < 100; i++) leases.giveBack(take(`name ${i}`));
  assert.is(leases.saved().length, 11);
  assert.ok(leases.saved().some((one) => one.address === formatAddress(kept)));
  const known = leases.saved().find(({ identity }) => identity === 'name 95')!.address;
  assert.is(formatAddress(take('name 95')), known);
});

leasing.run();
