import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  isNarrowing,
  narrow,
  narrowToPolicy,
  offeredSelectors,
  policySelectors,
  type Side,
} from '../../src/ike/parts/selectors.js';
import { parseAddress, parsePrefix } from '../../src/policy/address.js';
import type { Policy } from '../../src/policy/database.js';
import { formatSelector, selectorOf, type TrafficSelector } from '../../src/policy/selector.js';
import { databases } from '../exchanges/databases.js';

const selectors = suite('traffic selectors');
const of = (text: string, protocol = 0, port?: number) =>
  selectorOf(parsePrefix(text)!, protocol, port);
const words = (list: readonly TrafficSelector[]) => list.map(formatSelector);
const [base] = databases('east').policies;
const entry = (id: number, src: string, dst: string): [Policy, Side] => {
  const policy = { ...base!, id, src: parsePrefix(src)!, dst: parsePrefix(dst)! };
  return [policy, policySelectors(policy)];
};

selectors('narrowing keeps what both have, and parts within parts once', () => {
  const whole = of('198.18.0.0/24');
  const asked = [of('198.18.0.7', 6, 80), of('198.18.0.0/16'), of('198.19.0.0/16')];
  assert.equal(words(narrow([whole], asked)), ['198.18.0.0-198.18.0.255']);
  assert.equal(
    words(narrow([of('198.18.0.0/16', 6)], [of('198.18.1.0/24'), of('198.18.2.0/24', 17)])),
    ['198.18.1.0-198.18.1.255 protocol 6'],
  );
  assert.equal(narrow([whole], [whole, whole]), [whole]);
});

selectors(
  'the policy asked for exactly goes before one that holds the packet, that before others',
  () => {
    const wide = entry(1, '198.18.0.0/16', '198.19.0.0/16');
    const exact = entry(2, '198.18.5.0/24', '198.19.5.0/24');
    const asked = { local: [of('198.18.5.0/24')], remote: [of('198.19.5.0/24')] };
    assert.is(narrowToPolicy([wide, exact], asked)!.policy.id, 2);
    const packet = {
      local: [of('198.18.9.1'), of('0.0.0.0/0')],
      remote: [of('198.19.9.1'), of('0.0.0.0/0')],
    };
    assert.is(narrowToPolicy([exact, wide], packet)!.policy.id, 1);
    const none = { local: [of('203.0.113.0/24')], remote: [of('198.19.5.0/24')] };
    assert.is(narrowToPolicy([wide, exact], none), undefined);
  },
);

selectors('IPv4 and IPv6 never meet', () => {
  const v6 = { local: [of('::/0')], remote: [of('::/0')] };
  assert.is(narrowToPolicy([entry(1, '198.18.0.0/16', '198.19.0.0/16')], v6), undefined);
});

selectors('an answer may only be a part of what was asked', () => {
  assert.ok(isNarrowing([of('198.18.0.0/16')], [of('198.18.3.0/24', 6)]));
  assert.not.ok(isNarrowing([of('198.18.0.0/16', 6)], [of('198.18.3.0/24')]));
  assert.not.ok(isNarrowing([of('198.18.0.0/16')], []));
});

selectors(
  'a packet goes first, without ports where its protocol has none, never outside the policy',
  () => {
    const [, one] = entry(1, '198.18.0.0/16', '198.19.0.0/16');
    const at = (protocol: number, source: string) => ({
      protocol,
      source: parseAddress(source)!,
      destination: parseAddress('198.19.0.9')!,
      sourcePort: 8,
      destinationPort: 7,
    });
    assert.equal(words(offeredSelectors(one, at(17, '198.18.0.1')).local), [
      '198.18.0.1 protocol 17 port 8',
      '198.18.0.0-198.18.255.255',
    ]);
    assert.equal(words(offeredSelectors(one, at(1, '198.18.0.1')).remote), [
      '198.19.0.9 protocol 1',
      '198.19.0.0-198.19.255.255',
    ]);
    assert.is(offeredSelectors(one, at(17, '203.0.113.1')).local.length, 1);
  },
);

selectors.run();
