// The figures for Prometheus: their text, who may ask for them, and that none goes back.
// Shows metrics.address, metrics.port
import { request } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTERS } from '../../src/daemon/counter-names.js';
import { exposition } from '../../src/daemon/exposition.js';
import { Handshakes } from '../../src/daemon/handshakes.js';
import { families, type Figures } from '../../src/daemon/metrics.js';
import { type MetricsServer, serveMetrics } from '../../src/daemon/metrics-server.js';
import type {
  ActivePeerRow,
  InstalledSaRow,
  PolicyRow,
  StatisticsRow,
} from '../../src/daemon/rows.js';
import { TrafficTotals } from '../../src/daemon/traffic-totals.js';
import { workerLoad } from '../../src/daemon/worker-load.js';
import { WORKER_BEAT, WORKER_SIZE, WORKER_THREAD, WORKERS_AT } from '../../src/contract/layout.js';
import { createMemory } from '../../src/dataplane/module.js';
import type { InstalledSa } from '../../src/dataplane/association.js';
import { gettid } from '../../src/net/libc.js';
import { deviceDrops } from '../../src/net/queue-drops.js';

const metrics = suite('daemon metrics');

const statistics = Object.fromEntries(
  COUNTERS.map(({ name }, at) => [name, at + 100]),
) as unknown as StatisticsRow;
const handshakes = new Handshakes();
handshakes.note({
  level: 'info',
  topic: 'ike.auth',
  peer: 'west',
  text: 'up',
  facts: { took: 300, side: 'initiator' },
});
const FIGURES: Figures = {
  version: '1.2.3',
  startedAt: 1_700_000_000_000,
  peers: ['west', 'ea"st\\'],
  statistics,
  active: [{ peer: 'west', state: 'established' } as ActivePeerRow],
  installed: [
    {
      peer: 'west',
      direction: 'in',
      spi: '0xc0ffee00',
      'current-bytes': 5,
      'current-packets': 1,
      'invalid-packets': 0,
      'expires-in': 60,
    } as InstalledSaRow,
  ],
  traffic: new Map([['west', { in: { bytes: 5, packets: 1 }, out: { bytes: 7, packets: 2 } }]]),
  handshakes,
  workers: [{ worker: 0, cpuSeconds: 1.5, beatAgeSeconds: 0.1 }],
  drops: [
    { queue: 'udp-4500', worker: 0, packets: 3 },
    { queue: 'tun', worker: -1, packets: 4 },
  ],
  policies: [],
};

metrics('every counter, and a line for each peer, SA, worker and queue', () => {
  const text = exposition(families(FIGURES));
  for (const [at, { name }] of COUNTERS.entries()) {
    assert.match(text, `\nculvert_${name.replaceAll('-', '_')}_total ${at + 100}\n`);
  }
  for (const line of [
    'culvert_info{version="1.2.3"} 1',
    'culvert_start_time_seconds 1700000000',
    'culvert_peer_up{peer="west"} 1',
    'culvert_peer_up{peer="ea\\"st\\\\"} 0',
    'culvert_peer_bytes_total{peer="west",direction="out"} 7',
    'culvert_sa_bytes_total{peer="west",direction="in",spi="0xc0ffee00"} 5',
    'culvert_handshake_seconds_bucket{peer="west",side="initiator",le="0.25"} 0',
    'culvert_handshake_seconds_bucket{peer="west",side="initiator",le="0.5"} 1',
    'culvert_handshake_seconds_bucket{peer="west",side="initiator",le="+Inf"} 1',
    'culvert_handshake_seconds_sum{peer="west",side="initiator"} 0.3',
    'culvert_worker_cpu_seconds_total{worker="0"} 1.5',
    'culvert_queue_drops_total{queue="udp-4500",worker="0"} 3',
    'culvert_queue_drops_total{queue="tun"} 4',
  ]) {
    assert.match(text, `\n${line}\n`.replace(/^\n(?=culvert_info)/, ''), line);
  }
});

metrics('a backup that waits for its turn is not missed', () => {
  const policy = (peer: string, current: string): PolicyRow =>
    ({ peer, 'current-peer': current, action: 'encrypt', active: current !== '' }) as PolicyRow;
  const standby = (peers: readonly string[], policies: readonly PolicyRow[]): string[] => {
    const text = exposition(families({ ...FIGURES, peers, policies }));
    return peers.filter((peer) => text.includes(`\nculvert_peer_standby{peer="${peer}"} 1\n`));
  };
  const three = ['west', 'second', 'third'];
  assert.equal(standby(three, [policy('west,second,third', 'west')]), ['second', 'third']);
  assert.equal(standby(three, [policy('second,west,third', 'west')]), ['third']);
  assert.equal(standby(three, [policy('west,second', ''), policy('third', '')]), []);
  // One that has a policy of its own is missed for that.
  assert.equal(standby(three, [policy('west,second', 'west'), policy('second', '')]), []);
});

