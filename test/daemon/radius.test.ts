// A user's authentication over real sockets, against a server that says yes, no, nothing, or nonsense.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Radius } from '../../src/daemon/radius.js';
import { RadiusConversation } from '../../src/daemon/user-authentication.js';
import type { RadiusServerSettings } from '../../src/config/settings.js';
import { formatAddress, parseAddress } from '../../src/policy/address.js';
import { attribute, firstOf, joinEap, splitEap } from '../../src/radius/attributes.js';
import { sealAnswer } from '../../src/radius/authenticators.js';
import * as numbers from '../../src/radius/numbers.js';
import { type Attribute, decodePacket, type Packet } from '../../src/radius/packet.js';
import { sealKey } from '../radius/server.js';

const radius = suite('radius over sockets');
const SECRET = new TextEncoder().encode('a secret of the lab');
const LOOPBACK = parseAddress('127.0.0.1')!;
type Answer = { code: number; attributes: readonly Attribute[] } | undefined;
type Judge = (request: Packet, eap: Uint8Array, from: RemoteInfo) => Answer;

/** Opens a server, runs `body` against it, closes everything. */
async function withServer(
  judge: Judge,
  body: (radius: Radius, sockets: { server: Socket; log: string[] }) => Promise<void>,
  settings: Partial<RadiusServerSettings> = {},
  servers = 1,
): Promise<void> {
  const log: string[] = [];
  const line = (_topic: string, text: string): void => void log.push(text);
  const sockets: Socket[] = [];
  for (let n = 0; n < servers; n++) {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    sockets.push(socket);
  }
  for (const socket of sockets) {
    socket.on('message', (bytes, from) => {
      const request = decodePacket(bytes);
      const answer = judge(request, joinEap(request) ?? new Uint8Array(0), from);
      if (!answer) return;
      const content = { ...answer, identifier: request.identifier };
      socket.send(
        sealAnswer(content, SECRET, request.authenticator, true),
        from.port,
        from.address,
      );
    });
  }
  const client = new Radius(
    {
      servers: sockets.map((socket) => ({
        address: LOOPBACK,
        secret: SECRET,
        authenticationPort: socket.address().port,
        accountingPort: socket.address().port,
        timeoutMs: 5000,
        deadTime: 60,
        srcAddress: undefined,
        radsec: undefined,
        ...settings,
      })),
      accounting: false,
      interimUpdate: 0,
      incoming: { accept: false, port: 0, requireTimestamp: true },
    },
    {
      now: () => performance.now(),
      random: (bytes) => randomBytes(bytes),
      credentials: () => {
        throw new Error('no TLS here');
      },
      localAddressFor: () => LOOPBACK,
      log: { debug: line, info: line, warning: line, error: line },
    },
  );
  try {
    await body(client, { server: sockets[0]!, log });
  } finally {
    client.close();
    for (const socket of sockets) socket.close();
  }
}

const SUBJECT = { session: 's-1', peer: 'rw', port: 1, called: '192.0.2.1', calling: '192.0.2.2' };
const applicant = { peer: 'rw', claims: '', remote: '', local: '', alone: false };
const talk = (client: Radius, alone = false) =>
  new RadiusConversation(client, { ...applicant, alone }, SUBJECT, 5);
const eap = (code: number, identifier: number, ...data: number[]): Uint8Array =>
  Uint8Array.of(code, identifier, 0, 4 + data.length, ...data);
const identity = eap(2, 5, 1, ...new TextEncoder().encode('carol'));
const challenge = (identifier: number, type = 26): Answer => ({
  code: numbers.ACCESS_CHALLENGE,
  attributes: [...splitEap(eap(1, identifier, type, 42)), attribute('State', Uint8Array.of(9))],
});

