// DHCPINFORM as Windows sends it, and the answer byte by byte (RFC 2131, RFC 3442).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answerInform, readInform } from '../../src/daemon/dhcp-inform.js';
import { InformDoor } from '../../src/daemon/inform-door.js';
import { formatAddress, parseAddress, parsePrefix } from '../../src/policy/address.js';

const inform = suite('DHCPINFORM');
const hex = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
const HEAD = `01 01 06 00 3d1d 9a77 0000 8000 0a090001 00000000 00000000 00000000
  02050102030400000000000000000000 ${'00'.repeat(192)} 63825363`;
const ASKED = hex(`${HEAD} 350108 3d07 01020501020304 0c03 706331 3c08 4d53465420352e30
  3710 0103060f1f212b2c2e2f7779f9fc3536 ff`);
const GIVEN = {
  networks: ['198.18.0.0/15', '203.0.113.0/24', '0.0.0.0/0', '2001:db8::/32'].map(
    (text) => parsePrefix(text)!,
  ),
  dns: [parseAddress('192.0.2.53')!, parseAddress('2001:db8::53')!],
  domains: ['example.org'],
};

inform('the address it is about', () => {
  assert.is(formatAddress(readInform(ASKED)!), '10.9.0.1');
});

inform('routes in both options, DNS, and what is the client’s own', () => {
  const answer = answerInform(ASKED, GIVEN, parseAddress('198.18.0.1')!);
  const routes = '0f c612 00000000 18 cb0071 00000000 00 00000000';
  const wanted = hex(`02 01 06 00 3d1d 9a77 0000 8000 0a090001 00000000 00000000 00000000
    02050102030400000000000000000000 ${'00'.repeat(192)} 63825363
    350105 3604 c6120001 0604 c0000235 0f0b 6578616d706c652e6f7267
    7914 ${routes} f914 ${routes} ff`);
  assert.is(Buffer.from(answer).toString('hex'), Buffer.from(wanted).toString('hex'));
});

inform('anything else is no DHCPINFORM, however it is cut', () => {
  for (let length = 0; length < ASKED.length - 20; length++) {
    const cut = ASKED.slice(0, length);
    if (length < 243) assert.is(readInform(cut), undefined, `${length} bytes`);
  }
  const changed = (at: number, byte: number): Uint8Array => {
    const copy = ASKED.slice();
    copy[at] = byte;
    return copy;
  };
  assert.is(readInform(changed(0, 2)), undefined, 'a reply');
  assert.is(readInform(changed(236, 0)), undefined, 'no magic cookie');
  assert.is(readInform(changed(242, 3)), undefined, 'DHCPREQUEST');
  assert.is(readInform(changed(241, 255)), undefined, 'an option beyond the end');
});

inform('more networks than an option holds: those that fit', () => {
  const networks = Array.from({ length: 60 }, (_, at) => parsePrefix(`198.18.${at}.0/24`)!);
  const answer = answerInform(ASKED, { networks, dns: [], domains: [] }, parseAddress('0.0.0.0')!);
  const at = Buffer.from(answer).indexOf(Buffer.from([249, 248]));
  assert.ok(at > 0, '31 routes of 8 bytes');
});

inform('who asks: a client of ours, for itself, once a second', () => {
  let now = 10_000;
  const lines: string[] = [];
  const door = new InformDoor({
    tun: 'none',
    given: (client) => (formatAddress(client) === '10.9.0.1' ? GIVEN : undefined),
    localAddressFor: () => parseAddress('198.18.0.1'),
    now: () => now,
    log: { info: (_, text) => lines.push(text), warning: (_, text) => lines.push(text) },
  });
  const other = ASKED.slice();
  other[15] = 2; // ciaddr 10.9.0.2
  assert.is(door.answer(ASKED, '10.9.0.2'), undefined, 'in the name of another');
  assert.is(door.answer(other, '10.9.0.2'), undefined, 'given nothing by us');
  assert.ok(door.answer(ASKED, '10.9.0.1'));
  for (let i = 0; i < 100; i++) assert.is(door.answer(ASKED, '10.9.0.1'), undefined);
  assert.is(lines.length, 1);
  now += 1000;
  assert.ok(door.answer(ASKED, '10.9.0.1'));
});

inform.run();
