// SAs and policies as the tables write them: published and unpublished, found again, erased.
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as layout from '../../src/contract/layout.js';
import { type Association, AssociationError } from '../../src/dataplane/association.js';
import { loadModule } from '../../src/dataplane/module.js';
import { Tables } from '../../src/dataplane/tables.js';
import { parseAddress, parsePrefix } from '../../src/policy/address.js';
import { selectorOf } from '../../src/policy/selector.js';

const tables = suite('tables');
const endpoint = (text: string, port: number) => ({ address: parseAddress(text)!, port });
const SELECTORS = {
  localSelectors: [selectorOf(parsePrefix('198.18.0.0/16')!)],
  remoteSelectors: [selectorOf(parsePrefix('198.19.0.0/16')!)],
};

function association(id: number, spi: number, changes: Partial<Association> = {}): Association {
  const keys = (tag: number) => ({
    spi: spi + tag,
    encryptionKey: new Uint8Array(randomBytes(32)),
    salt: new Uint8Array([1, 2, 3, 4]),
    integrityKey: new Uint8Array(0),
  });
  return {
    id,
    peer: 'east',
    policy: 7,
    local: endpoint('192.0.2.1', 4500),
    remote: endpoint('192.0.2.2', 4500),
    udpEncapsulation: true,
    mode: 'tunnel',
    protocol: 'esp',
    encryption: 'chacha20poly1305',
    integrity: 'null',
    esn: true,
    replayWindow: 1024,
    inbound: keys(0),
    outbound: keys(0x10000),
    ...SELECTORS,
    lifetime: { softSeconds: 1440, hardSeconds: 1800, softBytes: 0, hardBytes: 0 },
    ...changes,
  };
}

const module = loadModule(layout.CONTROL_ROW);
const words = new Uint32Array(module.memory.buffer);
const fresh = (): Tables => new Tables(module, { workers: 2, random: randomBytes });
const OPTIONS = { activate: true, pathMtu: 1500 };

tables('an installed child lists both halves, and is gone after removal', () => {
  const subject = fresh();
  const sa = association(1, 0x1000);
  subject.install(sa, OPTIONS);
  const rows = subject.list();
  assert.equal(
    rows.map(({ direction, state }) => [direction, state]),
    [
      ['in', 'mature'],
      ['out', 'mature'],
    ],
  );
  const [inbound] = rows;
  assert.is(subject.lookup(inbound!.slot, sa.inbound.spi), 1);
  assert.is(subject.lookup(inbound!.slot, sa.inbound.spi + 1), undefined);
  subject.remove(1);
  assert.equal(subject.list(), []);
  assert.is(subject.lookup(inbound!.slot, sa.inbound.spi), undefined);
});

tables('the inner MTU leaves room for every header, the padding and the ICV', () => {
  const subject = fresh();
  subject.install(association(1, 0x2000), OPTIONS);
  // 1500 − 20 (IPv4) − 8 (UDP) − 8 (ESP) − 8 (IV) − 16 (ICV) = 1440, a multiple of 4; − 2
  assert.is(subject.list()[1]!.innerMtu, 1438);
  subject.setPathMtu(parseAddress('192.0.2.2')!, 1300);
  assert.is(subject.list()[1]!.innerMtu, 1238);
  assert.is(subject.setPathMtu(parseAddress('192.0.2.3')!, 600), 0);
  assert.is(subject.list()[1]!.innerMtu, 1238);
  // a child that has moved belongs to its new path
  const { association: before } = subject.list()[0]!;
  subject.move(1, { ...before, remote: endpoint('192.0.2.3', 4500) });
  assert.is(subject.setPathMtu(parseAddress('192.0.2.2')!, 700), 0);
  assert.is(subject.setPathMtu(parseAddress('192.0.2.3')!, 1300), 1);
  subject.remove(1);
  assert.is(subject.setPathMtu(parseAddress('192.0.2.3')!, 1300), 0);
  subject.erase();
});

