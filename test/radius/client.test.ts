// The client against servers that are slow, silent, dead, or lie.
// Shows radius.timeout, radius.dead-time
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { attribute, firstOf } from '../../src/radius/attributes.js';
import { ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_RESPONSE } from '../../src/radius/numbers.js';
import { decodePacket } from '../../src/radius/packet.js';
import { laboratory, reply, SECRET, server } from './server.js';

const client = suite('radius: client');
const servers = (sent: readonly { line: { server: number } }[]): number[] =>
  sent.map(({ line }) => line.server);

client('a request carries its Message-Authenticator before anything else', () => {
  const lab = laboratory(server('a'));
  lab.ask();
  const [first] = decodePacket(lab.sent[0]!.bytes).attributes;
  assert.is(first?.type, 80);
  assert.not.equal(first?.value, new Uint8Array(16));
});

client('an authentic answer settles the question', () => {
  const lab = laboratory(server('a'));
  const question = lab.ask();
  const [request] = lab.sent;
  lab.answer(request!, reply(request!, ACCESS_ACCEPT, [attribute('Session-Timeout', 60)]));
  const outcome = lab.settled.get(question)!;
  assert.ok('answer' in outcome);
  assert.is(firstOf(outcome.answer.packet, 'Session-Timeout'), 60);
  assert.is(lab.client.waiting, 0);
  assert.is(lab.client.nextTimeout(), undefined);
});

client(
  'an answer without Message-Authenticator, of another secret, changed or of another kind is not believed',
  () => {
    const lab = laboratory(server('a'));
    const question = lab.ask();
    const request = lab.sent[0]!;
    const good = reply(request, ACCESS_ACCEPT);
    const changed = good.slice();
    changed[0] = ACCESS_REJECT;
    const two = reply(request, ACCESS_ACCEPT, [
      attribute('Message-Authenticator', new Uint8Array(16)),
    ]);
    const liars = [
      reply(request, ACCESS_ACCEPT, [], { sign: false }),
      reply(request, ACCESS_ACCEPT, [], { secret: new TextEncoder().encode('another') }),
      changed,
      two,
      reply(request, ACCOUNTING_RESPONSE),
      good.slice(0, 19),
      new Uint8Array(0),
    ];
    for (const bytes of liars) lab.answer(request, bytes);
    assert.is(lab.settled.size, 0);
    assert.ok(
      lab.events.some((line) => /not believed: it has no Message-Authenticator/.test(line)),
    );
    // The question still waits, and the true answer counts.
    lab.answer(request, good);
    assert.ok('answer' in lab.settled.get(question)!);
  },
);

client(
  'the forged Message-Authenticator that an attacker of MD5 would leave out is what is asked for',
  () => {
    // CVE-2024-3596: Proxy-States make two packets collide, so the Response Authenticator fits.
    const lab = laboratory(server('a'));
    lab.ask();
    const request = lab.sent[0]!;
    const padding = attribute('Proxy-State', new Uint8Array(200));
    lab.answer(request, reply(request, ACCESS_ACCEPT, [padding], { sign: false }));
    assert.is(lab.settled.size, 0);
  },
);

client('without an answer within the timeout the next server is asked, and so on in turn', () => {
  const lab = laboratory(server('a'), server('b'));
  const question = lab.ask();
  lab.pass(299);
  assert.equal(servers(lab.sent), [0]);
  lab.pass(2);
  assert.equal(servers(lab.sent), [0, 1]);
  lab.pass(301);
  lab.pass(601);
  lab.pass(601);
  lab.pass(1201);
  assert.equal(servers(lab.sent), [0, 1, 0, 1, 0, 1]);
  // Repetitions are the same bytes: the server must know them for what they are.
  assert.equal(lab.sent[2]!.bytes, lab.sent[0]!.bytes);
  lab.pass(1201);
  assert.equal(lab.settled.get(question), { failure: 'no answer of a, b' });
});

client('a late answer of a server that was asked before still counts', () => {
  const lab = laboratory(server('a'), server('b'));
  const question = lab.ask();
  lab.pass(301);
  lab.answer(lab.sent[0]!, reply(lab.sent[0]!, ACCESS_REJECT));
  const outcome = lab.settled.get(question)!;
  assert.ok('answer' in outcome && outcome.answer.server === 0);
  // And the other one's, later, is nobody's.
  lab.answer(lab.sent[1]!, reply(lab.sent[1]!, ACCESS_ACCEPT));
  assert.is(lab.settled.size, 1);
});

