// ESP packets of the packet path against published ones and against test/reference/esp.ts, in both
// directions: every suite, with and without ESN, over UDP and raw, IPv4 and IPv6 outside and inside.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_ESP4, PORT_ESP6, PORT_UDP4_4500, PORT_UDP6_4500 } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import type { Association } from '../../src/dataplane/association.js';
import { cipherOf } from '../reference/ciphers.js';
import {
  blockBytes,
  icvBytes,
  ivBytes,
  open,
  type ReferenceSa,
  seal,
  sealText,
} from '../reference/esp.js';
import { chachaVector, type EspVector, gcmVectors } from '../vectors/esp.js';
import { hex, seeded } from './arena.js';
import { asReceived, Gateway, type Message, sockaddr } from './gateway.js';
import { ipv4, ipv6, udp } from './packets.js';
import { recordAt, setRightEdge } from './record.js';
import { connect, EAST, gateways, policy, SUITES, selectors, WEST, westChild } from './site.js';

const esp = suite('esp');
const pair = gateways();
const { west, east } = pair;
let children = 0;

const outboundSa = (child: Association): ReferenceSa => ({ ...child, ...child.outbound });
const slotOf = (gateway: Gateway, direction: 'in' | 'out'): number =>
  gateway.tables.list().find((sa) => sa.direction === direction)!.slot;

/** Inner packets of many lengths, all of which fit a path of 1500 bytes under every suite. */
function packets(seed: number, family: 4 | 6): Buffer[] {
  const random = seeded(seed);
  const lengths = [...Array.from({ length: 40 }, (_, i) => i), 63, 64, 65, 127, 128, 200, 255, 256];
  for (let i = 0; i < 15; i++) lengths.push(257 + random.number(1076));
  return [...lengths, family === 4 ? 1352 : 1332].map((length) => {
    const data = udp(random.bytes(length));
    return family === 4 ? ipv4(data) : ipv6(data);
  });
}

function checkOuter(message: Message, child: Association, port: number): void {
  const outer = child.remote.address.family;
  assert.is(message.port, port);
  assert.equal(message.name, sockaddr(EAST[outer], child.udpEncapsulation ? 4500 : 0));
  assert.is(message.control.length, outer === 4 ? 32 : 40, 'PKTINFO alone');
  const at = outer === 4 ? 20 : 16;
  const source = sockaddr(WEST[outer], 0).subarray(outer === 4 ? 4 : 8);
  assert.equal(
    message.control.subarray(at, at + (outer === 4 ? 4 : 16)),
    source.subarray(0, outer === 4 ? 4 : 16),
  );
}

/** The IV of sequence number n: n itself for an AEAD or CTR; for CBC a block made of it, encrypted. */
function expectedIv(sa: ReferenceSa, sequence: bigint): Buffer {
  const { iv: length, block, encrypt } = cipherOf(sa.encryption);
  const iv = Buffer.alloc(length);
  if (block < 8) {
    if (length === 8) iv.writeBigUInt64BE(sequence);
    return iv;
  }
  iv.writeBigUInt64LE(sequence, 0);
  if (length === 16) iv.writeUInt32LE(sa.spi, 8);
  return encrypt(sa, Buffer.alloc(length), iv);
}

function bothWays(child: Association, inner: readonly Buffer[], high: bigint): void {
  connect(pair, child);
  const sa = outboundSa(child);
  const start = (high << 32n) | (high === 0n ? 0n : 77n);
  const sequences = new BigUint64Array(west.memory.buffer, recordAt(slotOf(west, 'out')), 100);
  sequences[layout.SA_SEQ / 8] = start;
  setRightEdge(east.memory, slotOf(east, 'in'), start);
  const six = child.remote.address.family === 6;
  const raw = six ? PORT_ESP6 : PORT_ESP4;
  const port = child.udpEncapsulation ? (six ? PORT_UDP6_4500 : PORT_UDP4_4500) : raw;
  const { messages } = west.outbound(inner);
  assert.is(messages.length, inner.length);
  messages.forEach((message, index) => {
    const sequence = start + BigInt(index) + 1n;
    const opened = open(sa, high, message.bytes);
    assert.ok(opened, `packet ${index} is not authentic`);
    assert.is(opened.sequenceLow, Number(sequence & 0xffffffffn));
    assert.equal(opened.iv, expectedIv(sa, sequence));
    assert.equal(opened.packet, inner[index]);
    assert.is(opened.nextHeader, inner[index]![0]! >> 4 === 4 ? 4 : 41);
    assert.ok(opened.padding.every((byte, i) => byte === i + 1));
    assert.ok(opened.padding.length < blockBytes(sa), 'no more padding than it takes');
    checkOuter(message, child, port);
  });
  const outer = child.remote.address.family;
  const random = seeded(children + 1);
  const sealed = inner.map((packet, index) => {
    const sequence = start + BigInt(index) + 100n;
    const bytes = seal(sa, sequence, random.bytes(ivBytes(sa)), packet);
    return asReceived({ ...messages[0]!, bytes }, WEST[outer], EAST[outer]);
  });
  assert.equal(east.inbound(port, sealed).tun, inner);
  west.tables.remove(child.id);
  east.tables.remove(child.id);
}

