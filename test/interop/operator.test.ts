// What an operator sees of a live tunnel with strongSwan: captures that Wireshark opens with the keys
// we print, and the figures for Prometheus.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ALGORITHMS } from './algorithms.js';
import { eventually, run, stop } from './command.js';
import { prepare } from './packages.js';
import { Tmux } from './tmux.js';
import { ping } from './traffic.js';
import { type Tunnel, withTunnel } from './tunnel.js';

const operator = suite('strongSwan: operator');

/** Fields of the packets of a capture that a filter lets through, opened with the keys in `keys`. */
async function tshark(path: string, keys: string, filter: string, field: string) {
  const fields = ['-Y', filter, '-T', 'fields', '-e', field];
  const decode = [
    '-o',
    'esp.enable_encryption_decode:TRUE',
    '-o',
    'esp.enable_authentication_check:TRUE',
  ];
  const { status, output } = await run(undefined, [
    'env',
    `WIRESHARK_CONFIG_DIR=${keys}`,
    'tshark',
    '-n',
    ...decode,
    '-r',
    path,
    ...fields,
  ]);
  if (status !== 0) throw new Error(`tshark: ${output}`);
  return output.split('\n').filter((line) => line !== '' && !line.startsWith('Running as'));
}

/** The peer connects anew while all of it is captured; five echoes go through. */
async function captured(tunnel: Tunnel, path: string): Promise<void> {
  const { culvert, topology } = tunnel;
  const said = `${path}.out`;
  const child = culvert.spawn(said, 'capture', '--out', path, '--decrypted');
  await eventually('the capture to begin', () => readOrEmpty(path).length > 100);
  await culvert.command('active-peers', 'kill-connections');
  await eventually('the old IKE SA to go', async () =>
    (await culvert.print('active-peers print')).every(({ state }) => state !== 'established'),
  );
  await tunnel.up();
  assert.is(await ping(topology, 'alice', 'v4', { count: 5 }), 5);
  // What came last is written within a look of the daemon at its taps.
  let size = 0;
  await eventually('the capture to be still', () => {
    const before = size;
    size = readFileSync(path).length;
    return size === before;
  });
  await stop(child, 'SIGINT', 'culvert capture');
  assert.match(readFileSync(said, 'utf8'), /^\d+ packets captured, 0 dropped by the kernel\n$/);
}

