// EAP-TLS, EAP-TTLS and PEAP without IKE: fragments, keys, the inside of the tunnel, and what is not
// believed. Real servers are the judges in interop/strongswan-eap.test.ts.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Issuer } from '../../src/certificates/author.js';
import { readCertificate } from '../../src/certificates/certificate.js';
import { Fragments } from '../../src/eap/fragments.js';
import type { Verdict } from '../../src/eap/authenticator.js';
import type { PeerMethod } from '../../src/eap/method.js';
import { decodeEap, encodeEap, TYPE } from '../../src/eap/packet.js';
import { eapPeap } from '../../src/eap/peap.js';
import type { TlsEnd, TlsIdentity, TlsOptions } from '../../src/eap/tls.js';
import { eapTls } from '../../src/eap/tls-peer.js';
import { TlsServer } from '../../src/eap/tls-server.js';
import { type Avp, decodeAvps, encodeAvps, eapTtls, type InnerMethod } from '../../src/eap/ttls.js';
import { MschapServer } from '../../src/eap/mschapv2.js';
import { LocalConversation } from '../../src/eap/local.js';
import { authenticatorResponse, type Challenges, ntResponse } from '../../src/eap/mschap.js';
import { issue } from '../certificates/pki.js';
import { randomOf, talk } from './pair.js';
import { TunnelServer, type Within } from './tunnel-server.js';

const tunnelled = suite('EAP over TLS');

const CA = issue({ cn: 'CA', ca: true });
const SERVER = issue({ cn: 'aaa', san: 'DNS:aaa.example' }, CA);
const CAROL = issue({ cn: 'carol' }, CA);
const CREDENTIALS = { username: 'carol', password: 'Ar3etTnp' };
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
type Version = (typeof VERSIONS)[number];
const SUCCESS_TLV = Uint8Array.of(0x80, 3, 0, 2, 0, 1);
const NOTHING = new Uint8Array(0);

function identityOf({ certificate, privateKey }: Issuer): TlsIdentity {
  const { x509 } = readCertificate(certificate);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certificate: x509.toString(), key };
}

const options = (holder: Issuer | undefined, most: Version, verdict?: string): TlsOptions => ({
  identity: holder && identityOf(holder),
  judge: async () => verdict,
  most,
});

const run = (type: number, peer: () => PeerMethod, within: Within, most: Version) =>
  talk({
    peer: { identity: 'anonymous', methods: [{ type, make: peer }] },
    server: [{ type, make: () => new TunnelServer({ type, tls: options(SERVER, most), within }) }],
  });

type Talked = Awaited<ReturnType<typeof talk>>;

function agreed({ verdict, outcome }: Talked): void {
  assert.is(outcome.kind, 'success', JSON.stringify(outcome));
  assert.is(verdict.kind, 'success', JSON.stringify(verdict));
  if (verdict.kind !== 'success' || outcome.kind !== 'success') return;
  assert.is(outcome.msk.length, 64);
  assert.ok(new Set(outcome.msk).size > 20, 'a key, not a pattern');
  assert.equal(Buffer.from(verdict.msk!), Buffer.from(outcome.msk));
}

const reasonOf = ({ outcome }: Talked): string =>
  outcome.kind === 'failure' ? outcome.reason : `no failure but ${outcome.kind}`;

for (const most of VERSIONS) {
  const tls = (verdict?: string) =>
    talk({
      peer: {
        identity: 'carol',
        methods: [{ type: TYPE.TLS, make: () => eapTls(options(CAROL, most, verdict)) }],
      },
      server: [
        {
          type: TYPE.TLS,
          make: () => new TlsServer(options(SERVER, most), () => ({ user: 'carol' })),
        },
      ],
    });

  tunnelled(`eap-tls over ${most}: one key, no packet too long`, async () => {
    const talked = await tls();
    agreed(talked);
    assert.ok(talked.packets.every((packet) => packet.length <= 1040));
  });

  tunnelled(`eap-tls over ${most}: a server that is not trusted`, async () => {
    const talked = await tls('the certificate "CN=aaa": expired');
    assert.match(reasonOf(talked), /not to be trusted: the certificate "CN=aaa": expired/);
  });

  for (const inner of ['pap', 'mschapv2', 'eap-mschapv2'] as const) {
    tunnelled(`eap-ttls with ${inner} over ${most}`, async () => {
      agreed(await ttls(inner, ttlsServer(), most));
    });
  }

  tunnelled(`eap-ttls over ${most}: a server that does not know the password`, async () => {
    const liar = ttlsServer('another');
    assert.match(reasonOf(await ttls('mschapv2', liar, most)), /does not know the password/);
    assert.match(reasonOf(await ttls('eap-mschapv2', liar, most)), /wrong user name or password/);
  });

  tunnelled(`eap-peap over ${most}`, async () => {
    agreed(await peap(peapServer(), most));
  });

  tunnelled(`eap-peap over ${most}: Success before the password is proved`, async () => {
    const eager: Within = async () => result(SUCCESS_TLV);
    assert.match(reasonOf(await peap(eager, most)), /ends PEAP before the password is proved/);
  });
}

