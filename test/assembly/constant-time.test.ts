// No secret decides an address, a branch, a select, a size or a division in the compiled module: each
// kernel runs in an interpreter that follows secrets through memory (reference/secrecy.ts). Keys, texts
// and tags are secret; where a tag is compared, exactly one branch may depend on them: right or wrong.
// The legacy ciphers (DES, 3DES, Blowfish, Twofish, Camellia) use tables and are not among these.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import binaryen from 'binaryen';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as ids from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { type Build, createMemory, loadModule } from '../../src/dataplane/module.js';
import { type Kind, Machine } from '../reference/secrecy.js';
import { asReceived, type Gateway } from './gateway.js';
import { ipv4, udp } from './packets.js';
import { recordAt } from './record.js';
import { connect, EAST, gateways, SUITES, WEST, westChild } from './site.js';

const constantTime = suite('constant time');
const NONE: Record<Kind, number> = { address: 0, branch: 0, select: 0, size: 0, division: 0 };
const VERDICT = { ...NONE, branch: 1 };
const FILES: Record<Build, string> = { simd128: 'culvert', relaxed: 'culvert-relaxed' };
const wasm = (build: Build): Uint8Array =>
  readFileSync(fileURLToPath(new URL(`../../${FILES[build]}.wasm`, import.meta.url)));

/** The real module lays out its constants in memory; the machine then runs on that memory. */
function machineOn(memory: WebAssembly.Memory, build: Build = 'simd128'): Machine {
  const machine = new Machine(wasm(build), memory.buffer);
  machine.call('attach', 0);
  return machine;
}

// Where the arguments stand.
const BASE = layout.WORKERS_AT + layout.WORKER_RX_SLOTS;
const [KEY, NONCE, AAD, TAG, JOBS, SRC, DST] = [0, 64, 96, 128, 256, 4096, 8192].map(
  (at) => BASE + at,
) as [number, number, number, number, number, number, number];
const CONTEXT = layout.SAS_AT + layout.SA_KEY;
const MAC_CONTEXT = layout.SAS_AT + layout.SA_MAC_KEY;
// Shorter than a block, a block, a batch and more, several groups and more than a segment of counters.
const LENGTHS = [0, 1, 16, 60, 64, 129, 333, 1400, 2300];
const KEY_BYTES = [16, 24, 32];

/** A machine whose arena and key contexts are secret but for nonce, additional data and jobs. */
function fresh(build: Build): { machine: Machine; word(at: number, value: number): void } {
  const memory = createMemory();
  loadModule(0, memory, 'simd128');
  const machine = machineOn(memory, build);
  machine.mark(BASE, 12_288, true);
  machine.mark(CONTEXT, layout.SA_KEY_SIZE + layout.SA_MAC_KEY_SIZE, true);
  machine.mark(NONCE, 64, false);
  machine.mark(JOBS, 2048, false);
  const view = new DataView(memory.buffer);
  return { machine, word: (at, value) => view.setUint32(at, value, true) };
}