const accept = (request: Packet, identifier: number, keyBytes = 32): Answer => ({
  code: numbers.ACCESS_ACCEPT,
  attributes: [
    ...splitEap(eap(3, identifier)),
    attribute(
      'MS-MPPE-Recv-Key',
      sealKey(new Uint8Array(keyBytes).fill(1), 1, SECRET, request.authenticator),
    ),
    attribute(
      'MS-MPPE-Send-Key',
      sealKey(new Uint8Array(keyBytes).fill(2), 2, SECRET, request.authenticator),
    ),
    attribute('Framed-IP-Address', Uint8Array.of(198, 18, 5, 1)),
    attribute('Session-Timeout', 600),
    attribute('Class', Uint8Array.of(7)),
    attribute('User-Name', 'Carol'),
  ],
});

radius('a yes brings key, name and what is granted; State goes back as it came', async () => {
  const seen: [string | undefined, Uint8Array | undefined][] = [];
  const judge: Judge = (request, said) => {
    seen.push([firstOf(request, 'User-Name'), firstOf(request, 'State')]);
    assert.is(request.attributes[0]?.type, 80);
    return said[4] === 1 ? challenge(6) : accept(request, 6);
  };
  await withServer(judge, async (client) => {
    const conversation = talk(client);
    const first = await conversation.begin();
    assert.equal([...first.packet], [1, 5, 0, 5, 1]);
    const second = await conversation.answer(identity);
    assert.is(second.kind, 'request');
    const last = await conversation.answer(eap(2, 6, 26, 43));
    assert.is(last.kind, 'success');
    if (last.kind !== 'success') return;
    assert.is(last.user, 'Carol');
    assert.equal([...last.msk!], [...Array(32).fill(1), ...Array(32).fill(2)]);
    assert.is(formatAddress(last.authorisation!.framedAddress!), '198.18.5.1');
    assert.is(last.authorisation!.sessionTimeout, 600);
    assert.equal(last.authorisation!.classes, [Uint8Array.of(7)]);
    assert.equal(seen, [
      ['carol', undefined],
      ['carol', Uint8Array.of(9)],
    ]);
  });
});

radius('short keys are filled up to the 64 bytes of an MSK', async () => {
  await withServer(
    (request) => accept(request, 5, 16),
    async (client) => {
      const last = await talk(client).answer(identity);
      assert.ok(last.kind === 'success' && last.msk);
      const zeros = Array(32).fill(0);
      assert.equal([...last.msk!], [...Array(16).fill(1), ...Array(16).fill(2), ...zeros]);
    },
  );
});

/** For those that wait for an answer that never comes. */
const QUICK = { timeoutMs: 100 };

const NOES: readonly [string, Judge, RegExp][] = [
  [
    'a Reject',
    () => ({
      code: numbers.ACCESS_REJECT,
      attributes: [...splitEap(eap(4, 5)), attribute('Reply-Message', 'come back later')],
    }),
    /^user carol: rejected: come back later$/,
  ],
  [
    'a Reject without EAP',
    () => ({ code: numbers.ACCESS_REJECT, attributes: [] }),
    /rejects the user/,
  ],
  [
    'an Accept that says Failure',
    () => ({ code: numbers.ACCESS_ACCEPT, attributes: splitEap(eap(4, 5)) }),
    /an Accept without EAP success/,
  ],
  [
    'an Accept without EAP',
    () => ({ code: numbers.ACCESS_ACCEPT, attributes: [] }),
    /an Accept without EAP success/,
  ],
  [
    'a challenge that says Success',
    () => ({ code: numbers.ACCESS_CHALLENGE, attributes: splitEap(eap(3, 5)) }),
    /a challenge without an EAP request/,
  ],
  [
    'half a key',
    (request) => ({
      code: numbers.ACCESS_ACCEPT,
      attributes: accept(request, 5)!.attributes.filter((_, at) => at !== 2),
    }),
    /half of an MPPE key/,
  ],
  [
    'a key that does not decrypt',
    (request) => ({
      code: numbers.ACCESS_ACCEPT,
      attributes: [
        ...splitEap(eap(3, 5)),
        attribute(
          'MS-MPPE-Recv-Key',
          sealKey(new Uint8Array(16).fill(1), 1, SECRET, request.authenticator).slice(0, 18),
        ),
        attribute('MS-MPPE-Send-Key', Uint8Array.of(0x80, 1, ...new Uint8Array(17))),
      ],
    }),
    /makes no sense/,
  ],
  ['silence', () => undefined, /no answer of 127\.0\.0\.1:\d+: nobody is let in without one/],
];
for (const [name, judge, reason] of NOES) {
  radius(`${name} lets nobody in`, async () => {
    const timing = name === 'silence' ? QUICK : {};
    const body = async (client: Radius): Promise<void> => {
      const last = await talk(client).answer(identity);
      assert.is(last.kind, 'failure');
      assert.match(last.kind === 'failure' ? last.reason : '', reason);
      assert.equal([...last.packet], [4, 5, 0, 4]);
    };
    await withServer(judge, body, timing);
  });
}

