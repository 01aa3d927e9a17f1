import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildId, formatId, idBody, matchesId } from '../../src/ike/parts/identification.js';
import { newIkeSa } from '../../src/ike/sa.js';
import type { Identification } from '../../src/policy/database.js';
import { address, databases, EAST, WEST } from '../exchanges/databases.js';

const identification = suite('identification');
const sa = newIkeSa(
  {
    serial: 1,
    side: 'initiator',
    peer: databases('east').peers[0]!,
    state: 'idle',
    spiInitiator: 1n,
    spiResponder: 0n,
    local: { address: EAST, port: 500 },
    remote: { address: WEST, port: 500 },
  },
  0,
);
const all: readonly [Identification, string][] = [
  [{ kind: 'auto' }, 'address:192.0.2.1'],
  [{ kind: 'address', address: address('2001:db8::5') }, 'address:2001:db8::5'],
  [{ kind: 'fqdn', text: 'east.example' }, 'fqdn:east.example'],
  [{ kind: 'user-fqdn', text: 'ada@east.example' }, 'user-fqdn:ada@east.example'],
  [{ kind: 'key-id', data: Uint8Array.of(0x6b, 0x00, 0x31) }, 'key-id:k?1'],
];

for (const [id, text] of all) {
  identification(`${text} is itself and no other`, () => {
    const payload = buildId('IDi', id, sa);
    assert.is(formatId(payload), text);
    assert.ok(id.kind === 'auto' || matchesId(id, payload));
    for (const [other] of all) {
      if (other === id || other.kind === 'auto') continue;
      assert.not.ok(matchesId(other, payload), other.kind);
    }
    assert.equal([...idBody(payload).subarray(0, 4)], [payload.idType, 0, 0, 0]);
  });
}

identification('names do not mind case, key ids do', () => {
  const name = buildId('IDr', { kind: 'fqdn', text: 'East.Example' }, sa);
  assert.ok(matchesId({ kind: 'fqdn', text: 'east.example' }, name));
  const key = buildId('IDr', { kind: 'key-id', data: Uint8Array.of(0x41) }, sa);
  assert.not.ok(matchesId({ kind: 'key-id', data: Uint8Array.of(0x61) }, key));
});

identification('what a peer sends is printable and short', () => {
  const data = new Uint8Array(5000).fill(0x1b);
  assert.is(formatId({ idType: 2, data }), `fqdn:${'?'.repeat(128)}`);
  assert.is(formatId({ idType: 9, data }), 'type 9 of 5000 bytes');
});

identification.run();