const ttls = (inner: InnerMethod, within: Within, most: Version) =>
  run(
    TYPE.TTLS,
    () => eapTtls(options(undefined, most), CREDENTIALS, inner, randomOf(3)),
    within,
    most,
  );
const peap = (within: Within, most: Version) =>
  run(TYPE.PEAP, () => eapPeap(options(undefined, most), CREDENTIALS, randomOf(3)), within, most);

const find = (avps: NonNullable<ReturnType<typeof decodeAvps>>, code: number, vendor = 0) =>
  avps.find((avp) => avp.code === code && avp.vendor === vendor)?.data;

/** EAP-MSCHAPv2 within; answers nothing after its end. */
function inner(password: string): (said: Uint8Array | undefined) => Promise<Verdict> {
  const make = () => new MschapServer({ name: 'carol', password }, 'carol', randomOf(4));
  const server = new LocalConversation([{ type: TYPE.MSCHAPV2, make }], 0xff);
  return (said) => (said ? server.answer(said) : server.begin());
}

/** PAP, MS-CHAPv2 and EAP, by what the peer begins with. */
function ttlsServer(password = CREDENTIALS.password): Within {
  const converse = inner(password);
  let begun = false;
  let answered = false;
  return async (heard, tls) => {
    if (heard.length === 0) return answered ? undefined : NOTHING;
    const avps = decodeAvps(heard)!;
    const pap = find(avps, 2);
    if (pap) {
      const text = Buffer.from(pap).toString().replace(/\0+$/, '');
      return text === password ? undefined : 'refuse';
    }
    const eap = find(avps, 79);
    if (!eap) {
      answered = true;
      return mschap(avps, tls, password);
    }
    // The peer begins with its identity, unasked.
    if (!begun) await converse(undefined);
    const verdict = await converse(begun ? eap : eap.map((byte, i) => (i === 1 ? 0 : byte)));
    begun = true;
    if (verdict.kind === 'success') return undefined;
    return encodeAvps([{ code: 79, vendor: 0, mandatory: true, data: verdict.packet }]);
  };
}

function mschap(avps: Avp[], tls: TlsEnd, password: string): Uint8Array {
  const value = find(avps, 25, 311)!;
  const implicit = tls.export(17, 'ttls challenge');
  assert.equal(Buffer.from(find(avps, 11, 311)!), Buffer.from(implicit.subarray(0, 16)));
  assert.is(value[0], implicit[16]);
  const challenges: Challenges = {
    authenticator: implicit.slice(0, 16),
    peer: value.slice(2, 18),
    name: find(avps, 1)!,
  };
  const response = value.slice(26, 50);
  if (password === CREDENTIALS.password) {
    assert.equal(Buffer.from(response), Buffer.from(ntResponse(challenges, password)));
  }
  const proof = authenticatorResponse(challenges, password, response);
  const data = Uint8Array.of(value[0]!, ...Buffer.from(`${proof} M=OK`));
  return encodeAvps([{ code: 26, vendor: 311, mandatory: true, data }]);
}

const result = (tlv: Uint8Array): Uint8Array =>
  encodeEap({ code: 1, identifier: 5, type: TYPE.EXTENSIONS, data: tlv });

/** Headers are left out on the way: the identifiers are counted on both sides. */
function peapServer(password = CREDENTIALS.password, last = SUCCESS_TLV): Within {
  const converse = inner(password);
  let identifier = -1;
  return async (heard) => {
    const whole = decodeEap(heard);
    if (whole && 'type' in whole && whole.type === TYPE.EXTENSIONS) {
      return Buffer.from(whole.data).equals(SUCCESS_TLV) ? undefined : 'refuse';
    }
    const said =
      heard.length === 0
        ? undefined
        : encodeEap({
            code: 2,
            identifier: identifier & 0xff,
            type: heard[0]!,
            data: heard.slice(1),
          });
    const verdict = await converse(said);
    identifier = verdict.packet[1]!;
    if (verdict.kind === 'failure') return 'refuse';
    return verdict.kind === 'request' ? verdict.packet.slice(4) : result(last);
  };
}

tunnelled('eap-peap: refused within, in words and in TLVs', async () => {
  const refusal = Uint8Array.of(0x80, 3, 0, 2, 0, 2);
  assert.match(
    reasonOf(await peap(peapServer('another'), 'TLSv1.2')),
    /wrong user name or password/,
  );
  assert.match(
    reasonOf(await peap(peapServer(undefined, refusal), 'TLSv1.2')),
    /refuses the user within PEAP: a wrong user name or password is/,
  );
  const strange = Uint8Array.of(0x80, 7, 0, 0, ...SUCCESS_TLV);
  assert.match(reasonOf(await peap(peapServer(undefined, strange), 'TLSv1.2')), /insists on TLV 7/);
  const optional = Uint8Array.of(0, 7, 0, 0, ...SUCCESS_TLV);
  agreed(await peap(peapServer(undefined, optional), 'TLSv1.2'));
  const cut = SUCCESS_TLV.slice(0, 5);
  assert.match(reasonOf(await peap(peapServer(undefined, cut), 'TLSv1.2')), /malformed TLVs/);
});

