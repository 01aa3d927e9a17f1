// Each payload's own rules: the limits of its `check`, by hand, on the way in and on the way out.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeChain, encodeChain, type PlainPayload } from '../../src/wire/chain.js';
import { N } from '../../src/wire/notifications.js';
import { hex, refusal } from './expect.js';

const payloads = suite('wire payloads');

/** A payload of that number around a body in hex, decoded. */
function decode(number: number, body: string): PlainPayload {
  const data = hex(body);
  const header = hex(`0000${(data.length + 4).toString(16).padStart(4, '0')}`);
  return decodeChain(number, Uint8Array.from([...header, ...data]))[0]!;
}
const place = (number: number, body: string): string => {
  const error = refusal(() => decode(number, body));
  assert.is(error.kind, 'malformed');
  return `${error.payload}.${error.field}`;
};
/** What decode refuses, encode refuses as well. */
const unsendable = (payload: PlainPayload): void => {
  assert.is(refusal(() => encodeChain([payload])).kind, 'unencodable');
};
const zeros = (bytes: number): string => '00'.repeat(bytes);

// One proposal: AES-GCM-16-128 for ESP without ESN, SPI c0ffee01.
const TRANSFORMS = '0300 000c 0100 0014 800e 0080  0000 0008 0500 0000';
const ESP = `0000 0020 01 03 04 02 c0ffee01 ${TRANSFORMS}`;

payloads('SA by hand: RFC 7296 §3.3', () => {
  const sa = decode(33, ESP);
  assert.equal(sa, {
    type: 'SA',
    proposals: [
      {
        number: 1,
        protocol: 3,
        spi: hex('c0ffee01'),
        transforms: [
          { type: 1, id: 20, attributes: [{ type: 14, value: 128 }] },
          { type: 5, id: 0, attributes: [] },
        ],
      },
    ],
  });
  assert.equal(encodeChain([sa]).bytes.subarray(4), hex(ESP));
});

payloads('SA: counts, lengths and markers agree', () => {
  const wrong: Record<string, string> = {
    '': 'SA.proposals',
    [ESP.replace('04 02', '04 03')]: 'SA.proposals.transforms',
    [ESP.replace('04 02', '04 01')]: 'SA.proposals.transforms',
    [ESP.replace('0020', '0021')]: 'SA.proposals',
    [ESP.replace('0020', '001f')]: 'SA.proposals.transforms',
    [ESP.replace('0000 0020', '0200 0020')]: 'SA.proposals',
    [ESP.replace('0300 000c', '0000 000c')]: 'SA.proposals.transforms',
    [ESP.replace('000c', '000b')]: 'SA.proposals.transforms.attributes',
    [ESP.replace('000c', '0000')]: 'SA.proposals.transforms',
    [ESP.replace('04 02 c0ffee01', 'ff 02 c0ffee01')]: 'SA.proposals.spi',
  };
  for (const [body, where] of Object.entries(wrong)) assert.is(place(33, body), where, body);
});

payloads('SA: SPI sizes per protocol, rising numbers, at most 64 proposals', () => {
  const one = (number: string, protocol: string, spi: string): string => {
    const size = hex(spi).length;
    const total = (8 + size).toString(16).padStart(4, '0');
    return `00 ${total} ${number} ${protocol} ${size.toString(16).padStart(2, '0')} 00 ${spi}`;
  };
  const several = (...list: string[]): string =>
    list.map((text, i) => (i < list.length - 1 ? '02' : '00') + text).join('');
  for (const [protocol, size] of [
    ['01', 0],
    ['01', 8],
    ['02', 4],
    ['03', 4],
    ['09', 9],
  ] as const) {
    assert.is(decode(33, several(one('01', protocol, zeros(size)))).type, 'SA');
  }
  for (const [protocol, size] of [
    ['01', 4],
    ['02', 0],
    ['03', 8],
    ['03', 3],
  ] as const) {
    assert.is(place(33, several(one('01', protocol, zeros(size)))), 'SA.proposals.spi');
  }
  const ike = (number: string): string => one(number, '01', '');
  // An answer has the number of the proposal it accepts.
  assert.is(decode(33, several(ike('05'))).type, 'SA');
  assert.is(place(33, several(ike('00'))), 'SA.proposals.number');
  assert.is(place(33, several(ike('01'), ike('01'))), 'SA.proposals.number');
  const numbers = Array.from({ length: 65 }, (_, i) => (i + 1).toString(16).padStart(2, '0'));
  assert.is(decode(33, several(...numbers.slice(1).map(ike))).type, 'SA');
  assert.is(place(33, several(...numbers.map(ike))), 'SA.proposals');
});

