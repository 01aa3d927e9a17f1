// Our RADIUS client alone, inside a namespace: a user's EAP-MSCHAPv2 and accounting records towards
// the servers that are named, the outcome as one line of JSON.
//   radius-agent.js ask {"servers":["198.18.0.10:1812"],"user":"carol","password":"…"}
//   radius-agent.js account {"servers":[…]}
import { randomBytes } from 'node:crypto';
import { Radius } from '../../src/daemon/radius.js';
import { RadiusConversation } from '../../src/daemon/user-authentication.js';
import { MschapPeer } from '../../src/eap/mschapv2.js';
import { TYPE } from '../../src/eap/packet.js';
import { EapPeer } from '../../src/eap/peer.js';
import { formatAddress, formatPrefix, parseAddress } from '../../src/policy/address.js';
import { interimRecord, startRecord, stopRecord } from '../../src/radius/session.js';
import { RADIUS_SECRET } from './freeradius.js';

interface Wanted {
  readonly servers: readonly string[];
  readonly user: string;
  readonly password: string;
}

const [verb, json = '{}'] = process.argv.slice(2);
const wanted = JSON.parse(json) as Wanted;
const SUBJECT = {
  session: 'lab-7',
  peer: 'rw',
  port: 7,
  called: '192.0.2.1',
  calling: '192.0.2.2',
};
const ACCOUNT = {
  subject: SUBJECT,
  user: 'carol',
  classes: [new TextEncoder().encode('gold')],
  framedAddress: Uint8Array.of(198, 18, 5, 1),
  framedAddress6: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Uint8Array(11), 5),
};
const lines: string[] = [];
const line = (_topic: string, text: string): void => void lines.push(text);

const radius = new Radius(
  {
    servers: wanted.servers.map((server) => {
      const [address, port] = server.split(':');
      return {
        address: parseAddress(address!)!,
        secret: new TextEncoder().encode(RADIUS_SECRET),
        authenticationPort: Number(port),
        accountingPort: Number(port) + 1,
        timeoutMs: 500,
        deadTime: 60,
        srcAddress: undefined,
        radsec: undefined,
      };
    }),
    accounting: true,
    interimUpdate: 0,
    incoming: { accept: false, port: 0, requireTimestamp: true },
  },
  {
    now: () => performance.timeOrigin + performance.now(),
    random: (bytes) => randomBytes(bytes),
    credentials: () => {
      throw new Error('no TLS here');
    },
    localAddressFor: () => parseAddress('198.18.0.1'),
    log: { debug: line, info: line, warning: line, error: line },
  },
);

async function ask(): Promise<unknown> {
  const applicant = { peer: 'rw', claims: '', remote: '', local: '', alone: false };
  const conversation = new RadiusConversation(radius, applicant, SUBJECT, 1);
  const { user: username, password } = wanted;
  const make = () => new MschapPeer({ username, password }, (bytes) => randomBytes(bytes));
  const peer = new EapPeer({ identity: username, methods: [{ type: TYPE.MSCHAPV2, make }] });
  let verdict = await conversation.begin();
  for (;;) {
    const outcome = await peer.respond(verdict.packet);
    if (verdict.kind === 'failure') return { verdict: verdict.reason, peer: outcome };
    if (verdict.kind === 'success') {
      const { msk, user, authorisation } = verdict;
      const { framedAddress, framedAddress6, framedPrefix6, dns, classes, ...rest } =
        authorisation!;
      return {
        user,
        // What only the two ends of EAP know must be the same at both.
        sameKey: outcome.kind === 'success' && Buffer.compare(outcome.msk, msk!) === 0,
        keyBytes: msk!.length,
        grant: {
          ...rest,
          framedAddress: framedAddress && formatAddress(framedAddress),
          framedAddress6: framedAddress6 && formatAddress(framedAddress6),
          framedPrefix6: framedPrefix6 && formatPrefix(framedPrefix6),
          dns: dns.map(formatAddress),
          classes: classes.map((one) => Buffer.from(one).toString('latin1')),
        },
      };
    }
    if (outcome.kind !== 'response') return { peer: outcome };
    verdict = await conversation.answer(outcome.packet);
  }
}

async function account(): Promise<unknown> {
  const seconds = Math.floor(Date.now() / 1000);
  const usage = {
    seconds: 90,
    inputBytes: 5 * 2 ** 32 + 17,
    inputPackets: 2 ** 32 + 3,
    outputBytes: 2 ** 32 - 1,
    outputPackets: 12,
  };
  const nas = radius.nas();
  const records = [
    startRecord(nas, ACCOUNT, seconds),
    interimRecord(nas, ACCOUNT, usage, seconds + 60),
    stopRecord(nas, ACCOUNT, usage, 'idle-timeout', seconds + 90),
  ];
  const heard: boolean[] = [];
  for (const attributes of records) {
    heard.push('answer' in (await radius.ask({ service: 'accounting', attributes })));
  }
  return heard;
}

console.log(JSON.stringify({ result: await (verb === 'ask' ? ask() : account()), lines }));
radius.close();