for (const build of ['simd128', 'relaxed'] as const) {
  constantTime(`${build}: AES key schedule, blocks, CBC, and GCM with both verdicts`, () => {
    const { machine, word } = fresh(build);
    for (const keyBytes of KEY_BYTES) {
      const rounds = keyBytes / 4 + 6;
      machine.call('gcmSetKey', CONTEXT, KEY, keyBytes);
      machine.call('encryptBlocks', CONTEXT, rounds, SRC);
      machine.call('decryptBlocks', CONTEXT, rounds, SRC);
      for (let lane = 0; lane < 16; lane++) {
        [SRC, DST, 16 * lane, NONCE].forEach((value, i) => {
          word(JOBS + 16 * lane + 4 * i, value);
        });
      }
      machine.call('cbcEncryptLanes', CONTEXT, keyBytes, JOBS, 16);
      machine.call('cbcDecrypt', CONTEXT, keyBytes, NONCE, SRC, DST, 400);
      for (const length of LENGTHS) {
        machine.call('gcmSeal', CONTEXT, keyBytes, NONCE, AAD, 8, SRC, DST, length, TAG);
        assert.equal(machine.leaks, NONE, `${keyBytes} bytes of key, ${length} of text`);
      }
    }
    opens(machine, (length) => ['gcmOpen', CONTEXT, 16, NONCE, AAD, 8, SRC, DST, length, TAG]);
  });

  constantTime(`${build}: AES in counter mode; CCM and GMAC with both verdicts`, () => {
    const { machine, word } = fresh(build);
    const ccmJob = (length: number): void => {
      [SRC, DST, length, TAG].forEach((value, i) => {
        word(JOBS + 4 * i, value);
      });
      word(JOBS + 28, 8); // bytes of additional data
    };
    for (const keyBytes of KEY_BYTES) {
      machine.call('gcmSetKey', CONTEXT, KEY, keyBytes);
      for (const length of LENGTHS) {
        ccmJob(length);
        machine.call('ctrApply', CONTEXT, keyBytes, NONCE, SRC, DST, length);
        machine.call('ccmSealLanes', CONTEXT, keyBytes, 12, JOBS, 1);
        machine.call('gmacSeal', CONTEXT, keyBytes, NONCE, AAD, 20, SRC, DST, length, TAG);
        assert.equal(machine.leaks, NONE, `${keyBytes} bytes of key, ${length} of text`);
      }
    }
    opens(machine, (length) => ['gmacOpen', CONTEXT, 16, NONCE, AAD, 20, SRC, DST, length, TAG]);
    opens(machine, (length) => {
      ccmJob(length);
      return ['ccmOpenLanes', CONTEXT, 16, 12, JOBS, 1];
    });
  });

  constantTime(`${build}: ChaCha20 and Poly1305, with both verdicts`, () => {
    const { machine } = fresh(build);
    for (const length of LENGTHS) {
      machine.call('chachaPolySeal', KEY, NONCE, AAD, 8, SRC, DST, length, TAG);
      machine.call('poly1305', JOBS + 512, KEY, AAD, 12, SRC, length, TAG);
      assert.equal(machine.leaks, NONE, `${length} bytes`);
    }
    opens(machine, (length) => ['chachaPolyOpen', KEY, NONCE, AAD, 8, SRC, DST, length, TAG]);
  });

  constantTime(`${build}: HMAC of every hash, one message and in lanes`, () => {
    const { machine, word } = fresh(build);
    const macs = Object.entries(ids).filter(([name]) => name.startsWith('MAC_HMAC_'));
    assert.ok(macs.length >= 4);
    for (const [name, mac] of macs) {
      for (const keyBytes of [20, 64, 131])
        machine.call('hmacSetKey', MAC_CONTEXT, mac, KEY, keyBytes);
      for (let lane = 0; lane < 5; lane++) {
        [SRC, 300 * lane, DST + 64 * lane, 0, 0].forEach((value, i) => {
          word(JOBS + 32 * lane + 4 * i, value);
        });
      }
      machine.call('hmacLanes', MAC_CONTEXT, mac, JOBS, 5);
      assert.equal(machine.leaks, NONE, name);
    }
  });
}

/** Opens every length twice, right and wrong: one branch each time, whatever the length. */
function opens(machine: Machine, call: (length: number) => [string, ...number[]]): void {
  for (const length of LENGTHS) {
    for (const verdict of [true, false]) {
      Object.assign(machine.leaks, NONE);
      machine.verdict = verdict;
      machine.call(...call(length));
      assert.equal(machine.leaks, VERDICT, `${length} bytes, ${verdict}`);
    }
  }
}

/** The gateway's batches run in a machine, whose key contexts are secret. */
function instrument(gateway: Gateway, before: (machine: Machine) => void): Machine {
  const machine = machineOn(gateway.memory);
  const run =
    (name: string) =>
    (...args: number[]) => {
      for (const { slot } of gateway.tables.list()) {
        machine.mark(recordAt(slot) + layout.SA_KEY, layout.SA_KEY_SIZE, true);
        machine.mark(recordAt(slot) + layout.SA_MAC_KEY, layout.SA_MAC_KEY_SIZE, true);
      }
      before(machine);
      return Number(machine.call(name, ...args));
    };
  const { processOutbound, processInbound } = {
    processOutbound: run('processOutbound'),
    processInbound: run('processInbound'),
  };
  Object.assign(gateway, { exports: { ...gateway.exports, processOutbound, processInbound } });
  return machine;
}