tunnelled('eap-ttls: AVPs whose lengths lie, and ones that must be understood', async () => {
  const good = encodeAvps([{ code: 26, vendor: 311, mandatory: true, data: new Uint8Array(5) }]);
  for (const at of [4, 5, 6, 7]) {
    for (const value of [0, 1, 7, 11, 13, 255]) {
      const bytes = good.map((byte, i) => (i === at ? value : byte));
      const avps = decodeAvps(bytes);
      assert.ok(
        avps === undefined || avps.every(({ data }) => data.length <= 9),
        `${at}: ${value}`,
      );
    }
  }
  for (let length = 1; length < good.length; length++) {
    const avps = decodeAvps(good.subarray(0, length));
    assert.ok(avps === undefined || length >= 17, `${length} bytes`);
  }
  const strange: Within = async (heard) =>
    heard.length === 0
      ? NOTHING
      : encodeAvps([{ code: 999, vendor: 9, mandatory: true, data: NOTHING }]);
  assert.match(
    reasonOf(await ttls('mschapv2', strange, 'TLSv1.2')),
    /insists on AVP 999 of vendor 9/,
  );
});

// ---- fragments ---------------------------------------------------------------------------------

tunnelled('a message in fragments comes together; the length is in the first', () => {
  const [from, to] = [new Fragments(), new Fragments()];
  const message = randomOf(8)(5000);
  let packet = from.say(message);
  assert.equal([...packet.slice(0, 5)], [0xc0, 0, 0, 0x13, 0x88]);
  for (let count = 1; ; count++) {
    assert.ok(count < 10);
    const heard = to.hear(packet);
    if (heard.kind === 'message') {
      assert.equal(Buffer.from(heard.bytes), Buffer.from(message));
      assert.is(count, 5);
      return;
    }
    assert.is(heard.kind, 'go-on');
    const next = from.hear(heard.kind === 'go-on' ? heard.data : NOTHING);
    assert.is(next.kind, 'go-on');
    packet = next.kind === 'go-on' ? next.data : NOTHING;
  }
});

tunnelled('fragments that lie end it, and nobody is made to keep much', () => {
  const cases: [string, number[][]][] = [
    ['no flags', [[]]],
    ['another version', [[0x01, 1]]],
    ['a length cut short', [[0x80, 0, 0]]],
    ['a length beyond what TLS needs', [[0xc0, 0, 1, 0, 1, 7]]],
    [
      'more than announced',
      [
        [0xc0, 0, 0, 0, 1, 7],
        [0x00, 7],
      ],
    ],
    [
      'less than announced',
      [
        [0xc0, 0, 0, 0, 9, 7],
        [0x00, 7],
      ],
    ],
    [
      'two lengths',
      [
        [0xc0, 0, 0, 0, 9, 7],
        [0xc0, 0, 0, 0, 8, 7],
      ],
    ],
    ['an empty fragment with more to follow', [[0x40]]],
    ['a start within a message', [[0x40, 7], [0x20]]],
  ];
  for (const [name, packets] of cases) {
    const fragments = new Fragments();
    const kinds = packets.map((packet) => fragments.hear(Uint8Array.from(packet)).kind);
    assert.is(kinds.at(-1), 'malformed', name);
  }
  const endless = new Fragments();
  const chunk = new Uint8Array(1025);
  chunk[0] = 0x40;
  let heard = 0;
  while (endless.hear(chunk).kind === 'go-on') assert.ok(++heard < 70);
});

tunnelled('data where an acknowledgement is due', () => {
  const fragments = new Fragments();
  fragments.say(new Uint8Array(3000));
  assert.is(fragments.hear(Uint8Array.of(0, 1)).kind, 'malformed');
});

tunnelled('garbage, and TLS of another kind, end in failures', async () => {
  for (const junk of [[22, 3, 1, 0, 1, 0], [0x16, 0x03], Array(300).fill(0x41)]) {
    const server = new TlsServer(options(SERVER, 'TLSv1.3'), () => ({ user: 'carol' }));
    await server.begin();
    const fragments = new Fragments();
    let step = await server.answer(fragments.say(Uint8Array.from(junk)));
    if (step.kind === 'request') step = await server.answer(Uint8Array.of(0));
    assert.is(step.kind, 'failure', String(junk.slice(0, 4)));
    server.close();
    const peer = eapTls(options(CAROL, 'TLSv1.3'));
    assert.is((await peer.respond(Uint8Array.of(0, 1, 2))).kind, 'failed', 'before the start');
    assert.is((await peer.respond(Fragments.start())).kind, 'answer');
    assert.is((await peer.respond(Fragments.start())).kind, 'failed', 'a second start');
    // A record that is not whole is waited for.
    const waits = junk.length < 10;
    assert.is((await peer.respond(Uint8Array.of(0, ...junk))).kind, waits ? 'answer' : 'failed');
    peer.close();
  }
});

tunnelled.run();
