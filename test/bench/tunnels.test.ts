// What the tunnel bench reads from others (iperf3, /proc) and makes of it: parsers and mixes.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIperf3 } from '../../src/bench/generator.js';
import { WORKS } from '../../src/bench/work.js';
import { ticksOf } from '../../src/lab/processes.js';

const test = suite('bench tunnels');

test('iperf3: what the far end received, or its error', () => {
  const report = {
    end: {
      sum_sent: { bytes: 300, seconds: 3 },
      sum_received: { bytes: 250, seconds: 3.5, bits_per_second: 571 },
    },
  };
  assert.equal(parseIperf3(JSON.stringify(report)), { bytes: 250, seconds: 3.5 });
  assert.throws(() => parseIperf3('{"error":"unable to connect"}'), 'iperf3: unable to connect');
  assert.throws(() => parseIperf3('{"end":{}}'), 'iperf3: no sum');
});

test('processor time: the name of a process may hold anything', () => {
  const rest = 'S 1 2 3 4 5 6 7 8 9 10 1500 250 0 0 20 0 11';
  assert.is(ticksOf(`42 (node) ${rest}`), 1750);
  assert.is(ticksOf(`42 (a) b (c d) ${rest}`), 1750);
});

test('IMIX is 7 : 4 : 1', () => {
  const work = WORKS.find(({ name }) => name === 'udp-imix')!;
  const packets = 'packets' in work ? work.packets : [];
  const count = (bytes: number): number => packets.filter((each) => each === bytes).length;
  assert.equal([64, 512, 1400].map(count), [7, 4, 1]);
});

test.run();