for (const each of SUITES) {
  for (const esn of [false, true]) {
    for (const udpEncapsulation of [false, true]) {
      for (const outer of [4, 6] as const) {
        const name = `${each.encryption} ${each.integrity} ${esn ? 'esn ' : ''}`;
        esp(`${name}${udpEncapsulation ? 'udp' : 'raw'} over ipv${outer}: both ways`, () => {
          const options = { suite: each, esn, udp: udpEncapsulation, outer };
          for (const inner of [4, 6] as const) {
            for (const high of esn ? [0n, 3n] : [0n]) {
              const seed = ++children;
              const child = westChild(seed, { ...options, policy: inner === 4 ? 1 : 2, seed });
              bothWays(child, packets(seed, inner), high);
            }
          }
        });
      }
    }
  }
}

// ---- published packets ---------------------------------------------------------------------------

/** A gateway with one inbound SA for a vector, just before its sequence number. */
function receiver(vector: EspVector): { gateway: Gateway; packet: Buffer } {
  const aad = hex(vector.aad);
  const esn = aad.length === 12;
  const sequence = esn ? aad.readBigUInt64BE(4) : BigInt(aad.readUInt32BE(4));
  const gateway = new Gateway();
  gateway.tables.setPolicies([policy(1, '0.0.0.0/0', '0.0.0.0/0')]);
  const child = westChild(1, { esn });
  const all = [selectors('0.0.0.0/0')];
  gateway.tables.install(
    {
      ...child,
      encryption: vector.encryption,
      inbound: {
        spi: aad.readUInt32BE(0),
        encryptionKey: hex(vector.key),
        salt: hex(vector.salt),
        integrityKey: new Uint8Array(0),
      },
      outbound: { ...child.outbound, encryptionKey: hex(vector.key) },
      localSelectors: all,
      remoteSelectors: all,
    },
    { activate: true, pathMtu: 1500 },
  );
  setRightEdge(gateway.memory, slotOf(gateway, 'in'), sequence - 1n);
  const header = Buffer.concat([aad.subarray(0, 4), aad.subarray(aad.length - 4)]);
  const packet = Buffer.concat([header, ...[vector.iv, vector.sealed, vector.icv].map(hex)]);
  return { gateway, packet };
}

/** What was decrypted into the first transmit slot. */
function decrypted(gateway: Gateway, length: number): Buffer {
  const at = layout.WORKERS_AT + layout.WORKER_TX_SLOTS + layout.SLOT_HEADROOM;
  return Buffer.from(gateway.bytes.subarray(at, at + length));
}

for (const vector of gcmVectors) {
  esp(vector.source, () => {
    const { gateway, packet } = receiver(vector);
    const { tun } = gateway.inbound(PORT_ESP6, [{ bytes: packet }]);
    assert.equal(tun, []);
    assert.equal(gateway.counted(), { 'in-state-mismatches': 1 }, 'this SA is one over IPv4');
    const message = { port: PORT_ESP4, bytes: packet, name: packet, control: packet };
    gateway.inbound(PORT_ESP4, [asReceived(message, EAST[4], WEST[4])]);
    assert.equal(decrypted(gateway, hex(vector.text).length), hex(vector.text));
    assert.is(gateway.counters()['in-state-mode-errors'], 1);
  });
}

esp(chachaVector.source, () => {
  const { gateway, packet } = receiver(chachaVector);
  const message = { port: PORT_ESP4, bytes: packet, name: packet, control: packet };
  const { tun } = gateway.inbound(PORT_ESP4, [asReceived(message, EAST[4], WEST[4])]);
  assert.equal(tun, [hex(chachaVector.text).subarray(0, 84)]);
});

esp('the reference seals the published packets to the byte', () => {
  for (const vector of [...gcmVectors, chachaVector]) {
    const aad = hex(vector.aad);
    const esn = aad.length === 12;
    const sa: ReferenceSa = {
      spi: aad.readUInt32BE(0),
      encryption: vector.encryption,
      integrity: 'null',
      esn,
      encryptionKey: hex(vector.key),
      salt: hex(vector.salt),
      integrityKey: new Uint8Array(0),
    };
    const sequence = esn ? aad.readBigUInt64BE(4) : BigInt(aad.readUInt32BE(4));
    const sealed = sealText(sa, sequence, hex(vector.iv), hex(vector.text));
    assert.equal(sealed.subarray(16), Buffer.concat([hex(vector.sealed), hex(vector.icv)]));
  }
});

esp('a reference packet has the ICV length its suite says', () => {
  for (const each of SUITES) {
    const sa = { ...westChild(1, { suite: each }), ...westChild(1, { suite: each }).outbound };
    const bytes = seal(sa, 1n, Buffer.alloc(ivBytes(sa)), ipv4(udp(Buffer.alloc(100))));
    assert.is((bytes.length - 8 - ivBytes(sa) - icvBytes(sa)) % blockBytes(sa), 0);
  }
});

esp.run();