radius('what fits into no RADIUS packet is refused, and the next user is not', async () => {
  const long = eap(2, 5, 1, ...new Uint8Array(300).fill(97));
  const huge = new Uint8Array(5000).fill(1);
  huge.set([2, 6, huge.length >> 8, huge.length & 0xff, 26]);
  for (const packet of [long, huge]) {
    new DataView(packet.buffer).setUint16(2, packet.length);
  }
  const judge: Judge = (request, said) => (said[4] === 1 ? challenge(6) : accept(request, 6));
  await withServer(judge, async (client) => {
    const first = await talk(client).answer(long);
    assert.match(first.kind === 'failure' ? first.reason : '', /its name has 300 bytes, not 253/);
    const second = talk(client);
    await second.answer(identity);
    const last = await second.answer(huge);
    assert.match(last.kind === 'failure' ? last.reason : '', /at most 4096 can be/);
    const third = talk(client);
    assert.is((await third.answer(identity)).kind, 'request');
    assert.is((await third.answer(eap(2, 6, 26, 43))).kind, 'success');
  });
});

radius('what is no response to the request goes to no server', async () => {
  let asked = 0;
  const judge: Judge = () => void asked++ as undefined;
  await withServer(judge, async (client) => {
    for (const bytes of [
      eap(1, 5, 1, 65),
      eap(2, 6, 1, 65),
      eap(2, 5),
      eap(2, 5, 26, 1),
      eap(2, 5, 1),
      new Uint8Array(0),
      Uint8Array.of(...identity, 0),
    ]) {
      assert.is((await talk(client).answer(bytes)).kind, 'failure');
    }
    assert.is(asked, 0);
  });
});

radius('without a certificate of ours only methods that prove the server count', async () => {
  const judge =
    (type: number): Judge =>
    (request, said) =>
      said[4] === 1 ? challenge(6, type) : accept(request, 6);
  for (const [type, kind] of [
    [26, 'failure'],
    [4, 'failure'],
    [13, 'success'],
    [21, 'success'],
  ] as const) {
    await withServer(judge(type), async (client) => {
      const conversation = talk(client, true);
      await conversation.answer(identity);
      assert.is((await conversation.answer(eap(2, 6, type, 1))).kind, kind, `type ${type}`);
    });
  }
});

radius('a yes without keys counts only for methods that make none', async () => {
  const keyless =
    (type: number): Judge =>
    (_request, said) =>
      said[4] === 1 && type !== 1
        ? challenge(6, type)
        : { code: numbers.ACCESS_ACCEPT, attributes: splitEap(eap(3, 6)) };
  for (const [type, what] of [
    [1, /accepts without EAP and sends no MPPE keys/],
    [13, /accepts by eap-tls and sends no MPPE keys/],
    [21, /accepts by eap-ttls and/],
    [25, /accepts by eap-peap and/],
    [26, /accepts by eap-mschapv2 and.*must hand over MS-MPPE-Recv-Key/],
    [4, undefined],
    [6, undefined],
  ] as const) {
    await withServer(keyless(type), async (client) => {
      const conversation = talk(client);
      let last = await conversation.answer(identity);
      if (type !== 1) last = await conversation.answer(eap(2, 6, type, 1));
      assert.is(last.kind, what ? 'failure' : 'success', `type ${type}`);
      if (what) assert.match(last.kind === 'failure' ? last.reason : '', what);
    });
  }
});

