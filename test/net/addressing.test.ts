import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressBytes, addressText, prefixHolds, prefixOf } from '../../src/net/addressing.js';
import { formatAddress, parseAddress, toBytes } from '../../src/policy/address.js';

const addressing = suite('net/addressing');

const TEXTS = [
  ['192.0.2.1', '192.0.2.1'],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:db8::', '2001:db8::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['0:0:1::', '0:0:1::'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['fe80::10:0', 'fe80::10:0'],
] as const;

addressing('addresses read and print as RFC 5952 says', () => {
  for (const [text, printed] of TEXTS) assert.is(addressText(addressBytes(text)), printed, text);
});

addressing('this room and src/policy agree on every text', () => {
  for (const [text] of TEXTS) {
    const other = parseAddress(text)!;
    assert.equal([...addressBytes(text)], [...toBytes(other)], text);
    assert.is(addressText(addressBytes(text)), formatAddress(other), text);
  }
});

addressing('a prefix holds what lies in it, bit by bit', () => {
  const prefix = prefixOf('198.18.0.0/15');
  assert.ok(prefixHolds(prefix, addressBytes('198.19.255.255')));
  assert.not.ok(prefixHolds(prefix, addressBytes('198.20.0.0')));
  assert.not.ok(prefixHolds(prefix, addressBytes('2001:db8::1')));
  assert.ok(prefixHolds(prefixOf('::/0'), addressBytes('2001:db8::1')));
  assert.ok(prefixHolds(prefixOf('192.0.2.1'), addressBytes('192.0.2.1')));
  assert.not.ok(prefixHolds(prefixOf('192.0.2.1'), addressBytes('192.0.2.0')));
});

addressing('text that is no address is refused with the text', () => {
  for (const text of ['', '192.0.2', '010.0.0.1', 'fe80::1%eth0', '192.0.2.1/33', '::/129']) {
    assert.throws(() => prefixOf(text), /'/, text);
  }
});

addressing.run();
