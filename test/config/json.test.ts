// Positions of JSON's faults, equal keys, and agreement with JSON.parse.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkJson } from '../../src/config/json.js';
import { formatProblem } from '../../src/config/problem.js';

const json = suite('config json');

const faults: [string, string][] = [
  ['', 'line 1, column 1: the end of the file: expected a value'],
  ['{\n  "peer": [\n', 'line 3, column 1: the end of the file: expected a value'],
  ['{"a" 1}', 'line 1, column 6: "1": expected : after the property name'],
  ['{"a": 1 "b": 2}', 'line 1, column 9: "\\"": expected , or }'],
  ['{"a": 1,}', 'line 1, column 9: "}": expected a property name in double quotes'],
  ["{'a': 1}", 'line 1, column 2: "\'": expected a property name in double quotes or }'],
  ['[1, 2', 'line 1, column 6: the end of the file: expected , or ]'],
  ['{"a": yes}', 'line 1, column 7: "y": expected a value'],
  ['{"a": "two\nlines"}', 'line 1, column 7: "\\"": expected a string that ends on its line'],
  ['{"a": "\\x"}', 'line 1, column 7: "\\"": expected a string that ends on its line'],
  ['{}\n// comment', 'line 2, column 1: "/": expected the end of the file'],
  ['{"a": 01}', 'line 1, column 8: "1": expected , or }'],
];
for (const [text, expected] of faults) {
  json(`fault in ${JSON.stringify(text)}`, () => {
    const problems = checkJson(text).map(formatProblem);
    assert.is(problems.length, 1);
    assert.ok(problems[0]!.startsWith(expected), problems[0]!);
    assert.throws(() => JSON.parse(text));
  });
}

json('equal keys of one object, each with its path', () => {
  const text = '{"peer":[{"name":"a",\n"name":"b"}],"tun":{},"tun":{}}';
  assert.equal(checkJson(text).map(formatProblem), [
    'peer[0].name: again at line 2, column 1: expected this property once, not twice',
    'tun: again at line 2, column 23: expected this property once, not twice',
  ]);
  assert.equal(checkJson('{"a":{"x":1},"b":{"x":1}}'), []);
});

json('agrees with JSON.parse on ten thousand mutations', () => {
  const base = '{"a":[1,-2.5e3,true,null,"x\\u00e9\\n"],"b":{"c":"d","e":[]},"f":{}}';
  const letters = '{}[]",:\\01e-.tnf u\n\t';
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed >>> 8) % below;
  };
  let wrong = 0;
  for (let round = 0; round < 10_000; round++) {
    const at = random(base.length);
    const letter = letters[random(letters.length)]!;
    const text = base.slice(0, at) + letter + base.slice(at + random(2));
    const mine = checkJson(text).filter(({ expected }) => !expected.includes('once')).length === 0;
    let theirs = true;
    try {
      JSON.parse(text);
    } catch {
      theirs = false;
    }
    assert.is(mine, theirs, text);
    if (!theirs) wrong++;
  }
  assert.ok(wrong > 1000 && wrong < 9999);
});

json('nesting without end is refused, not followed', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  assert.match(formatProblem(checkJson(deep)[0]!), /expected at most 64 levels/);
  assert.equal(checkJson(JSON.stringify('x'.repeat(5_000_000))), []);
});

json.run();