metrics('the text is what the format says: help, type, then samples; no family twice', () => {
  const seen = new Set<string>();
  let name = '';
  for (const line of exposition(families(FIGURES)).trimEnd().split('\n')) {
    const help = /^# HELP (culvert_[a-z0-9_]+) \S/.exec(line);
    if (help) {
      name = help[1]!;
      assert.not(seen.has(name), name);
      seen.add(name);
    } else if (line.startsWith('#')) {
      assert.match(line, new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`));
    } else {
      const label = '[a-z]+="([^"\\\\\\n]|\\\\["\\\\n])*"';
      const sample = `^${name}(_bucket|_sum|_count)?(\\{${label}(,${label})*\\})? [0-9.e+-]+$`;
      assert.match(line, new RegExp(sample));
    }
  }
});

const half = (id: number, direction: 'in' | 'out', bytes: number): InstalledSa =>
  ({ association: { id, peer: 'west' }, direction, bytes, packets: 1 }) as unknown as InstalledSa;

metrics('a peer keeps the counts of SAs that are gone; an AH around an ESP counts once', () => {
  const totals = new TrafficTotals();
  const gone = { in: { bytes: 100, packets: 1 }, out: { bytes: 10, packets: 1 } };
  totals.keep('west', gone);
  const after = (sas: InstalledSa[]) => totals.totals(sas).get('west');
  assert.equal(after([half(2, 'in', 5), half(2, 'out', 0), half(2, 'in', 7)]), {
    in: { bytes: 105, packets: 2 },
    out: { bytes: 10, packets: 2 },
  });
  assert.is(after([])!.in.bytes, 100, 'asking changes nothing');
});

metrics("a worker's processor time is its thread's", () => {
  const memory = createMemory();
  const view = new DataView(memory.buffer);
  view.setUint32(WORKERS_AT + WORKER_THREAD, gettid(), true);
  view.setBigUint64(WORKERS_AT + WORKER_BEAT, BigInt(Date.now() - 5000), true);
  const busyUntil = performance.now() + 60;
  while (performance.now() < busyUntil) Math.sqrt(busyUntil);
  const [own, none] = workerLoad(memory, 2, Date.now());
  assert.ok(own!.cpuSeconds! > 0.02, String(own!.cpuSeconds));
  assert.ok(own!.beatAgeSeconds >= 5);
  assert.equal(none, { worker: 1, cpuSeconds: undefined, beatAgeSeconds: 0 });
  view.setUint32(WORKERS_AT + WORKER_SIZE + WORKER_THREAD, 0x7fff_fff0, true);
  assert.is(workerLoad(memory, 2, Date.now())[1]!.cpuSeconds, undefined, 'a thread that is gone');
});

metrics('drops of the device, from the table of devices', () => {
  const table = [
    'Inter-|   Receive                  |  Transmit',
    ' face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo',
    '    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16',
    'culvert0:  1 2 3 4 5 6 7 8 9 10 11 77 13 14 15 16',
  ].join('\n');
  assert.is(deviceDrops('culvert0', table), 77);
  assert.is(deviceDrops('culvert1', table), 0);
  assert.is(deviceDrops('lo'), 0);
});

interface Got {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
function ask(port: number, path: string, host?: string, method = 'GET'): Promise<Got> {
  const headers = host === undefined ? {} : { host };
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (part) => (body += part));
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          type: response.headers['content-type'] ?? '',
          body,
        }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

metrics('GET /metrics by a loopback name, and nothing else', async () => {
  const server = (await serveMetrics({ address: '127.0.0.1', port: 0 }, () => 'x 1\n'))!;
  try {
    const got = await ask(server.port, '/metrics');
    assert.equal(got, {
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: 'x 1\n',
    });
    assert.is((await ask(server.port, '/metrics', 'evil.example')).status, 403);
    assert.is((await ask(server.port, '/')).status, 404);
    assert.is((await ask(server.port, '/metrics', undefined, 'POST')).status, 405);
    assert.equal((await ask(server.port, '/metrics', 'localhost:1', 'HEAD')).body, '');
    const taken = serveMetrics({ address: '127.0.0.1', port: server.port }, () => '');
    const message = await taken.then(String, (error: Error) => error.message);
    assert.match(message, /cannot be served at 127\.0\.0\.1:\d+: somebody else listens there/);
  } finally {
    await server.close();
  }
});

metrics('off unless an address is configured', async () => {
  const off: MetricsServer | undefined = await serveMetrics(
    { address: undefined, port: 9516 },
    () => '',
  );
  assert.is(off, undefined);
});

metrics.run();
