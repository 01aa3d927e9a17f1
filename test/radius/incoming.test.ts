// Disconnect and CoA: who may ask, when, about which sessions, and what is answered.
// Shows radius-incoming.require-timestamp
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { allOf, attribute, firstOf } from '../../src/radius/attributes.js';
import { checkAnswer, sealRequest } from '../../src/radius/authenticators.js';
import type { Changes, Session } from '../../src/radius/dynamic-authorization.js';
import { Incoming } from '../../src/radius/incoming.js';
import * as numbers from '../../src/radius/numbers.js';
import { type Attribute, decodePacket } from '../../src/radius/packet.js';
import { CAROL, SECRET } from './server.js';

const incoming = suite('radius: incoming');
const NOW = 1_790_000_000;
const NAS = { identifier: 'moon', address: Uint8Array.of(192, 0, 2, 1) };
const dave: Session = { ...CAROL, session: 'ab-2', user: 'dave', port: 2 };
const user = attribute('User-Name', 'carol');
const stamp = (at = NOW): Attribute => attribute('Event-Timestamp', at);

function site(options: { needsTimestamp?: boolean } = {}, since = NOW - 1000) {
  const door = new Incoming(since);
  const ended: string[] = [];
  const changed: [string, Changes][] = [];
  const handler = {
    sessions: () => [CAROL, dave].filter(({ session }) => !ended.includes(session)),
    disconnect: (sessions: readonly string[]) => void ended.push(...sessions),
    change: (sessions: readonly string[], changes: Changes) =>
      void changed.push(...sessions.map((one): [string, Changes] => [one, changes])),
  };
  const raw = (bytes: Uint8Array, seconds = NOW, from = '192.0.2.9') =>
    door.receive(
      bytes,
      from,
      seconds,
      { secret: SECRET, needsTimestamp: true, nas: NAS, ...options },
      handler,
    );
  let identifier = 0;
  const seal = (code: number, attributes: readonly Attribute[], secret = SECRET): Uint8Array =>
    sealRequest({ code, identifier: identifier++ & 255, attributes }, secret);
  return {
    ended,
    changed,
    raw,
    seal,
    ask(code: number, ...attributes: Attribute[]) {
      const request = seal(code, attributes);
      const { answer, text } = raw(request);
      if (!answer) return { text };
      assert.is(checkAnswer(answer, SECRET, request.slice(4, 20), true), undefined);
      const packet = decodePacket(answer);
      assert.is(packet.identifier, request[1]);
      return { text, code: packet.code, cause: firstOf(packet, 'Error-Cause'), packet };
    },
  };
}
const { DISCONNECT_REQUEST, COA_REQUEST } = numbers;

incoming('Disconnect ends the sessions that fit everything it names', () => {
  const lab = site();
  assert.is(lab.ask(DISCONNECT_REQUEST, user, stamp()).code, numbers.DISCONNECT_ACK);
  assert.equal(lab.ended, ['ab-1']);
  const both = site();
  both.ask(DISCONNECT_REQUEST, attribute('Framed-IP-Address', CAROL.framedAddress!), stamp());
  assert.equal(both.ended, ['ab-1', 'ab-2']);
});

incoming('no session, a session that fits half, none named: refused by name', () => {
  const lab = site();
  const cases: [number, Attribute[]][] = [
    [numbers.ERROR_SESSION_NOT_FOUND, [attribute('User-Name', 'eve')]],
    [numbers.ERROR_SESSION_NOT_FOUND, [user, attribute('Acct-Session-Id', 'ab-2')]],
    [numbers.ERROR_MISSING_ATTRIBUTE, [attribute('NAS-Identifier', 'moon')]],
    [numbers.ERROR_NAS_MISMATCH, [user, attribute('NAS-Identifier', 'sun')]],
    [numbers.ERROR_NAS_MISMATCH, [user, attribute('NAS-IP-Address', Uint8Array.of(1, 2, 3, 4))]],
    [numbers.ERROR_UNSUPPORTED_ATTRIBUTE, [user, attribute('Filter-Id', 'x')]],
    [numbers.ERROR_UNSUPPORTED_ATTRIBUTE, [user, attribute('Session-Timeout', 1)]],
    [numbers.ERROR_INVALID_VALUE, [{ type: 8, value: new Uint8Array(3) }]],
  ];
  for (const [cause, attributes] of cases) {
    const { code, cause: given, text } = lab.ask(DISCONNECT_REQUEST, ...attributes, stamp());
    assert.equal([code, given], [numbers.DISCONNECT_NAK, cause], text);
  }
  assert.equal(lab.ended, []);
});