payloads('SA: at most 16 attributes a transform; an SA inside an SA is not one', () => {
  const transform = (count: number): string => {
    const body = `0100 0014 ${'800e 0080'.repeat(count)}`;
    return `0000 ${(hex(body).length + 4).toString(16).padStart(4, '0')} ${body}`;
  };
  const proposal = (text: string): string =>
    `0000 ${(hex(text).length + 8).toString(16).padStart(4, '0')} 01 01 00 01 ${text}`;
  assert.is(decode(33, proposal(transform(16))).type, 'SA');
  assert.is(place(33, proposal(transform(17))), 'SA.proposals.transforms.attributes');
  assert.is(place(33, proposal(proposal(transform(1)))), 'SA.proposals.transforms.attributes');
});

payloads('KE: group and data, not empty', () => {
  assert.equal(decode(34, '0013 ffff 0102'), { type: 'KE', group: 19, data: hex('0102') });
  // A group of the private range is only a number here (CVE-2014-9221 was a null pointer).
  assert.equal(decode(34, '0401 0000 00'), { type: 'KE', group: 1025, data: hex('00') });
  assert.is(place(34, '0013 0000'), 'KE.data');
  assert.is(place(34, '0013'), 'KE.reserved');
  unsendable({ type: 'KE', group: 19, data: hex('') });
});

payloads('IDi, IDr: addresses of their size, names without control characters', () => {
  const id = decode(35, '01 000000 c0000201');
  assert.equal(id, { type: 'IDi', idType: 1, data: hex('c0000201') });
  assert.is(decode(36, `05 000000 ${zeros(16)}`).type, 'IDr');
  for (const body of ['01000000 c00002', '05000000 c0000201', '02000000', '0b000000']) {
    assert.is(place(35, body), 'IDi.data');
  }
  for (const bad of ['00', '0a', '0d', '1b', '7f']) {
    assert.is(place(36, `02000000 6161${bad}61`), 'IDr.data');
    assert.is(place(36, `03000000 6161${bad}61`), 'IDr.data');
    assert.is(decode(36, `0b000000 6161${bad}61`).type, 'IDr');
  }
});

payloads('CERT, CERTREQ, AUTH', () => {
  assert.equal(decode(37, '04 30'), { type: 'CERT', encoding: 4, data: hex('30') });
  assert.is(place(37, '04'), 'CERT.data');
  assert.is(place(37, ''), 'CERT.encoding');
  assert.is(decode(38, `04 ${zeros(40)}`).type, 'CERTREQ');
  assert.is(decode(38, '04').type, 'CERTREQ');
  assert.is(place(38, `04 ${zeros(41)}`), 'CERTREQ.authorities');
  assert.is(decode(38, `0c ${zeros(7)}`).type, 'CERTREQ');
  assert.equal(decode(39, '02 000000 aa'), { type: 'AUTH', method: 2, data: hex('aa') });
  assert.is(place(39, '02 000000'), 'AUTH.data');
});

payloads('Ni, Nr: 16 … 256 bytes', () => {
  for (const size of [16, 256]) assert.is(decode(40, zeros(size)).type, 'Nonce');
  for (const size of [0, 7, 8, 15, 257]) {
    assert.is(place(40, zeros(size)), 'Nonce.data');
    unsendable({ type: 'Nonce', data: new Uint8Array(size) });
  }
});

payloads('N: SPI sizes, and data whose reader relies on its size', () => {
  const notify = (type: number, data: string, spi = ''): string =>
    `03 ${hex(spi).length.toString(16).padStart(2, '0')} ${type.toString(16).padStart(4, '0')} ${spi}${data}`;
  const rekey = decode(41, notify(N.REKEY_SA, '', '01020304'));
  const spi = hex('01020304');
  assert.equal(rekey, { type: 'Notify', protocol: 3, notifyType: N.REKEY_SA, spi, data: hex('') });
  for (const bad of ['', zeros(8), zeros(3)]) {
    assert.is(place(41, notify(N.REKEY_SA, '', bad)), 'Notify.spi');
  }
  for (const bad of [1, 2, 3, 5, 7, 9, 255]) {
    assert.is(place(41, notify(N.INITIAL_CONTACT, '', zeros(bad))), 'Notify.spi');
  }
  assert.is(place(41, '03 04 4009 010203'), 'Notify.spi');
  const sizes: [number, number, number][] = [
    [N.COOKIE, 1, 64],
    [N.NAT_DETECTION_SOURCE_IP, 20, 20],
    [N.NAT_DETECTION_DESTINATION_IP, 20, 20],
    [N.INVALID_KE_PAYLOAD, 2, 2],
    [N.UNSUPPORTED_CRITICAL_PAYLOAD, 1, 1],
  ];
  for (const [type, least, most] of sizes) {
    for (const size of [least, most])
      assert.is(decode(41, notify(type, zeros(size))).type, 'Notify');
    for (const size of [least - 1, most + 1]) {
      assert.is(place(41, notify(type, zeros(size))), 'Notify.data');
    }
  }
  assert.is(decode(41, notify(54321, zeros(999))).type, 'Notify');
});

