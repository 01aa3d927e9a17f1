// Rows from rounds whose medians and ratios are known; and the table, JSON and chart made of them.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { drawChart } from '../../src/bench/chart.js';
import { type Measured, tunnelRows } from '../../src/bench/tunnel-rows.js';
import type { Outcome } from '../../src/bench/tunnel-work.js';
import { WORKS } from '../../src/bench/work.js';
import { OUTPUT as PEERS } from '../../src/cli/bench-peers.js';
import { OUTPUT as TUNNEL } from '../../src/cli/bench-tunnel.js';
import { formatTable } from '../../src/cli/table.js';
import type { Proposal } from '../../src/lab/peer.js';
import { parseXml } from '../reference/xml.js';

const test = suite('bench tunnel rows');

const [TCP, UDP] = ['tcp-1', 'udp-64'].map((name) => WORKS.find((work) => work.name === name)!);

function measured(name: string, proposal: Proposal, tcp: number[], cpu: number[]): Measured {
  const peer = {
    name,
    version: () => `${name} 1.2.3`,
    missing: () => undefined,
    carries: () => true,
    start: () => Promise.reject(new Error('never started')),
  };
  const streams = tcp.map((mbits, round): Outcome => {
    return name === 'bare' ? { mbits } : { mbits, cpuSecondsPerGb: cpu[round]! };
  });
  const datagrams = tcp.map(
    (mbits): Outcome => ({
      mbits: mbits / 10,
      kpps: mbits / 2,
      lossPercent: 0.5,
      mostKpps: mbits,
      latencyP50Us: 100,
      latencyP99Us: 900,
    }),
  );
  return {
    peer,
    proposal,
    outcomes: new Map([
      [TCP!, streams],
      [UDP!, datagrams],
    ]),
  };
}

const CHACHA = { enc: 'chacha20poly1305' };
const CBC = { enc: 'aes-256-cbc', auth: 'sha256' };
const ALL = [
  measured('culvert', CHACHA, [1000, 900, 3000], [3, 3, 9]),
  measured('culvert', CBC, [500, 600, 700], [6, 6, 6]),
  measured('strongswan', CBC, [100, 300, 140], [12, 12, 12]),
  measured('strongswan', CHACHA, [100, 300, 200], [10, 30, 10]),
  measured('wireguard-go', CHACHA, [250, 100, 300], [6, 4, 9]),
  measured('bare', CHACHA, [9000, 8000, 7000], []),
];
const ROWS = tunnelRows(ALL, [TCP!, UDP!], 'iperf 3.12');
const rowNamed = (name: string) => ROWS.find((row) => row.name === name)!;

test('a row per subject and work, in order; medians of the rounds', () => {
  assert.equal(
    ROWS.slice(0, 6).map(({ name, unit, value }) => [name, unit, value]),
    [
      ['culvert chacha20poly1305 tcp-1', 'Mbit/s', 1000],
      ['culvert aes-256-cbc+sha256 tcp-1', 'Mbit/s', 600],
      ['strongswan aes-256-cbc+sha256 tcp-1', 'Mbit/s', 140],
      ['strongswan chacha20poly1305 tcp-1', 'Mbit/s', 200],
      ['wireguard-go chacha20poly1305 tcp-1', 'Mbit/s', 250],
      ['bare tcp-1', 'Mbit/s', 8000],
    ],
  );
  const udp = rowNamed('wireguard-go chacha20poly1305 udp-64');
  assert.equal([udp.unit, udp.value, udp.kpps, udp.mbits], ['kpps', 125, 125, 25]);
  assert.equal([udp.generator, udp.version], ['own generator', 'wireguard-go 1.2.3']);
  assert.equal(rowNamed('culvert chacha20poly1305 tcp-1').rounds, [1000, 900, 3000]);
  assert.is(rowNamed('culvert chacha20poly1305 tcp-1').cpuSecondsPerGb, 3);
  assert.not('cpuSecondsPerGb' in rowNamed('bare tcp-1'));
});

test('ratios: round by round, with the same cipher where the peer has it', () => {
  const chacha = rowNamed('culvert chacha20poly1305 tcp-1');
  // by round 10, 3, 15; 4, 9, 10; 0.11, 0.11, 0.43
  assert.equal(chacha.ratios, { strongswan: 10, 'wireguard-go': 9, bare: 0.1125 });
  assert.equal(chacha.cpuRatios, { strongswan: 0.3, 'wireguard-go': 0.75 });
  const cbc = rowNamed('culvert aes-256-cbc+sha256 tcp-1');
  assert.equal([cbc.ratios!.strongswan, cbc.cpuRatios!.strongswan], [5, 0.5]);
  assert.is(cbc.ratios!['wireguard-go'], 7 / 3, 'wireguard-go has one cipher for all');
  assert.is(rowNamed('strongswan chacha20poly1305 tcp-1').ratios, undefined);
});

test('the tables', () => {
  const lines = formatTable(PEERS.table, ROWS).split('\n');
  assert.match(lines[0]!, /^Columns: PEER, CIPHER, WORK, MBIT\/S, KPPS, BY-STRONGSWAN, BY-WIRE/);
  assert.match(
    lines[2]!,
    /^ 0 +culvert +chacha20poly1305 +tcp-1 +1 000 +– +10\.0 +9\.00 +– +– +– +3\.00/,
  );
  assert.match(lines[13]!, /^11 +bare +none +udp-64 +800 +4 000 +– +– +0\.500 +100 +900 +– +8 000/);
  const tunnel = formatTable(TUNNEL.table, ROWS);
  assert.not.match(tunnel, 'STRONGSWAN,');
  assert.match(tunnel, 'CPU-S/GB');
});

test('the chart has every work, without the bare path, and CPU time', () => {
  const root = parseXml(drawChart({ ...PEERS.chart(ROWS), notes: [] }));
  const said = root.children.map(({ text }) => text);
  for (const title of ['tcp-1 (Mbit/s)', 'udp-64 (kpps)']) assert.ok(said.includes(title), title);
  assert.is(said.filter((text) => text === 'strongswan aes-256-cbc+sha256').length, 3);
  assert.not(said.some((text) => text.startsWith('bare')));
  assert.is(root.children.filter(({ name }) => name === 'rect').length, 1 + 3 * 5);
});

test.run();