radius(
  'a name counts as proved where the server says it, or the method proves no other',
  async () => {
    const judge =
      (type: number, named: boolean): Judge =>
      (request, said) => {
        if (said[4] === 1) return challenge(6, type);
        const { code, attributes } = accept(request, 6)!;
        return { code, attributes: attributes.filter(({ type: one }) => named || one !== 1) };
      };
    for (const [type, named, proved] of [
      [26, false, true],
      [26, true, true],
      [13, false, false],
      [21, false, false],
      [25, false, false],
      [25, true, true],
    ] as const) {
      await withServer(judge(type, named), async (client) => {
        const conversation = talk(client);
        await conversation.answer(identity);
        const last = await conversation.answer(eap(2, 6, type, 1));
        assert.ok(last.kind === 'success');
        const { user, userProved } = last.authorisation!;
        assert.equal([user, userProved], [named ? 'Carol' : 'carol', proved], `type ${type}`);
      });
    }
  },
);

radius('a conversation that has begun stays with its server', async () => {
  const ports: number[] = [];
  let first: number | undefined;
  const judge: Judge = (_request, said, from) => {
    ports.push(from.port);
    first ??= from.port;
    if (said[4] === 1) return challenge(6);
    return undefined;
  };
  await withServer(
    judge,
    async (client) => {
      const conversation = talk(client);
      await conversation.answer(identity);
      const last = await conversation.answer(eap(2, 6, 26, 43));
      assert.is(last.kind, 'failure');
      // One socket each: only the one that answered was asked.
      assert.equal([...new Set(ports)], [first]);
      assert.is(ports.length, 1 + 3);
    },
    { timeoutMs: 400 },
    2,
  );
});

radius('requests leave from src-address', async () => {
  const from: string[] = [];
  const judge: Judge = (request, _said, { address }) => {
    from.push(address, firstOf(request, 'NAS-IP-Address')!.join('.'));
    return { code: numbers.ACCESS_REJECT, attributes: [] };
  };
  const source = { srcAddress: parseAddress('127.0.0.77')! };
  await withServer(
    judge,
    async (client) => {
      await talk(client).answer(identity);
      assert.equal(from, ['127.0.0.77', '127.0.0.77']);
    },
    source,
  );
});

radius('other servers: what is under way fails, records go to the new ones', async () => {
  let records = 0;
  const silent: Judge = () => undefined;
  const answering: Judge = () => {
    records++;
    return { code: numbers.ACCOUNTING_RESPONSE, attributes: [] };
  };
  await withServer(silent, async (client) => {
    await withServer(answering, async (_other, { server }) => {
      const question = talk(client).answer(identity);
      const attributes = [attribute('Acct-Status-Type', numbers.STATUS_STOP)];
      const record = client.ask({ service: 'accounting', attributes, forMs: 60_000 });
      client.reconfigure({
        servers: [
          {
            address: LOOPBACK,
            secret: SECRET,
            authenticationPort: server.address().port,
            accountingPort: server.address().port,
            timeoutMs: 5000,
            deadTime: 60,
            srcAddress: undefined,
            radsec: undefined,
          },
        ],
        accounting: true,
        interimUpdate: 0,
        incoming: { accept: false, port: 0, requireTimestamp: true },
      });
      assert.is((await question).kind, 'failure');
      assert.ok('answer' in (await record));
      assert.is(records, 1);
    });
  });
});

radius('a stranger who answers in the place of the server is not heard', async () => {
  const stranger = createSocket('udp4');
  stranger.bind(0, '127.0.0.1');
  await once(stranger, 'listening');
  const judge: Judge = (request, _said, from) => {
    // The right bytes, from the wrong port: the socket is connected.
    const content = { ...accept(request, 5)!, identifier: request.identifier };
    stranger.send(
      sealAnswer(content, SECRET, request.authenticator, true),
      from.port,
      from.address,
    );
    return undefined;
  };
  const body = async (client: Radius): Promise<void> => {
    assert.is((await talk(client).answer(identity)).kind, 'failure');
  };
  await withServer(judge, body, QUICK);
  stranger.close();
});

radius.run();