payloads('D: sizes by protocol; a count is not believed', () => {
  assert.equal(decode(42, '01 00 0000'), { type: 'Delete', protocol: 1, spis: [] });
  const two = decode(42, '03 04 0002 01020304 05060708');
  assert.equal(two, { type: 'Delete', protocol: 3, spis: [hex('01020304'), hex('05060708')] });
  assert.is(decode(42, `03 04 03e8 ${zeros(4000)}`).type, 'Delete');
  assert.is(place(42, '01 08 0001 0102030405060708'), 'Delete.spis');
  assert.is(place(42, '03 08 0001 0102030405060708'), 'Delete.spis');
  assert.is(place(42, '03 00 ffff'), 'Delete.spis');
  assert.is(place(42, '03 04 0002 01020304'), 'Delete.spis');
  assert.is(place(42, '03 04 0001 01020304 05'), 'Delete.');
  unsendable({ type: 'Delete', protocol: 1, spis: [hex('01020304')] });
});

const V4 = '07 06 0010 0050 0051 c6120000 c612ffff';

payloads('TSi, TSr by hand: RFC 7296 §3.13', () => {
  const ts = decode(44, `02 000000 ${V4} 09 00 0006 abcd`);
  assert.equal(ts, {
    type: 'TSi',
    selectors: [
      { family: 4, protocol: 6, startPort: 80, endPort: 81, start: 0xc6120000n, end: 0xc612ffffn },
      { family: 'unknown', number: 9, protocol: 0, body: hex('abcd') },
    ],
  });
  assert.is(encodeChain([ts]).bytes.length, 4 + 4 + 16 + 6);
});

payloads('TSi, TSr: at least one, ranges that run forward, OPAQUE', () => {
  assert.is(place(45, '00 000000'), 'TSr.selectors');
  assert.is(place(45, `ff 000000 ${V4}`), 'TSr.selectors');
  assert.is(place(45, `01 000000 ${V4} ${V4}`), 'TSr.');
  assert.is(place(45, `01 000000 ${V4.replace('0010', '0011')}`), 'TSr.selectors.length');
  assert.is(place(45, `01 000000 ${V4.replace('c612ffff', 'c611ffff')}`), 'TSr.selectors.start');
  assert.is(place(45, `01 000000 ${V4.replace('0051', '004f')}`), 'TSr.selectors.startPort');
  assert.is(decode(45, `01 000000 ${V4.replace('0050 0051', 'ffff 0000')}`).type, 'TSr');
  const most = decode(45, `ff 000000 ${V4.repeat(255)}`);
  assert.is(most.type === 'TSr' && most.selectors.length, 255);
});

payloads('CP: sizes of the attributes the RFC fixes, empty asks', () => {
  const request = decode(47, '01 000000 0001 0000 8003 0004 c0000201 7000 0001 ff');
  assert.equal(request, {
    type: 'Configuration',
    configurationType: 1,
    attributes: [
      { type: 1, value: hex('') },
      { type: 3, value: hex('c0000201') },
      { type: 0x7000, value: hex('ff') },
    ],
  });
  assert.is(place(47, '02 000000 0001 0003 c00002'), 'Configuration.attributes');
  assert.is(place(47, `02 000000 0008 0010 ${zeros(16)}`), 'Configuration.attributes');
  assert.is(place(47, '02 000000 0001 0005 c0000201'), 'Configuration.attributes.value');
  assert.is(decode(47, `02 000000 ${'7000 0000'.repeat(256)}`).type, 'Configuration');
  assert.is(place(47, `02 000000 ${'7000 0000'.repeat(257)}`), 'Configuration.attributes');
});

payloads('EAP: one whole packet whose length is true', () => {
  assert.equal(decode(48, '03 07 0004'), { type: 'EAP', packet: hex('03070004') });
  for (const body of ['', '030700', '03 07 0005', '01 07 0004 01', '01 07 0000 01']) {
    assert.is(place(48, body), 'EAP.packet');
  }
});

payloads.run();