client('a server that stays silent is left alone for a while, and asked again after it', () => {
  const lab = laboratory(server('a', { deadMs: 10_000 }), server('b'));
  for (let round = 0; round < 3; round++) {
    lab.drain();
    lab.ask();
    lab.pass(301);
    const last = lab.sent.at(-1)!;
    assert.equal(servers(lab.sent), [0, 1]);
    lab.answer(last, reply(last, ACCESS_ACCEPT));
  }
  assert.match(lab.events.join('\n'), /warning server a does not answer: .* 10 s, the others/);
  lab.drain();
  lab.ask();
  assert.equal(servers(lab.drain()), [1]);
  lab.pass(10_001);
  lab.drain();
  const again = lab.ask();
  const [request] = lab.sent;
  assert.is(request!.line.server, 0);
  lab.answer(request!, reply(request!, ACCESS_ACCEPT));
  assert.ok('answer' in lab.settled.get(again)!);
  assert.match(lab.events.join('\n'), /info server a answers again/);
});

client('where all are dead they are asked nevertheless', () => {
  const lab = laboratory(server('a', { deadMs: 600_000 }));
  lab.ask();
  lab.pass(3000);
  lab.drain();
  lab.ask();
  assert.equal(servers(lab.sent), [0]);
});

client('a conversation stays with the server that has its State', () => {
  const lab = laboratory(server('a'), server('b'));
  const question = lab.ask({ only: 1 });
  lab.pass(5000);
  assert.equal([...new Set(servers(lab.sent))], [1]);
  assert.is(lab.sent.length, 3);
  assert.equal(lab.settled.get(question), { failure: 'no answer of b' });
});

client('accounting is asked for until its time is over', () => {
  const lab = laboratory(server('a'), server('b'));
  const question = lab.ask({ service: 'accounting', untilMs: lab.now() + 120_000, first: 1 });
  assert.is(lab.sent[0]!.line.server, 1);
  lab.pass(60_000);
  assert.ok(lab.sent.length > 6, `${lab.sent.length} transmissions`);
  const last = lab.sent.at(-1)!;
  // RFC 2866: the answer needs no Message-Authenticator.
  lab.answer(last, reply(last, ACCOUNTING_RESPONSE, [], { sign: false }));
  assert.ok('answer' in lab.settled.get(question)!);
  const lost = lab.ask({ service: 'accounting', untilMs: lab.now() + 120_000 });
  lab.pass(140_000);
  assert.ok('failure' in lab.settled.get(lost)!);
});

client('a connection carries a request once; when it breaks the request goes elsewhere', () => {
  const lab = laboratory(server('a', { reliable: true }), server('b', { reliable: true }));
  const question = lab.ask();
  lab.pass(1000);
  assert.equal(servers(lab.sent), [0]);
  lab.lose(lab.sent[0]!);
  assert.equal(servers(lab.sent), [0, 1]);
  lab.answer(lab.sent[1]!, reply(lab.sent[1]!, ACCESS_ACCEPT));
  assert.ok('answer' in lab.settled.get(question)!);
});

client(
  'more than 256 requests under way get further sockets, and none shares an identifier',
  () => {
    const lab = laboratory(server('a'));
    for (let count = 0; count < 600; count++) lab.ask();
    const places = lab.sent.map(({ line, bytes }) => `${line.channel}/${bytes[1]}`);
    assert.is(new Set(places).size, 600);
    assert.equal([...new Set(lab.sent.map(({ line }) => line.channel))], [0, 1, 2]);
    for (let count = 600; count < 5000; count++) lab.ask();
    const failed = [...lab.settled.values()].filter((one) => 'failure' in one);
    assert.is(failed.length, 5000 - 16 * 256);
  },
);

client('what fits into no packet is never asked, and keeps no place', () => {
  const lab = laboratory(server('a'), server('b'));
  const attributes = [attribute('User-Name', 'a'.repeat(254))];
  for (let count = 0; count < 300; count++) {
    assert.throws(() => lab.ask({ attributes }), /attribute 1 has 254 bytes/);
  }
  assert.is(lab.client.waiting, 0);
  assert.is(lab.client.nextTimeout(), undefined);
  const question = lab.ask();
  lab.pass(100);
  const [request] = lab.sent;
  assert.is(request!.line.channel, 0, 'identifiers are free');
  lab.answer(request!, reply(request!, ACCESS_ACCEPT));
  assert.ok('answer' in lab.settled.get(question)!);
});

client('who asks nobody is told so', () => {
  const lab = laboratory();
  const question = lab.ask();
  assert.equal(lab.settled.get(question), { failure: 'there is no RADIUS server to ask' });
  assert.ok(SECRET.length > 0);
});

client.run();
