// IKE_AUTH by EAP: who may ask for it, what becomes of a user who is refused.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Applicant, Conversation, Verdict } from '../../src/eap/authenticator.js';
import { decodeEap, encodeEap, FAILURE } from '../../src/eap/packet.js';
import type { Identity } from '../../src/policy/database.js';
import { BY_EAP } from './identities.js';
import { newWorld } from './connected.js';
import type { SiteOptions } from './databases.js';

const eap = suite('EAP in IKE_AUTH');

const caller: SiteOptions = {
  identities: (shared): Identity[] => [
    {
      ...shared,
      ...BY_EAP,
      eapMethods: ['eap-tls'],
    },
  ],
};
const asks: SiteOptions = {
  identities: (shared): Identity[] => [
    { ...shared, authMethod: 'eap-radius', certificate: [], rsaPadding: 'pkcs1' },
  ],
};

/** Answers in turn; what is left of `verdicts` afterwards was never asked for. */
function scripted(...verdicts: Verdict[]) {
  const applicants: Applicant[] = [];
  let closed = 0;
  const next = async (): Promise<Verdict> => {
    const verdict = verdicts.shift();
    assert.ok(verdict, 'asked once too often');
    return verdict!;
  };
  const authenticate = (applicant: Applicant): Conversation => {
    applicants.push(applicant);
    return { begin: next, answer: next, close: () => void closed++ };
  };
  return { authenticate, applicants, closed: () => closed, left: verdicts };
}

eap('a peer without EAP refuses a user, and both say what would have been needed', async () => {
  const world = newWorld({ east: caller });
  await world.east.carry(world.east.engine.start());
  await world.run();
  assert.is(world.east.established.length + world.west.established.length, 0);
  assert.match(
    world.west.complaints().join('\n'),
    /peer fqdn:east\.example proves itself by EAP; auth-method of its identity is pre-shared-key/,
  );
  assert.match(world.east.complaints().join('\n'), /AUTHENTICATION_FAILED to IKE_AUTH/);
});

eap('a peer with EAP refuses who comes with a secret', async () => {
  const world = newWorld({ west: asks, context: { west: scripted() } });
  await world.east.carry(world.east.engine.start());
  await world.run();
  assert.is(world.west.established.length, 0);
  const told = world.west.complaints().join('\n');
  assert.match(told, /authenticates by a secret; auth-method of its identity is eap-radius/);
});

eap(
  'nobody can be asked: Failure and AUTHENTICATION_FAILED, also when it is repeated',
  async () => {
    const packet = encodeEap({ code: FAILURE, identifier: 1 });
    const reason = 'no RADIUS server answers';
    const script = scripted({ kind: 'failure', packet, reason });
    const world = newWorld({ east: caller, west: asks, context: { west: script } });
    let lost = 0;
    world.filter = (from) =>
      !(from === world.west && world.log.at(-1)!.includes('AUTH') && lost++ === 0);
    await world.east.carry(world.east.engine.start());
    await world.run(1500);
    assert.equal(script.applicants, [
      {
        peer: 'east',
        claims: 'fqdn:east.example',
        remote: '192.0.2.1[500]',
        local: '192.0.2.2[500]',
        alone: true,
      },
    ]);
    assert.match(world.west.complaints().join('\n'), /fqdn:east\.example is not let in: no RADIUS/);
    assert.match(world.east.complaints().join('\n'), /AUTHENTICATION_FAILED to IKE_AUTH/);
    assert.ok(lost > 1, 'the answer was sent again');
    assert.is(script.closed() > 0, true);
    await world.run(60_000);
    assert.is(world.west.peers.length, 0, 'nothing is left of it');
  },
);

/** What a caller says to it is noted. */
function overheard(script: ReturnType<typeof scripted>) {
  const heard: Uint8Array[] = [];
  const spied = (applicant: Applicant): Conversation => {
    const inner = script.authenticate(applicant);
    const answer = (said: Uint8Array) => {
      heard.push(said);
      return inner.answer(said);
    };
    return { ...inner, answer };
  };
  return { heard, spied };
}

eap('the first packet of the conversation comes through as it is', async () => {
  const packet = encodeEap({ code: 1, identifier: 9, type: 1, data: new Uint8Array(0) });
  const end = encodeEap({ code: FAILURE, identifier: 9 });
  const script = scripted(
    { kind: 'request', packet },
    { kind: 'failure', packet: end, reason: 'the account of carol is locked' },
  );
  const { heard, spied } = overheard(script);
  const world = newWorld({ east: caller, west: asks, context: { west: { authenticate: spied } } });
  await world.east.carry(world.east.engine.start());
  await world.run(1500);
  assert.equal(heard.map(decodeEap), [
    { code: 2, identifier: 9, type: 1, data: new TextEncoder().encode('carol') },
  ]);
  assert.match(world.west.complaints().join('\n'), /the account of carol is locked/);
  assert.is(world.east.children.size + world.west.children.size, 0);
});

eap('an outer identity is what the server is told; IKE says what my-id is', async () => {
  const packet = encodeEap({ code: 1, identifier: 9, type: 1, data: new Uint8Array(0) });
  const end = encodeEap({ code: FAILURE, identifier: 9 });
  const script = scripted(
    { kind: 'request', packet },
    { kind: 'failure', packet: end, reason: 'enough' },
  );
  const { heard, spied } = overheard(script);
  const identities: SiteOptions['identities'] = (shared) =>
    caller.identities!(shared).map(
      (one) => ({ ...one, outerIdentity: '@example.org' }) as Identity,
    );
  const context = { west: { authenticate: spied } };
  const world = newWorld({ east: { ...caller, identities }, west: asks, context });
  await world.east.carry(world.east.engine.start());
  await world.run(1500);
  assert.equal(
    heard.map((said) => decodeEap(said)),
    [{ code: 2, identifier: 9, type: 1, data: new TextEncoder().encode('@example.org') }],
  );
  assert.is(script.applicants[0]?.claims, 'fqdn:east.example');
});

eap('who does not go on is forgotten', async () => {
  const packet = encodeEap({ code: 1, identifier: 9, type: 1, data: new Uint8Array(0) });
  const script = scripted({ kind: 'request', packet });
  const world = newWorld({ east: caller, west: asks, context: { west: script } });
  world.filter = (from) => !(from === world.east && world.log.at(-1)!.endsWith('AUTH request 2'));
  await world.east.carry(world.east.engine.start());
  await world.run(10);
  assert.is(world.west.peers[0]?.state, 'eap');
  await world.run(31_000);
  assert.is(world.west.peers.length, 0);
  assert.match(world.west.complaints().join('\n'), /began EAP but did not finish it/);
  assert.is(script.closed() > 0, true);
});

eap.run();