incoming('a forged, damaged or foreign request is dropped without an answer', () => {
  const lab = site();
  const good = lab.seal(DISCONNECT_REQUEST, [user, stamp()]);
  for (let at = 0; at < good.length; at++) {
    const bad = good.slice();
    bad[at]! ^= 1;
    assert.is(lab.raw(bad).answer, undefined, `byte ${at}`);
  }
  const other = lab.seal(DISCONNECT_REQUEST, [user, stamp()], new TextEncoder().encode('x'));
  assert.is(lab.raw(other).answer, undefined);
  assert.is(lab.raw(lab.seal(numbers.ACCOUNTING_REQUEST, [user, stamp()])).answer, undefined);
  const wrongMac = [attribute('Message-Authenticator', new Uint8Array(16)), user, stamp()];
  assert.match(
    lab.raw(lab.seal(DISCONNECT_REQUEST, wrongMac)).text,
    /Message-Authenticator is wrong/,
  );
  assert.equal(lab.ended, []);
});

incoming(
  'replays: the same again gets the same answer, an old one and one without time nothing',
  () => {
    const lab = site();
    const request = lab.seal(DISCONNECT_REQUEST, [user, stamp()]);
    const first = lab.raw(request);
    lab.ended.length = 0; // she has come back meanwhile
    const second = lab.raw(request, NOW + 200);
    assert.equal(second.answer, first.answer);
    assert.equal(lab.ended, []);
    const beside = lab.raw(request, NOW + 200, '192.0.2.10'); // another server of the same secret
    assert.equal(beside.answer, first.answer);
    assert.equal(lab.ended, []);
    assert.is(lab.raw(request, NOW + 400).answer, undefined);
    assert.match(lab.raw(request, NOW + 400).text, /400 s old/);
    assert.match(
      lab.raw(lab.seal(DISCONNECT_REQUEST, [user, stamp(NOW + 301)])).text,
      /301 s ahead/,
    );
    assert.match(lab.raw(lab.seal(DISCONNECT_REQUEST, [user])).text, /no Event-Timestamp/);
    assert.equal(lab.ended, []);
    const lenient = site({ needsTimestamp: false });
    assert.ok(lenient.raw(lenient.seal(DISCONNECT_REQUEST, [user])).answer);
  },
);

incoming('what was made before the gateway started is refused: it may have been answered', () => {
  const lab = site({}, NOW - 10);
  assert.match(lab.ask(DISCONNECT_REQUEST, user, stamp(NOW - 11)).text, /before this gateway/);
  assert.equal(lab.ended, []);
  assert.is(lab.ask(DISCONNECT_REQUEST, user, stamp(NOW - 10)).code, numbers.DISCONNECT_ACK);
});

incoming('a flood of requests does not push a remembered one out within the window', () => {
  const lab = site();
  const request = lab.seal(DISCONNECT_REQUEST, [user, stamp()]);
  lab.raw(request);
  lab.ended.length = 0;
  for (let n = 0; n < 1000; n++)
    lab.ask(DISCONNECT_REQUEST, attribute('User-Name', `u${n}`), stamp());
  lab.raw(request);
  assert.equal(lab.ended, []);
});

incoming('CoA changes limits, all of them or none', () => {
  const lab = site();
  const limits = [attribute('Session-Timeout', 600), attribute('Idle-Timeout', 60)];
  assert.is(lab.ask(COA_REQUEST, user, ...limits, stamp()).code, numbers.COA_ACK);
  assert.is(lab.changed.length, 1);
  const [session, changes] = lab.changed[0]!;
  assert.is(session, 'ab-1');
  assert.equal([changes.sessionTimeout, changes.idleTimeout], [600, 60]);
  const refused: [number, Attribute[]][] = [
    [numbers.ERROR_MISSING_ATTRIBUTE, [user]],
    [numbers.ERROR_UNSUPPORTED_ATTRIBUTE, [user, ...limits, attribute('Filter-Id', 'x')]],
    [numbers.ERROR_UNSUPPORTED_ATTRIBUTE, [user, attribute('Framed-Pool', 'x')]],
    [numbers.ERROR_UNSUPPORTED_SERVICE, [user, attribute('Service-Type', 17), ...limits]],
  ];
  for (const [cause, attributes] of refused) {
    const { code, cause: given } = lab.ask(COA_REQUEST, ...attributes, stamp());
    assert.equal([code, given], [numbers.COA_NAK, cause]);
  }
  assert.is(lab.changed.length, 1);
});

incoming('Proxy-State comes back as it was', () => {
  const lab = site();
  const states = [1, 2].map((n) => attribute('Proxy-State', Uint8Array.of(n)));
  const { packet } = lab.ask(DISCONNECT_REQUEST, user, stamp(), ...states);
  assert.equal(allOf(packet!, 'Proxy-State'), [Uint8Array.of(1), Uint8Array.of(2)]);
});

incoming.run();