/** Exempt by name: they look secrets up in tables, and do nothing else that time could tell. */
const LEGACY = /^(des|3des|blowfish|twofish|camellia)/;
const BATCH = 6;
const batch = (): Buffer[] =>
  Array.from({ length: BATCH }, (_, i) => ipv4(udp(Buffer.alloc(40 + i * 90, i))));
const PUBLIC = 28; // the IPv4 and UDP headers, which the policy reads

for (const each of SUITES) {
  constantTime(`a batch out: ${each.encryption} ${each.integrity}`, () => {
    const pair = gateways();
    connect(pair, westChild(1, { suite: each, udp: true }));
    const { west } = pair;
    const machine = instrument(west, () => {
      for (let i = 0; i < BATCH; i++) {
        const entry = layout.WORKERS_AT + layout.WORKER_RX_LIST + i * layout.RX_ENTRY;
        const at = west.view.getUint32(entry + layout.RX_AT, true);
        const length = west.view.getUint32(entry + layout.RX_LENGTH, true);
        machine.mark(at + PUBLIC, length - PUBLIC, true);
      }
    });
    assert.is(west.outbound(batch()).messages.length > 0, true);
    const tables = LEGACY.test(each.encryption);
    assert.is(machine.leaks.address > 0, tables, 'a table is seen, and only where one may be');
    assert.equal({ ...machine.leaks, address: 0 }, NONE);
  });
}

for (const each of SUITES.filter(({ encryption }) => encryption === 'null')) {
  constantTime(`the ICV of a batch in: ${each.integrity}`, () => {
    const delivered = [true, false].map((verdict) => {
      const pair = gateways();
      connect(pair, westChild(1, { suite: each, udp: true }));
      const { messages } = pair.west.outbound(batch());
      const machine = instrument(pair.east, () => undefined);
      machine.verdict = verdict;
      const received = messages.map((message) => asReceived(message, WEST[4], EAST[4]));
      const { tun } = pair.east.inbound(ids.PORT_UDP4_4500, received);
      assert.equal(machine.leaks, { ...NONE, branch: BATCH }, 'one branch for each packet');
      return tun.length;
    });
    // the compiler decides which way a branch goes for a right ICV
    assert.equal(delivered.sort(), [0, BATCH]);
  });
}

/** What the analysis must find, so that its silence means something. Secret: the byte at 0. */
const FOUND: readonly [Kind, string][] = [
  ['address', '(drop (i32.load (i32.add (i32.const 64) (i32.load8_u (i32.const 0)))))'],
  ['address', '(i32.store8 (i32.shl (i32.load8_u (i32.const 0)) (i32.const 2)) (i32.const 1))'],
  ['branch', '(block $out (br_if $out (i32.load8_u (i32.const 0))) (nop))'],
  ['branch', '(if (i32.eqz (i32.load8_u (i32.const 0))) (then (nop)))'],
  ['select', '(drop (select (i32.const 1) (i32.const 2) (i32.load8_u (i32.const 0))))'],
  ['size', '(memory.fill (i32.const 64) (i32.const 0) (i32.load8_u (i32.const 0)))'],
  ['division', '(drop (i32.div_u (i32.const 9) (i32.load8_u (i32.const 0))))'],
  // through memory, a vector and a copy
  [
    'address',
    `(v128.store (i32.const 16) (i32x4.splat (i32.load8_u (i32.const 0))))
     (memory.copy (i32.const 32) (i32.const 16) (i32.const 16))
     (drop (i32.load (i32x4.extract_lane 2 (v128.load (i32.const 32)))))`,
  ],
];

FOUND.forEach(([kind, code], i) => {
  constantTime(`the analysis finds a secret ${kind} (${i + 1})`, () => {
    const text = `(module (import "env" "memory" (memory 1 1 shared)) (func (export "f") ${code}))`;
    const memory = createMemory();
    const machine = new Machine(binaryen.parseText(text).emitBinary(), memory.buffer);
    machine.call('f');
    assert.equal(machine.leaks, NONE);
    machine.mark(0, 1, true);
    machine.call('f');
    assert.equal(machine.leaks, { ...NONE, [kind]: 1 });
  });
});

constantTime.run();
