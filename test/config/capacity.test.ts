// More policies than the data plane has room for are refused when the file is checked, not when it runs.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { coveredBy } from '../../src/config/hidden-policies.js';
import { parse } from '../../src/config/load.js';
import * as layout from '../../src/contract/layout.js';
import { parsePrefix, prefixRange } from '../../src/policy/address.js';
import { MAX_POLICIES } from '../../src/policy/database.js';
import { seeded } from '../assembly/arena.js';

const capacity = suite('config capacity');

const many = (count: number): unknown => ({
  peer: [{ name: 'hub', address: '192.0.2.1/32' }],
  identity: [{ peer: 'hub', secret: 'a secret of some length' }],
  policy: Array.from({ length: count }, (_, index) => ({
    'src-address': '10.0.0.0/8',
    'dst-address': `172.16.${index >> 8}.${index & 255}/32`,
    peer: 'hub',
  })),
});

capacity('config and contract have the same room', () => {
  assert.is(MAX_POLICIES, layout.MAX_POLICIES);
});

capacity(
  'a full table is accepted, one policy more is an error that says how many there may be',
  () => {
    assert.ok(parse(JSON.stringify(many(MAX_POLICIES))).ok);
    const refused = parse(JSON.stringify(many(MAX_POLICIES + 1)));
    assert.not.ok(refused.ok);
    if (refused.ok) return;
    assert.is(refused.errors.length, 1);
    const [{ path, value, expected } = { path: '', value: '', expected: '' }] = refused.errors;
    assert.is(path, 'policy[16384]');
    assert.is(value, '16385 policies');
    assert.match(expected, /at most 16384 policies/);
  },
);

capacity('of many names an error lists twenty, and proposes a near one of all', () => {
  const peer = Array.from({ length: 50 }, (_, n) => ({
    name: `site${n}`,
    address: `192.0.2.${n}`,
  }));
  const identity = peer.map(({ name }) => ({ peer: name, secret: 'a secret of some length' }));
  const policy = { 'src-address': '10.0.0.0/8', 'dst-address': '172.16.0.0/16', peer: 'sites49' };
  const refused = parse(JSON.stringify({ peer, identity, policy: [policy] }));
  assert.not.ok(refused.ok);
  if (refused.ok) return;
  const [{ expected } = { expected: '' }] = refused.errors;
  assert.match(
    expected,
    /^the name of a peer: site0, .* site19 and 30 more \(did you mean "site49"\?\)$/,
  );
});

capacity(
  'of many policies that lie over each other, those that are never reached are named',
  () => {
    const random = seeded(3);
    const pick = <T>(values: readonly T[]): T => values[random.number(values.length)]!;
    const policy = Array.from({ length: 300 }, () => {
      const ports = random.number(2) === 0 ? {} : { protocol: 'tcp', 'dst-port': pick([80, 443]) };
      return {
        'src-address': `10.${random.number(4)}.0.0/${pick([0, 8, 14, 16])}`,
        'dst-address': `172.16.${random.number(4)}.0/${pick([0, 22, 23, 24])}`,
        action: 'discard',
        ...ports,
      };
    });
    const read = policy.map((entry) => {
      const [src, dst] = [parsePrefix(entry['src-address'])!, parsePrefix(entry['dst-address'])!];
      const all = { protocol: 0, port: undefined as number | undefined };
      const more = 'dst-port' in entry ? { protocol: 6, port: entry['dst-port'] } : all;
      return { src: prefixRange(src), dst: prefixRange(dst), ...more };
    });
    const inside = (
      a: { start: bigint; end: bigint },
      b: { start: bigint; end: bigint },
    ): boolean => a.start <= b.start && a.end >= b.end;
    const wanted = read.map((entry, index) =>
      read.slice(0, index).findIndex((other) => {
        const plain = other.protocol === 0 || other.port === entry.port;
        return inside(other.src, entry.src) && inside(other.dst, entry.dst) && plain;
      }),
    );
    const entries = read.map((_, index) => ({
      'src-address': parsePrefix(policy[index]!['src-address'])!,
      'dst-address': parsePrefix(policy[index]!['dst-address'])!,
      'dst-port': read[index]!.port,
      protocol: read[index]!.protocol,
    }));
    const found = coveredBy(entries as unknown as Parameters<typeof coveredBy>[0]);
    assert.equal(
      found.map((index) => index ?? -1),
      wanted,
    );
    assert.ok(wanted.some((index) => index > 0) && wanted.includes(-1));
  },
);

capacity.run();
