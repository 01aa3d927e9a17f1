// Which IKE messages main gets to read: all under an SPI of ours, first ones as far as half of the ring goes,
// and of the rest a few a second (RFC 7296 §2.21.4).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_UDP4_4500, PORT_UDP4_500, PORT_UDP6_500 } from '../../src/contract/ids.js';
import { IKE_SPI_ENTRIES, MAX_IKE_SPIS } from '../../src/contract/layout.js';
import { seeded } from './arena.js';
import { Gateway } from './gateway.js';

const ike = suite('ike');
const STRAYS = 16;
const random = seeded(2214);
const anySpi = (): bigint => Buffer.from(random.bytes(8)).readBigUInt64BE();

function message(initiator: bigint, responder: bigint): Buffer {
  const bytes = Buffer.alloc(28, 7);
  bytes.writeBigUInt64BE(initiator, 0);
  bytes.writeBigUInt64BE(responder, 8);
  return bytes;
}

const arrives = (subject: Gateway, ...messages: Buffer[]): number => {
  subject.inbound(
    PORT_UDP4_500,
    messages.map((bytes) => ({ bytes })),
  );
  return subject.mail().length;
};
/** From here on in this second no stray is shown. */
const exhaust = (subject: Gateway): void => {
  const strays = Array.from({ length: STRAYS + 1 }, () => message(anySpi(), anySpi()));
  assert.is(arrives(subject, ...strays), STRAYS);
};

ike('under an SPI of ours, whichever of the two it is, on every socket', () => {
  const subject = new Gateway();
  exhaust(subject);
  const ours = anySpi();
  assert.is(arrives(subject, message(ours, anySpi())), 0);
  subject.tables.ikeSpis.add(ours);
  assert.is(arrives(subject, message(ours, anySpi()), message(anySpi(), ours)), 2);
  // the answer to a first message may come without a responder's SPI (§2.6)
  assert.is(arrives(subject, message(ours, 0n)), 1);
  subject.inbound(PORT_UDP6_500, [{ bytes: message(anySpi(), ours), from: '2001:db8::1' }]);
  const marked = Buffer.concat([Buffer.alloc(4), message(anySpi(), ours)]);
  subject.inbound(PORT_UDP4_4500, [{ bytes: marked }]);
  assert.is(subject.mail().length, 2);
  subject.tables.ikeSpis.remove(ours);
  assert.is(arrives(subject, message(ours, anySpi()), message(anySpi(), ours)), 0);
  assert.equal(subject.counted(), { 'ike-unknown': 4 });
});

ike('a few strays a second, and they leave room for those we know', () => {
  const subject = new Gateway();
  const ours = anySpi();
  subject.tables.ikeSpis.add(ours);
  const forged = (): Buffer[] => Array.from({ length: 5000 }, () => message(anySpi(), anySpi()));
  for (let second = 1; second <= 3; second++) {
    assert.is(arrives(subject, ...forged(), message(anySpi(), ours)), STRAYS + 1);
    subject.now += 999;
    assert.is(arrives(subject, message(anySpi(), anySpi())), 0);
    assert.equal(subject.counted(), { 'ike-unknown': second * (5001 - STRAYS) });
    subject.now += 1;
  }
});

ike('a clock that was set back does not end it', () => {
  const subject = new Gateway();
  exhaust(subject);
  subject.now -= 100_000;
  exhaust(subject);
});

ike('no entry is mistaken: neither what was deleted nor what stands beside it', () => {
  const subject = new Gateway();
  exhaust(subject);
  // all begin at one place
  const cluster = Array.from({ length: 40 }, (_, i) => (0x1234n << 48n) | BigInt(i + 1));
  const standing = new Set<bigint>();
  for (let round = 0; round < 400; round++) {
    const spi = cluster[random.number(cluster.length)]!;
    if (standing.delete(spi)) subject.tables.ikeSpis.remove(spi);
    else {
      standing.add(spi);
      subject.tables.ikeSpis.add(spi);
    }
    const known = arrives(subject, ...cluster.map((one) => message(anySpi(), one)));
    assert.is(known, standing.size, `round ${round}`);
  }
  for (const special of [0xffff_ffff_ffff_ffffn, 1n]) {
    assert.is(arrives(subject, message(special, special)), 0);
  }
  subject.tables.ikeSpis.remove(anySpi());
});

ike('more IKE SAs than the table holds: all messages pass, until it holds them again', () => {
  const subject = new Gateway();
  exhaust(subject);
  const many = Array.from({ length: MAX_IKE_SPIS + 2 }, anySpi);
  for (const spi of many) subject.tables.ikeSpis.add(spi);
  assert.ok(MAX_IKE_SPIS * 2 <= IKE_SPI_ENTRIES);
  const stranger = message(anySpi(), anySpi());
  assert.is(arrives(subject, stranger, message(anySpi(), many.at(-1)!)), 2);
  for (const spi of many.slice(-2)) subject.tables.ikeSpis.remove(spi);
  assert.is(arrives(subject, stranger, message(anySpi(), many.at(-1)!)), 0);
  for (let i = 0; i < many.length - 2; i += 64) {
    const some = many.slice(i, Math.min(i + 64, many.length - 2));
    assert.is(arrives(subject, ...some.map((spi) => message(anySpi(), spi))), some.length);
  }
});

ike.run();
