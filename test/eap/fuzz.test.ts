// Packets that somebody changed on their way: nothing throws, nothing hangs, and whoever is let in shares
// a key with the one who let it in.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCertificate } from '../../src/certificates/certificate.js';
import { MschapPeer, MschapServer } from '../../src/eap/mschapv2.js';
import { TYPE } from '../../src/eap/packet.js';
import type { TlsOptions } from '../../src/eap/tls.js';
import { eapTls } from '../../src/eap/tls-peer.js';
import { TlsServer } from '../../src/eap/tls-server.js';
import { eapTtls } from '../../src/eap/ttls.js';
import { type Holder, issue } from '../certificates/pki.js';
import { runs, seedOf } from '../helpers/fuzzing.js';
import { Random } from '../wire/random.js';
import { type Ends, randomOf, talk } from './pair.js';
import { TunnelServer } from './tunnel-server.js';

const fuzz = suite('EAP fuzz');

const CA = issue({ cn: 'CA', ca: true });
const SERVER = issue({ cn: 'aaa' }, CA);
const CAROL = issue({ cn: 'carol' }, CA);
const CREDENTIALS = { username: 'carol', password: 'Ar3etTnp' };

const options = ({ certificate, privateKey }: Holder): TlsOptions => ({
  identity: {
    certificate: readCertificate(certificate).x509.toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  },
  judge: async () => undefined,
});
const [CLIENT_TLS, SERVER_TLS] = [options(CAROL), options(SERVER)];

const METHODS: Readonly<Record<string, { readonly count: number; readonly ends: Ends }>> = {
  'eap-mschapv2': {
    count: runs(400),
    ends: {
      peer: {
        identity: 'carol',
        methods: [{ type: TYPE.MSCHAPV2, make: () => new MschapPeer(CREDENTIALS, randomOf(1)) }],
      },
      server: [
        {
          type: TYPE.MSCHAPV2,
          make: (identity) =>
            new MschapServer({ name: 'carol', password: 'Ar3etTnp' }, identity, randomOf(2)),
        },
      ],
    },
  },
  'eap-tls': {
    count: runs(60),
    ends: {
      peer: {
        identity: 'carol',
        methods: [{ type: TYPE.TLS, make: () => eapTls(CLIENT_TLS) }],
      },
      server: [
        { type: TYPE.TLS, make: () => new TlsServer(SERVER_TLS, () => ({ user: 'carol' })) },
      ],
    },
  },
  'eap-ttls': {
    count: runs(60),
    ends: {
      peer: {
        identity: 'carol',
        methods: [
          { type: TYPE.TTLS, make: () => eapTtls(CLIENT_TLS, CREDENTIALS, 'pap', randomOf(3)) },
        ],
      },
      server: [
        {
          type: TYPE.TTLS,
          make: () =>
            new TunnelServer({
              type: TYPE.TTLS,
              tls: SERVER_TLS,
              within: async (heard) => (heard.length > 0 ? undefined : new Uint8Array(0)),
            }),
        },
      ],
    },
  },
};

/** A byte changed, bytes cut off, put in, or another packet altogether. */
function mutate(packet: Uint8Array, random: Random, earlier: readonly Uint8Array[]): Uint8Array {
  const at = random.between(0, packet.length - 1);
  switch (random.between(0, 5 - 1)) {
    case 0:
      return packet.map((byte, i) => (i === at ? random.between(0, 256 - 1) : byte));
    case 1:
      return packet.slice(0, at);
    case 2:
      return Uint8Array.of(...packet.slice(0, at), ...random.bytes(9), ...packet.slice(at));
    case 3:
      return earlier.length > 0
        ? earlier[random.between(0, earlier.length - 1)]!
        : packet.slice(0, at);
    default:
      // The header stays as it is, so that what is inside is looked at.
      return packet.map((byte, i) => (i > 4 && i === at ? byte ^ 0x80 : byte));
  }
}

for (const [name, { count, ends }] of Object.entries(METHODS)) {
  fuzz(`${name}: ${count} conversations with one packet changed`, async () => {
    let failures = 0;
    for (let run = 1; run <= count; run++) {
      const seed = seedOf(run);
      const random = new Random(seed);
      const victim = random.between(0, 9 - 1);
      const seen: Uint8Array[] = [];
      const { verdict, outcome } = await talk(ends, (packet, at) => {
        const carried = at === victim ? mutate(packet, random, seen) : packet;
        seen.push(packet);
        return carried;
      });
      if (outcome.kind === 'success') {
        assert.is(verdict.kind, 'success', `seed ${seed}`);
        const msk = verdict.kind === 'success' ? verdict.msk : undefined;
        assert.equal(Buffer.from(msk ?? []), Buffer.from(outcome.msk), `seed ${seed}`);
      } else failures++;
    }
    assert.ok(failures > count / 4, `only ${failures} of ${count} were disturbed`);
  });
}

fuzz.run();
