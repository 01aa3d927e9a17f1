import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as ids from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { drainMail, MailError } from '../../src/dataplane/mail.js';
import { createMemory } from '../../src/dataplane/module.js';
import { parseAddress } from '../../src/policy/address.js';

const mail = suite('dataplane/mail');

const ROW = 3;
const memory = createMemory();
const region = layout.WORKERS_AT + ROW * layout.WORKER_SIZE;
const words = new Uint32Array(memory.buffer);
const head = (region + layout.WORKER_MAIL_HEAD) >> 2;
const tail = (region + layout.WORKER_MAIL_TAIL) >> 2;

/** Writes a record at the head, as a worker does, running over the ring's end. */
function post(kind: number, length: number, fill: (record: DataView) => void): void {
  const record = new DataView(new ArrayBuffer(length));
  record.setUint32(layout.MAIL_LENGTH, length, true);
  record.setUint32(layout.MAIL_TYPE, kind, true);
  fill(record);
  const ring = new Uint8Array(memory.buffer, region + layout.WORKER_MAIL, layout.MAIL_SIZE);
  for (let i = 0; i < length; i++) {
    ring[(words[head]! + i) % layout.MAIL_SIZE] = record.getUint8(i);
  }
  words[head] = words[head]! + length;
}

const put = (record: DataView, at: number, bytes: ArrayLike<number>): void =>
  new Uint8Array(record.buffer).set(bytes, at);

function postIke(body: string, port: number): void {
  const bytes = new TextEncoder().encode(body);
  post(ids.MAIL_IKE, (layout.MAIL_IKE_BODY + bytes.length + 7) & ~7, (record) => {
    record.setUint32(layout.MAIL_IKE_PORT, port, true);
    record.setUint32(layout.MAIL_IKE_BYTES, bytes.length, true);
    const v4 = [...Array(10).fill(0), 0xff, 0xff, 192, 0, 2];
    put(record, layout.MAIL_IKE_LOCAL, [...v4, 1]);
    put(record, layout.MAIL_IKE_REMOTE, [...v4, 2]);
    record.setUint16(layout.MAIL_IKE_LOCAL_PORT, 4500, true);
    record.setUint16(layout.MAIL_IKE_REMOTE_PORT, 65535, true);
    put(record, layout.MAIL_IKE_BODY, bytes);
  });
}

mail.before.each(() => {
  // Just below 2^32, so that the counters wrap inside the test.
  words[head] = words[tail] = 2 ** 32 - 64;
});

mail('records of every kind become values, in order, once', () => {
  postIke('hello', ids.PORT_UDP4_4500);
  post(ids.MAIL_ACQUIRE, layout.MAIL_ACQUIRE_SIZE, (record) => {
    record.setUint32(layout.MAIL_ACQUIRE_POLICY, 7, true);
    record.setUint32(layout.MAIL_ACQUIRE_PROTOCOL, 6, true);
    record.setUint8(layout.MAIL_ACQUIRE_SRC, 0x20);
    record.setUint8(layout.MAIL_ACQUIRE_SRC + 1, 0x01);
    record.setUint8(layout.MAIL_ACQUIRE_DST + 15, 1);
    record.setUint16(layout.MAIL_ACQUIRE_SRC_PORT, 1024, true);
    record.setUint16(layout.MAIL_ACQUIRE_DST_PORT, 443, true);
  });
  const kinds = [ids.MAIL_SOFT_EXPIRE, ids.MAIL_HARD_EXPIRE, ids.MAIL_FIRST_USE, ids.MAIL_MOVED];
  for (const kind of kinds) {
    post(kind, layout.MAIL_SA_SIZE, (record) => {
      record.setUint32(layout.MAIL_SA_SLOT, 12, true);
      record.setUint32(layout.MAIL_SA_SPI, 0xc0ffee00, true);
      record.setUint8(layout.MAIL_SA_REMOTE + 15, 9);
      record.setUint16(layout.MAIL_SA_REMOTE_PORT, 4500, true);
    });
  }
  const at = (text: string, port: number) => ({ address: parseAddress(text)!, port });
  const sa = { slot: 12, spi: 0xc0ffee00 };
  assert.equal(drainMail(memory, ROW), [
    {
      kind: 'ike',
      local: at('192.0.2.1', 4500),
      remote: at('192.0.2.2', 65535),
      natt: true,
      bytes: new TextEncoder().encode('hello'),
    },
    {
      kind: 'acquire',
      policy: 7,
      protocol: 6,
      source: at('2001::', 1024),
      destination: at('::1', 443),
    },
    { kind: 'soft-expire', ...sa },
    { kind: 'hard-expire', ...sa },
    { kind: 'first-use', ...sa },
    { kind: 'moved', ...sa, remote: at('::9', 4500) },
  ]);
  assert.equal(drainMail(memory, ROW), []);
  assert.is(words[head], words[tail]);
});

mail('a ring many times round loses nothing', () => {
  for (let i = 0; i < 5000; i++) {
    postIke(`message ${i} ${'x'.repeat(i % 1500)}`, ids.PORT_UDP4_500);
    const [one, ...rest] = drainMail(memory, ROW);
    assert.equal(rest, []);
    assert.is(one?.kind, 'ike');
    if (one?.kind !== 'ike') continue;
    assert.is(one.natt, false);
    assert.match(new TextDecoder().decode(one.bytes), `message ${i} `);
  }
});

mail('a filler in front of the ring’s end is passed over', () => {
  post(ids.MAIL_PADDING, 8, () => undefined);
  postIke('after', ids.PORT_UDP4_500);
  assert.equal(
    drainMail(memory, ROW).map(({ kind }) => kind),
    ['ike'],
  );
});

mail('an impossible record empties the ring and says so', () => {
  for (const length of [0, 4, 12, layout.MAIL_SIZE + 8]) {
    postIke('fine', ids.PORT_UDP4_500);
    words[(region + layout.WORKER_MAIL + (words[tail]! % layout.MAIL_SIZE)) >> 2] = length;
    assert.throws(
      () => drainMail(memory, ROW),
      (error: unknown) => error instanceof MailError && /worker 3: mail ring/.test(error.message),
    );
    assert.equal(drainMail(memory, ROW), []);
  }
});

mail.run();
