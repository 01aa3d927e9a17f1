// IKE_AUTH: secrets, identities, selectors, initial contact.
// Shows identity.peer, identity.auth-method, identity.secret
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatSelector } from '../../src/policy/selector.js';
import { address } from './databases.js';
import { connected, newWorld } from './connected.js';

const auth = suite('IKE_AUTH');
const text = (word: string) => new TextEncoder().encode(word);

auth('another secret: nothing stands, both logs say why', async () => {
  const world = newWorld({ east: { identity: { secret: text('another') } } });
  await world.east.carry(world.east.engine.start());
  await world.run();
  assert.is(world.east.established.length + world.west.established.length, 0);
  assert.is(world.east.children.size + world.west.children.size, 0);
  const told = world.east.complaints().join('\n');
  assert.match(told, /AUTHENTICATION_FAILED to IKE_AUTH: .*compare secret/);
  const why = world.west.complaints().join('\n');
  assert.match(why, /secret of peer fqdn:east\.example is not the one of identity 'east'/);
  assert.not.match(told + why, /another|a secret of the tests/, 'no secret is told');
});

auth('a refused AUTH is answered again when it is repeated', async () => {
  const world = newWorld({ east: { identity: { secret: text('another') } } });
  let lost = 0;
  world.filter = (from) =>
    !(from === world.west && world.log.at(-1)!.includes('AUTH') && lost++ === 0);
  await world.east.carry(world.east.engine.start());
  await world.run(3000);
  assert.match(world.east.complaints().join('\n'), /AUTHENTICATION_FAILED/);
});

auth('another identity than expected', async () => {
  const remoteId = { kind: 'fqdn', text: 'south.example' } as const;
  const responder = newWorld({ west: { identity: { remoteId } } });
  await responder.east.carry(responder.east.engine.start());
  await responder.run();
  assert.match(
    responder.west.complaints().join('\n'),
    /says it is fqdn:east\.example; identity 'east' expects fqdn:south\.example/,
  );
  // The initiator finds out last: IKE_AUTH is answered, and taken back with N(AUTHENTICATION_FAILED).
  const initiator = newWorld({
    east: { identity: { remoteId } },
    west: { identity: { myId: { kind: 'auto' } } },
  });
  await initiator.east.carry(initiator.east.engine.start());
  await initiator.run();
  assert.match(initiator.east.complaints().join('\n'), /says it is address:192\.0\.2\.2/);
  assert.is(initiator.west.established.length, 0);
  assert.is(initiator.west.children.size, 0);
});

auth('auto is the own address, and takes any identity', async () => {
  const identity = { myId: { kind: 'auto' }, remoteId: { kind: 'auto' } } as const;
  const world = await connected({ east: { identity }, west: { identity } });
  assert.is(world.west.established[0]!.id, 'address:192.0.2.1');
});

auth(
  'no policy for the networks: the IKE SA stands, the child does not, both logs say so',
  async () => {
    const world = newWorld({ east: { policies: 1 }, west: { policies: 0 } });
    await world.east.carry(world.east.engine.start());
    await world.run();
    assert.is(world.east.established.length, 1);
    assert.is(world.east.children.size, 0);
    assert.match(world.east.complaints().join('\n'), /TS_UNACCEPTABLE .*compare src-address/);
    assert.match(
      world.west.complaints().join('\n'),
      /peer asks for 198\.19\.0\.0-198\.19\.0\.255 here/,
    );
  },
);

auth('the packet that asked comes first in the selectors', async () => {
  const world = newWorld();
  const packet = {
    protocol: 6,
    source: address('198.18.0.7'),
    destination: address('198.19.0.9'),
    sourcePort: 40000,
    destinationPort: 443,
  };
  await world.east.carry(world.east.engine.acquire(0, packet));
  await world.run();
  world.checkSettled();
  const formatted = world.east.current(0)!.localSelectors.map(formatSelector);
  assert.equal(formatted, ['198.18.0.0-198.18.0.255'], 'the part within the whole is left out');
});

auth('INITIAL_CONTACT ends what the peer had before it started anew', async () => {
  const world = await connected();
  const before = world.west.established[0]!.spii;
  const again = newWorld({ seed: 77 });
  // East loses its memory: a new engine in its place.
  Object.assign(world, {
    east: Object.assign(again.east, { transmit: Reflect.get(world.east, 'transmit') }),
  });
  await world.east.carry(world.east.engine.start());
  await world.run();
  assert.is(world.west.established.length, 1);
  assert.is.not(world.west.established[0]!.spii, before);
  assert.is(world.west.children.size, 1);
});

auth('send-initial-contact=no says nothing of other connections', async () => {
  for (const sendInitialContact of [true, false]) {
    const world = await connected({ east: { peer: { sendInitialContact } } });
    const said = world.west.events.some(({ text }) => text.includes('N(INITIAL_CONTACT)'));
    assert.is(said, sendInitialContact);
  }
});

auth.run();
