// The printer of tables: layout, flags, comments, narrow terminals.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProperties, formatTable, type Table } from '../../src/cli/table.js';

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly on: boolean;
  readonly note: string;
}
const TABLE: Table<Row> = {
  flags: [
    { letter: 'X', name: 'disabled', on: (row) => !row.on },
    { letter: 'A', name: 'active', on: (row) => row.on },
    { letter: 'I', name: 'invalid', on: () => false },
  ],
  comment: (row) => row.note,
  columns: [
    { name: 'name', value: (row) => row.name },
    { name: 'bytes', value: (row) => String(row.bytes), right: true },
    { name: 'src-address', value: () => '192.0.2.0/24' },
  ],
};
const rows: Row[] = [
  { name: 'west', bytes: 5, on: true, note: '' },
  { name: 'a-long-name', bytes: 123456, on: false, note: 'branch office' },
];

const table = suite('cli table');

table('legend of the flags in use, numbered rows, columns in capitals', () => {
  assert.is(
    formatTable(TABLE, rows),
    [
      'Flags: X - DISABLED; A - ACTIVE',
      'Columns: NAME, BYTES, SRC-ADDRESS',
      '#     NAME          BYTES  SRC-ADDRESS',
      '0  A  west              5  192.0.2.0/24',
      '      ;;; branch office',
      '1 X   a-long-name  123456  192.0.2.0/24',
      '',
    ].join('\n'),
  );
});

table('a narrow terminal loses columns from the right, and says which', () => {
  const narrow = formatTable(TABLE, rows, 30);
  assert.is(
    narrow,
    [
      'Flags: X - DISABLED; A - ACTIVE',
      'Columns: NAME, BYTES',
      '#     NAME          BYTES',
      '0  A  west              5',
      '      ;;; branch office',
      '1 X   a-long-name  123456',
      'not shown (narrow terminal): src-address',
      '',
    ].join('\n'),
  );
  for (const line of formatTable(TABLE, rows, 40).split('\n').slice(2)) {
    assert.ok(line.length <= 40, line);
  }
  assert.match(formatTable(TABLE, rows, 1), 'NAME, BYTES');
});

table('no flag in use: no legend; more than ten rows: numbers to the right', () => {
  const many = Array.from({ length: 11 }, (_, at) => ({ ...rows[0]!, bytes: at }));
  const plain = formatTable({ ...TABLE, flags: [] }, many).split('\n');
  assert.is(plain[0], 'Columns: NAME, BYTES, SRC-ADDRESS');
  assert.is(plain[2], ' 0  west      0  192.0.2.0/24');
  assert.is(plain[12], '10  west     10  192.0.2.0/24');
});

table('nothing to show', () => {
  assert.is(formatTable(TABLE, []), 'no entries\n');
});

table('control characters do not reach the terminal', () => {
  const evil = formatTable(TABLE, [{ ...rows[0]!, name: '\u001b[2Jx', note: 'a\nb' }]);
  assert.match(evil, '?[2Jx');
  assert.match(evil, ';;; a?b');
  assert.is(formatProperties([['id', '\u0007x']]), 'id: ?x\n');
});

table.run();
