// The field kit: types both ways, numbers at their edges, errors that say where.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Reader, Writer } from '../../src/wire/bytes.js';
import { bytes, constant, countOf, flags, itemSizeOf, lengthOf } from '../../src/wire/fields.js';
import { type Field, listOf, record, reserved, rest } from '../../src/wire/fields.js';
import { u8, u15, u16, u32, u64, unsigned } from '../../src/wire/fields.js';
import { attribute, substructures, tagged } from '../../src/wire/structures.js';
import { hex, refusal } from './expect.js';

const fields = suite('wire fields');

const encode = <T>(field: Field<T>, value: T): Uint8Array => {
  const output = new Writer();
  field.encode(output, value, {});
  return output.finish();
};
const decode = <T>(field: Field<T>, text: string): T => field.decode(new Reader(hex(text)), {});

fields('numbers are big-endian and keep to their size', () => {
  assert.is(decode(u8, 'ff'), 255);
  assert.is(decode(u16, '0102'), 0x102);
  assert.is(decode(u32, 'ffffffff'), 0xffffffff);
  assert.is(decode(u64, 'ffffffffffffffff'), 2n ** 64n - 1n);
  assert.is(decode(u15, '8001'), 1);
  assert.equal(encode(u32, 0x80000000), hex('80000000'));
  assert.equal(encode(unsigned(16), 1n), hex(`${'00'.repeat(15)}01`));
  for (const value of [256, -1, 1.5, Number.NaN]) {
    assert.is(refusal(() => encode(u8, value)).kind, 'unencodable');
  }
  assert.is(refusal(() => encode(u15, 0x8000)).kind, 'unencodable');
  assert.is(refusal(() => encode(u64, 2n ** 64n)).kind, 'unencodable');
  assert.is(refusal(() => decode(u32, '010203')).offset, 0);
});

fields('hidden fields are checked when read, written from the value, and not part of it', () => {
  const shape = record({ size: lengthOf('body', u8, 2), gap: reserved(2), body: bytes('size') });
  const value = decode(shape, '05ffff 010203');
  assert.equal(value, { body: hex('010203') });
  assert.equal(encode(shape, value), hex('050000 010203'));
  // @ts-expect-error a hidden field is no part of the value
  assert.is(value.size, undefined);
  // @ts-expect-error a visible one must be given
  const incomplete: Parameters<typeof shape.encode>[1] = {};
  assert.equal(incomplete, {});
  assert.is(refusal(() => decode(shape, '01ffff')).field, 'size');
  assert.is(refusal(() => decode(shape, '06ffff 010203')).field, 'body');
});

fields('a constant is only that', () => {
  const shape = record({ length: constant(u16, 16) });
  assert.equal(decode(shape, '0010'), {});
  assert.is(refusal(() => decode(shape, '0011')).field, 'length');
  assert.equal(encode(shape, {}), hex('0010'));
});

fields('flags ignore bits without a name', () => {
  const bits = flags({ low: 1, high: 0x80 });
  assert.equal(decode(bits, 'fe'), { low: false, high: true });
  assert.equal(encode(bits, { low: true, high: true }), hex('81'));
});

fields('lists: to the end or by count, never without end', () => {
  assert.equal(decode(listOf(u16, 4), '00010002'), [1, 2]);
  assert.match(refusal(() => decode(listOf(u16, 1), '00010002')).message, /more than 1/);
  const counted = record({
    size: itemSizeOf('items', u8),
    count: countOf('items', u16),
    items: listOf(bytes('size'), 65535, 'count'),
  });
  const value = { items: [hex('0102'), hex('0304')] };
  assert.equal(decode(counted, '02 0002 01020304'), value);
  assert.equal(encode(counted, value), hex('02 0002 01020304'));
  assert.is(refusal(() => decode(counted, '00 ffff')).field, 'items');
  assert.is(refusal(() => decode(counted, '02 0003 01020304')).field, 'items');
  const unlike = { items: [hex('01'), hex('0203')] };
  assert.is(refusal(() => encode(counted, unlike)).kind, 'unencodable');
  assert.is(refusal(() => encode(listOf(u8, 1), [1, 2])).kind, 'unencodable');
});

fields('substructures: the marker agrees with the end, the length with the body', () => {
  const list = substructures(3, rest, 4);
  assert.equal(decode(list, '0300 0005 aa  0000 0004'), [hex('aa'), hex('')]);
  assert.equal(encode(list, [hex('aa'), hex('')]), hex('0300 0005 aa  0000 0004'));
  const wrong = {
    'last says more': '0300 0005 aa',
    'first says last': '0000 0005 aa 0000 0004',
    'another marker': '0200 0005 aa 0000 0004',
    'length below the header': '0000 0003',
    'length past the end': '0000 0006 aa',
    'half a header': '0000',
    'too many': `${'0300 0004'.repeat(4)}0000 0004`,
  };
  for (const [name, text] of Object.entries(wrong)) {
    assert.is(refusal(() => decode(list, text)).kind, 'malformed', name);
  }
});

fields('a union keeps what it does not know', () => {
  const union = tagged(
    'kind',
    u8,
    [{ number: 7, is: 'seven', fields: record({ value: u8 }) }],
    rest4,
  );
  assert.equal(decode(union, '07 09'), { kind: 'seven', value: 9 });
  assert.equal(decode(union, '08 0a0b'), { kind: 'unknown', number: 8, body: hex('0a0b') });
  for (const text of ['0709', '080a0b'])
    assert.equal(encode(union, decode(union, text)), hex(text));
});
const rest4 = record({ body: rest });

fields('attributes: short as a number, long as bytes', () => {
  assert.equal(decode(attribute, '800e 0080'), { type: 14, value: 128 });
  assert.equal(decode(attribute, '000e 0002 0080'), { type: 14, value: hex('0080') });
  for (const text of ['800e0080', '000e00020080', '000e0000']) {
    assert.equal(encode(attribute, decode(attribute, text)), hex(text));
  }
  assert.is(refusal(() => decode(attribute, '000e 0003 0080')).kind, 'malformed');
  assert.is(refusal(() => encode(attribute, { type: 0x8000, value: 1 })).kind, 'unencodable');
});

fields('an error names payload, path and offset', () => {
  const inner = record({ low: u8, high: u16 });
  const outer = record({ items: listOf(inner, 9) });
  const input = new Reader(hex('01 0203 04 05'));
  input.payload = 'Test';
  const error = refusal(() => outer.decode(input, {}));
  assert.is(error.message, 'Test.items.high at byte 4: needs 2 bytes, 1 are left');
  assert.equal([error.payload, error.field, error.offset], ['Test', 'items.high', 4]);
});

fields('a writer grows', () => {
  const output = new Writer();
  for (let i = 0; i < 1000; i++) output.uint(4, i);
  output.patch(3996, 4, 7);
  const written = output.finish();
  assert.is(written.length, 4000);
  assert.equal(written.subarray(3992), hex('000003e6 00000007'));
});

fields.run();