function readOrEmpty(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

async function opened(tunnel: Tunnel): Promise<void> {
  const { culvert, topology } = tunnel;
  const path = join(topology.folder, 'moon.pcapng');
  const keys = join(topology.folder, 'wireshark');
  await captured(tunnel, path);
  await culvert.command('installed-sa', 'print', 'wireshark', '--out', keys);
  for (const file of [path, join(keys, 'esp_sa'), join(keys, 'ikev2_decryption_table')]) {
    assert.is(statSync(file).mode & 0o777, 0o600, file);
  }
  const inEsp = await tshark(path, keys, 'frame.interface_id==0 && esp && icmp', 'icmp.seq');
  assert.ok(inEsp.length >= 10, `${inEsp.length} echoes and answers opened in ESP`);
  const bad = await tshark(path, keys, 'esp.icv_bad==1', 'frame.number');
  assert.equal(bad, [], 'integrity checks that fail with our keys');
  const plain = await tshark(path, keys, 'frame.interface_id==1 && icmp && !esp', 'icmp.seq');
  assert.ok(plain.length >= 10, `${plain.length} echoes and answers at the TUN`);
  // IKE_AUTH shows its identities, and CHILD_SAs their selectors, only where it is opened.
  const names = await tshark(path, keys, 'isakmp.exchangetype==35', 'isakmp.id.data.fqdn');
  assert.match(names.join(' '), /moon\.example.*sun\.example|sun\.example.*moon\.example/);
  const closed = await tshark(
    path,
    '/nonexistent',
    'isakmp.id.data.fqdn || icmp',
    'frame.interface_id',
  );
  assert.ok(!closed.includes('0'), 'nothing outside is open without the keys');
  const wrong = await tshark(path, keys, '_ws.malformed && !icmp', 'frame.number');
  assert.equal(wrong, [], 'malformed packets');
}

for (const name of ['AES-GCM-256', 'AES-CBC-256 with SHA2-512']) {
  operator(`capture and keys: tshark opens ESP and IKE, ${name}`, async () => {
    const algorithms = ALGORITHMS.find((one) => one.name === name)!;
    // 64-bit sequence numbers are in the ICV, and Wireshark's table knows nothing of them.
    const proposal = { esn: 'no' };
    const options = { initiator: 'culvert', algorithms, proposal } as const;
    await withTunnel(options, async (tunnel) => {
      await tunnel.up();
      await opened(tunnel);
    });
  });
}

const FETCH = `const response = await fetch('http://127.0.0.1:9516/metrics');
process.stdout.write(await response.text());`;

operator('metrics: what went through the tunnel, across a reconnection', async () => {
  const metrics = { address: '127.0.0.1' };
  await withTunnel({ initiator: 'culvert', metrics }, async (tunnel) => {
    const { topology, culvert } = tunnel;
    await tunnel.up();
    const figures = async (): Promise<(name: string) => number> => {
      const argv = [process.execPath, '--input-type=module', '-e', FETCH];
      const { output } = await run(topology.namespace('moon'), argv);
      return (name) => {
        const line = output.split('\n').find((one) => one.startsWith(`${name} `));
        assert.ok(line, `${name} in ${output}`);
        return Number(line!.split(' ').at(-1));
      };
    };
    assert.is(await ping(topology, 'alice', 'v4', { count: 5 }), 5);
    const before = await figures();
    const sent = 'culvert_peer_packets_total{peer="sun",direction="out"}';
    const handshakes = 'culvert_handshake_seconds_count{peer="sun",side="initiator"}';
    assert.ok(before(sent) >= 5);
    assert.is(before(handshakes), 1);
    assert.is(before('culvert_peer_up{peer="sun"}'), 1);
    assert.is(before('culvert_policies{active="yes"}'), 1);
    assert.ok(before('culvert_worker_cpu_seconds_total{worker="0"}') >= 0);
    assert.is(before('culvert_queue_drops_total{queue="udp-4500",worker="0"}'), 0);
    // The kernel's own packets to a device that is not read yet may be lost.
    assert.ok(before('culvert_queue_drops_total{queue="tun"}') < 10);
    assert.ok(before('culvert_out_packets_total') >= 5);
    await culvert.command('active-peers', 'kill-connections');
    await eventually('a second handshake', async () => (await figures())(handshakes) === 2);
    const after = await figures();
    assert.ok(after(sent) >= before(sent), 'the counts of the SA that is gone are kept');
    assert.ok(after('culvert_handshake_seconds_sum{peer="sun",side="initiator"}') > 0);
  });
});

/** Until a screen has it all; the screen. */
async function shows(tmux: Tmux, ...wanted: RegExp[]): Promise<string[]> {
  const look = (): string[] | undefined => {
    const lines = tmux.screen();
    return wanted.every((one) => lines.some((line) => one.test(line))) ? lines : undefined;
  };
  return eventually(`a screen with ${wanted.join(', ')}`, look, undefined, () =>
    tmux.screen().join('\n'),
  );
}

const RESTORED = { alternate: false, cursor: true };

operator(
  'monitor in a terminal: rates, a new size, keys, and the terminal given back',
  async () => {
    await withTunnel({ initiator: 'culvert' }, async (tunnel) => {
      const { topology, culvert } = tunnel;
      await tunnel.up();
      const monitor = culvert.shellCommand('monitor', '--interval', '0.5');
      // The shell stays, with the exit status below what stood there before.
      const pid = join(topology.folder, 'monitor.pid');
      const inside = `echo $$ > ${pid}; exec ${monitor}`;
      const command = `echo before; sh -c '${inside}'; echo "ended $?"; exec cat`;
      let started = 0;
      const start = (): Tmux =>
        new Tmux(join(topology.folder, `tmux-${++started}`), 80, 24, command);
      let tmux = start();
      try {
        await shows(tmux, /^culvert monitor +1 of 1 peers up +2 SAs/, /^LAST EVENTS/);
        assert.equal(tmux.modes(), { alternate: true, cursor: false });
        const pinging = ping(topology, 'alice', 'v4', { count: 40, size: 1000, seconds: 20 });
        const small = await shows(
          tmux,
          /^sun +established +192\.0\.2\.2 +\S+ +[\d.]+[kM]bps +[\d.]+[kM]bps +[▁▂▃▄▅▆▇█]+/,
          /^0x[0-9a-f]{8} in +sun +aes-gcm-128 .*█/,
          /^in-packets +[1-9]/,
          /info ike\.auth\[sun\] IKE SA is up/,
        );
        console.log(`NOTE monitor at 80 by 24:\n${small.join('\n')}`);
        assert.is(small.filter((line) => line !== '').length <= 24, true);
        tmux.resize(120, 40);
        const large = await shows(tmux, /^culvert monitor .{85,} \d\d:\d\d:\d\d$/, /^q quit/);
        assert.match(large[39]!, /^q quit/);
        assert.ok((await pinging) > 0);
        tmux.press('Space');
        await shows(tmux, /HELD \d\d:\d\d:\d\d$/);
        tmux.press('q');
        await shows(tmux, /before$/, /^ended 0$/);
        assert.equal(tmux.modes(), RESTORED);
        tmux.close();
        tmux = start();
        await shows(tmux, /^culvert monitor/);
        process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');
        await shows(tmux, /^before$/, /^ended 143$/);
        assert.equal(tmux.modes(), RESTORED);
        tmux.close();
        tmux = start();
        await shows(tmux, /^culvert monitor/);
        await tunnel.stopCulvert();
        await shows(tmux, /^before$/, /^culvert: .*(no daemon|ended|closed)/, /^ended 1$/);
        assert.equal(tmux.modes(), RESTORED);
      } finally {
        tmux.close();
      }
    });
  },
);

if ((await prepare('strongswan', 'watching')) === undefined) operator.run();
