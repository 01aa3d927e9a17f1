// What users and RADIUS servers say to each other through us, changed or made up: every message settles
// with a verdict, and nobody is let in but by an Accept with EAP success, and with keys where there are any.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Radius } from '../../src/daemon/radius.js';
import { RadiusConversation } from '../../src/daemon/user-authentication.js';
import { decodeEap, encodeEap, FAILURE, REQUEST, RESPONSE, SUCCESS } from '../../src/eap/packet.js';
import { attribute, splitEap } from '../../src/radius/attributes.js';
import { sealAccess } from '../../src/radius/authenticators.js';
import { ACCESS_ACCEPT, ACCESS_CHALLENGE, ACCESS_REJECT } from '../../src/radius/numbers.js';
import {
  type Attribute,
  decodePacket,
  encodePacket,
  RadiusError,
} from '../../src/radius/packet.js';
import { mutated, runs, seedOf } from '../helpers/fuzzing.js';
import { sealKey, SECRET } from '../radius/server.js';
import { Random } from '../wire/random.js';

const fuzz = suite('conversations with RADIUS: fuzz');
const random = new Random(seedOf(3579));
const AUTHENTICATOR = new Uint8Array(16).fill(7);
const TYPES = [1, 4, 6, 13, 21, 25, 26, 254];
const SUBJECT = { session: 's-1', peer: 'rw', port: 1, called: '192.0.2.1', calling: '192.0.2.2' };
const APPLICANT = { peer: 'rw', claims: '', remote: '', local: '' };

function eap(code: number, identifier: number): Uint8Array {
  if (code === SUCCESS || code === FAILURE) return encodeEap({ code, identifier });
  const data = random.bytes(random.between(0, random.chance(0.05) ? 5000 : 40));
  const kind = code === REQUEST ? REQUEST : RESPONSE;
  return encodeEap({ code: kind, identifier, type: random.pick(TYPES), data });
}

const pick = (attributes: readonly Attribute[]): Attribute[] =>
  attributes.filter(() => random.chance(0.8));

/** A server's answer, mostly sound. */
function answer(identifier: number) {
  const code = random.pick([ACCESS_CHALLENGE, ACCESS_CHALLENGE, ACCESS_ACCEPT, ACCESS_REJECT]);
  const fits = new Map([
    [ACCESS_CHALLENGE, REQUEST],
    [ACCESS_ACCEPT, SUCCESS],
    [ACCESS_REJECT, FAILURE],
  ]);
  const says = random.chance(0.9) ? fits.get(code)! : random.pick([REQUEST, SUCCESS, FAILURE]);
  const key = () =>
    random.chance(0.8)
      ? sealKey(random.bytes(random.pick([16, 32])), 1, SECRET, AUTHENTICATOR)
      : Uint8Array.of(0x80, ...random.bytes(random.pick([33, 17, 2, 49])));
  const attributes = [
    ...splitEap(eap(says, identifier + 1)).slice(0, 16),
    ...pick([
      attribute('MS-MPPE-Recv-Key', key()),
      attribute('MS-MPPE-Send-Key', key()),
      attribute('Framed-IP-Address', random.bytes(4)),
      attribute('Framed-IPv6-Prefix', { bits: random.between(0, 128), address: random.bytes(16) }),
      attribute('Session-Timeout', random.word() >>> 0),
      attribute('User-Name', 'carol'),
      attribute('State', random.bytes(9)),
      attribute('Class', random.bytes(random.between(1, 40))),
    ]),
  ].slice(0, 30);
  const bytes = encodePacket({ code, identifier: 1, authenticator: AUTHENTICATOR, attributes });
  if (random.chance(0.6)) return decodePacket(bytes);
  try {
    return decodePacket(mutated(random, bytes));
  } catch (error) {
    if (!(error instanceof RadiusError)) throw error;
    return decodePacket(bytes);
  }
}

/** Answers at once, after having done what may fail: putting the question into a packet. */
const server = (heard: { code?: number }): Radius =>
  ({
    nas: () => ({ identifier: 'moon', address: undefined }),
    ask: async ({ attributes }: { readonly attributes: readonly Attribute[] }) => {
      sealAccess({ code: 1, identifier: 1, attributes }, SECRET, AUTHENTICATOR);
      const packet = answer(random.between(0, 255));
      heard.code = packet.code;
      if (random.chance(0.05)) return { failure: 'no answer' };
      const more = { server: 'lab', secret: SECRET, requestAuthenticator: AUTHENTICATOR };
      return { answer: packet, ...more };
    },
  }) as unknown as Radius;

fuzz('each message has its verdict, and success its reasons', async () => {
  let [successes, failures] = [0, 0];
  for (let i = 0; i < runs(4000); i++) {
    const heard: { code?: number } = {};
    const alone = random.chance(0.2);
    const applicant = { ...APPLICANT, alone };
    const talk = new RadiusConversation(server(heard), applicant, SUBJECT, random.between(0, 255));
    let verdict = await talk.begin();
    for (let round = 0; round < 12 && verdict.kind === 'request'; round++) {
      const identifier = verdict.packet[1]!;
      const type = round === 0 && random.chance(0.95) ? 1 : random.pick(TYPES);
      const data = random.bytes(random.between(0, random.chance(0.1) ? 400 : 20));
      const name = round === 0 ? Buffer.from('carol') : data;
      const said = encodeEap({ code: RESPONSE, identifier, type, data: name });
      verdict = await talk.answer(random.chance(0.9) ? said : mutated(random, said));
      if (verdict.kind !== 'request') assert.ok(decodeEap(verdict.packet), verdict.kind);
    }
    if (verdict.kind === 'failure') failures++;
    if (verdict.kind !== 'success') continue;
    successes++;
    assert.is(heard.code, ACCESS_ACCEPT);
    assert.is(verdict.packet[0], SUCCESS);
    if (alone) assert.ok(verdict.msk, 'alone without a key');
    assert.is((await talk.answer(eap(RESPONSE, 1))).kind, 'failure', 'it is over');
  }
  assert.ok(successes > 50 && failures > 50, `${successes} let in, ${failures} not`);
});

fuzz.run();
