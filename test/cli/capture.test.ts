// culvert capture: the file it writes, block by block, from packets that a control socket of ours says.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../../src/cli/version.js';
import type { CaptureNews } from '../../src/daemon/capture.js';
import { type ControlHandlers, openControl } from '../../src/daemon/control.js';

const capture = suite<{ directory: string }>('cli capture');

capture.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-capture-'));
});
capture.after.each(({ directory }) => rmSync(directory, { recursive: true, force: true }));

const AT = 1_700_000_000_123_456_789n;
const packet = (length: number, outbound: boolean) => ({
  interface: outbound ? 1 : 0,
  at: String(AT),
  outbound,
  bytes: Buffer.alloc(length, 0x45).toString('base64'),
});

/** Runs the command against a daemon that has these answers and then waits. */
async function run(directory: string, args: string[], answers: CaptureNews[]) {
  const asked: unknown[] = [];
  const server = await openControl(join(directory, 'x.sock'), {} as ControlHandlers, {
    capture: async function* (given, signal) {
      asked.push(given);
      yield* answers;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  });
  try {
    const main = join(packageRoot, 'dist/src/cli/main.js');
    const argv = [main, 'capture', '--socket', server.path, ...args];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    const parts: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (data: Buffer) => parts.push(data));
    child.stderr.on('data', (data) => (err += data));
    const status = await new Promise((resolve) => child.on('close', resolve));
    return { status, err, out: Buffer.concat(parts), asked };
  } finally {
    await server.close();
  }
}

interface Block {
  readonly type: number;
  readonly body: Buffer;
}
function blocksOf(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    assert.is(length % 4, 0);
    assert.is(file.readUInt32LE(at + length - 4), length, 'the length stands at both ends');
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return blocks;
}

const NEWS: CaptureNews[] = [
  { interfaces: ['outside', 'culvert0 (decrypted)'], packets: [], dropped: 0 },
  { packets: [packet(61, false), packet(64, true), packet(20, true)], dropped: 4 },
];

capture(
  'a section, its interfaces, packets with time and direction, what was dropped',
  async (c) => {
    const path = join(c.directory, 'x.pcapng');
    writeFileSync(path, 'an older file', { mode: 0o644 });
    const args = ['--out', path, '--decrypted', '--packets', '2'];
    const { status, err, asked } = await run(c.directory, args, NEWS);
    assert.equal([status, err], [0, '2 packets captured, 4 dropped by the kernel\n']);
    assert.equal(asked, [{ decrypted: true }]);
    assert.is(statSync(path).mode & 0o777, 0o600);
    const blocks = blocksOf(readFileSync(path));
    assert.equal(
      blocks.map(({ type }) => type),
      [0x0a0d0d0a, 1, 1, 6, 6, 5],
    );
    assert.is(blocks[0]!.body.readUInt32LE(0), 0x1a2b3c4d);
    assert.is(blocks[1]!.body.readUInt16LE(0), 101);
    const [, , , first, second, last] = blocks.map(({ body }) => body);
    assert.is((BigInt(first!.readUInt32LE(4)) << 32n) | BigInt(first!.readUInt32LE(8)), AT);
    assert.equal([first!.readUInt32LE(12), second!.readUInt32LE(12)], [61, 64]);
    assert.equal([first!.readUInt32LE(0), second!.readUInt32LE(0)], [0, 1]);
    // 61 bytes take 64; behind them epb_flags: inbound, then outbound.
    assert.equal([...first!.subarray(84, 92)], [2, 0, 4, 0, 1, 0, 0, 0]);
    assert.equal([...second!.subarray(84, 92)], [2, 0, 4, 0, 2, 0, 0, 0]);
    assert.is(Number(last!.readBigUInt64LE(16)), 4);
  },
);

capture('to a pipe, until its time is over', async ({ directory }) => {
  const { status, out, asked } = await run(directory, ['--out', '-', '--seconds', '1'], NEWS);
  assert.is(status, 0);
  assert.equal(asked, [{}]);
  assert.is(blocksOf(out).filter(({ type }) => type === 6).length, 3);
});

capture('slips', async ({ directory }) => {
  const wrong = await run(directory, ['--out', '-', '--packets', '0'], NEWS);
  assert.match(wrong.err, '--packets 0: expected a whole number above 0');
  const nowhere = await run(
    directory,
    ['--out', join(directory, 'no', 'x'), '--packets', '1'],
    NEWS,
  );
  assert.match(nowhere.err, /^culvert: .*ENOENT/);
  assert.is(nowhere.status, 1);
});

capture.run();
