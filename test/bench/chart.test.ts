// The chart is well-formed XML whatever the words are, says every figure, and its bars are in
// proportion.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Chart, drawChart, formatFigure } from '../../src/bench/chart.js';
import { type Element, parseXml } from '../reference/xml.js';

const test = suite('bench chart');

const CHART: Chart = {
  title: 'A & B <at> "C"\u0007',
  groups: [
    {
      title: 'TCP, 1 flow',
      unit: 'Mbit/s',
      bars: [
        { label: 'ours', value: 2000 },
        { label: 'theirs', value: 500 },
      ],
    },
    {
      title: 'UDP <64>',
      unit: 'kpps',
      bars: [
        { label: 'theirs', value: 0 },
        { label: 'ours', value: Number.NaN },
      ],
    },
  ],
  notes: ['EPYC & friends', 'Node.js'],
};

const all = (element: Element, name: string): Element[] => [
  ...(element.name === name ? [element] : []),
  ...element.children.flatMap((child) => all(child, name)),
];

test('it is well-formed and says everything', () => {
  const root = parseXml(drawChart(CHART));
  assert.is(root.name, 'svg');
  assert.is(root.attributes.xmlns, 'http://www.w3.org/2000/svg');
  const said = all(root, 'text').map(({ text }) => text);
  for (const words of [
    'A & B <at> "C"?',
    'TCP, 1 flow (Mbit/s)',
    'UDP <64> (kpps)',
    '2 000',
    '500',
  ]) {
    assert.ok(said.includes(words), words);
  }
  assert.equal(said.slice(-2), ['EPYC & friends', 'Node.js']);
});

test('bars are in proportion, of one colour per label, and inside the picture', () => {
  const root = parseXml(drawChart(CHART));
  const [ground, ...bars] = all(root, 'rect');
  const widths = bars.map(({ attributes }) => Number(attributes.width));
  assert.is(widths[0], 4 * widths[1]!);
  assert.equal(widths.slice(2), [0, 0]);
  const fills = bars.map(({ attributes }) => attributes.fill);
  assert.equal([fills[3], fills[2]], [fills[0], fills[1]]);
  assert.is.not(fills[0], fills[1]);
  const height = Number(root.attributes.height);
  for (const { attributes } of [...bars, ...all(root, 'text')]) {
    assert.ok(Number(attributes.y) > 0 && Number(attributes.y) < height, attributes.y);
    assert.ok(Number(attributes.x) + Number(attributes.width ?? 0) < Number(root.attributes.width));
  }
  assert.is(Number(ground!.attributes.height), height);
});

test('the same figures give the same file; none give an empty chart', () => {
  assert.is(drawChart(CHART), drawChart(structuredClone(CHART)));
  assert.is(all(parseXml(drawChart({ title: 'none', groups: [], notes: [] })), 'rect').length, 1);
});

test('figures have three significant digits', () => {
  const expected = [
    [0, '0.00'],
    [0.0012345, '0.00123'],
    [0.5, '0.500'],
    [9.876, '9.88'],
    [98.76, '98.8'],
    [1234.5, '1 235'],
    [1234567, '1 234 567'],
    [undefined, '–'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ] as const;
  for (const [value, shown] of expected) assert.is(formatFigure(value), shown);
});

test.run();