tables('no byte of a key is left in the memory after removal', () => {
  const subject = fresh();
  const first = association(1, 0x3000);
  const keys = { ...association(2, 0x4000).inbound, encryptionKey: new Uint8Array(0) };
  keys.integrityKey = new Uint8Array(randomBytes(32));
  const suite = { encryption: 'null', integrity: 'sha256' };
  const second = association(2, 0, { ...suite, inbound: keys, outbound: { ...keys, spi: 9 } });
  const memory = Buffer.from(module.memory.buffer, 0, layout.SAS_AT + 64 * layout.SA_SIZE);
  for (const sa of [first, second]) subject.install(sa, OPTIONS);
  assert.ok(
    memory.includes(Buffer.from(first.inbound.encryptionKey)),
    'the search finds a key that is there',
  );
  for (const sa of [first, second]) subject.remove(sa.id);
  for (const secret of [first.inbound.encryptionKey, first.outbound.encryptionKey]) {
    assert.not.ok(
      memory.includes(Buffer.from(secret.subarray(0, 16))),
      'a cipher key is still in memory',
    );
  }
  assert.not.ok(
    memory.includes(Buffer.from(keys.integrityKey.subarray(0, 16))),
    'an HMAC key is still there',
  );
  const records = layout.SAS_AT;
  assert.ok(memory.subarray(records, records + 16 * layout.SA_SIZE).every((byte) => byte === 0));
});

tables('a worker inside a batch delays the erasure until the batch ends', async () => {
  const subject = fresh();
  subject.install(association(1, 0x5000), OPTIONS);
  const { slot } = subject.list()[0]!;
  const keyAt = layout.SAS_AT + slot * layout.SA_SIZE + layout.SA_KEY;
  const epoch = (layout.WORKERS_AT + layout.WORKER_EPOCH) / 4;
  Atomics.store(words, epoch, 1);
  subject.remove(1);
  const key = Buffer.from(module.memory.buffer, keyAt, 32);
  assert.ok(key.some((byte) => byte !== 0));
  Atomics.store(words, epoch, 2);
  while (key.some((byte) => byte !== 0)) await new Promise((resolve) => setTimeout(resolve, 1));
});

tables('SPIs are unique, not reserved, and steer to the workers in turn', () => {
  const subject = fresh();
  const drawn = Array.from({ length: 1000 }, () => subject.allocateSpi());
  assert.is(new Set(drawn).size, 1000);
  assert.ok(drawn.every((spi, index) => spi >= 256 && spi % 2 === index % 2));
});

tables('an SPI that is in use, or too many selectors, is refused and changes nothing', () => {
  const subject = fresh();
  subject.install(association(1, 0x6000), OPTIONS);
  assert.throws(
    () => subject.install(association(2, 0x6000), OPTIONS),
    (error: Error) => error instanceof AssociationError && /in use/.test(error.message),
  );
  const many = Array.from({ length: 17 }, () => SELECTORS.localSelectors[0]!);
  assert.throws(
    () => subject.install(association(3, 0x7000, { localSelectors: many }), OPTIONS),
    /17 local and 1 remote selectors/,
  );
  const refused = (changes: Partial<Association>, reason: RegExp): void =>
    assert.throws(() => subject.install(association(4, 0x7100, changes), OPTIONS), reason);
  refused({ encryption: 'null' }, /needs an integrity algorithm/);
  refused({ integrity: 'sha256' }, /has its own integrity/);
  refused({ encryption: 'aes-128-gcm' }, /does not take such a key/);
  refused({ local: endpoint('2001:db8::1', 4500) }, /two families/);
  assert.is(subject.list().length, 2);
  subject.erase();
});

tables('thousands of rekeys leave the SPI table findable and the slots reused', () => {
  const subject = fresh();
  for (let id = 1; id <= 5000; id++) {
    subject.install(association(id, id * 0x20000), OPTIONS);
    if (id > 10) subject.remove(id - 10);
  }
  assert.is(subject.list().length, 20);
  assert.ok(subject.list().every(({ slot }) => slot < 64));
  for (const { slot, association: sa, direction } of subject.list()) {
    const spi = direction === 'in' ? sa.inbound.spi : sa.outbound.spi;
    assert.is(subject.lookup(slot, spi), sa.id);
  }
  subject.erase();
});

tables('traffic on a child is reported once', () => {
  const subject = fresh();
  subject.install(association(1, 0x8000), OPTIONS);
  const { slot } = subject.list()[0]!;
  assert.equal(subject.childrenWithTraffic(), []);
  words[(layout.SAS_AT + slot * layout.SA_SIZE + layout.SA_PACKETS) / 4] = 3;
  assert.equal(subject.childrenWithTraffic(), [1]);
  assert.equal(subject.childrenWithTraffic(), []);
  subject.erase();
});

tables.run();
