// Sessions without servers or tunnels: which records go out, what they count, when a session is ended.
// Shows settings.accounting
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Accounting } from '../../src/daemon/accounting.js';
import type { Asking, Heard } from '../../src/daemon/radius.js';
import type { Authorisation } from '../../src/ike/authorisation.js';
import { parseAddress } from '../../src/policy/address.js';
import { allOf, firstOf } from '../../src/radius/attributes.js';
import { RadiusError } from '../../src/radius/packet.js';
import * as numbers from '../../src/radius/numbers.js';
import { sessionName } from '../../src/radius/session.js';
import { grant } from '../helpers/authorisation.js';
import { radiusServer } from './radius-servers.js';

const accounting = suite('accounting');
const address = (text: string) => parseAddress(text)!;
const GRANT = grant({
  user: 'carol',
  session: sessionName('ab', 7),
  classes: [Uint8Array.of(1, 2), Uint8Array.of(3)],
  server: '192.0.2.9:1812',
});
const endpoint = (text: string) => ({ address: address(text), port: 4500 });
const STATUS = { 1: 'start', 2: 'stop', 3: 'interim', 7: 'on', 8: 'off' } as Record<number, string>;

function site(
  settings: { interimUpdate?: number; accounting?: boolean } = {},
  answer?: () => Promise<Heard>,
) {
  const said: string[] = [];
  let now = 1_790_000_000_000;
  const asked: Asking[] = [];
  const ended: [string, string][] = [];
  const limited: [string, number][] = [];
  const traffic = new Map<number, Record<'in' | 'out', { bytes: number; packets: number }>>();
  const desk = new Accounting(
    {
      servers: [radiusServer('192.0.2.9', Uint8Array.of(1))],
      accounting: true,
      interimUpdate: 0,
      incoming: { accept: false, port: 3799, requireTimestamp: true },
      ...settings,
    },
    {
      now: () => now,
      ask: (asking) => {
        asked.push(asking);
        return answer?.() ?? new Promise(() => {});
      },
      nas: () => ({ identifier: 'moon', address: Uint8Array.of(192, 0, 2, 1) }),
      traffic: (child) => traffic.get(child),
      end: (sessions, cause) => void ended.push([[...sessions].join(), cause]),
      limit: (sessions, seconds) => void limited.push([[...sessions].join(), seconds]),
      log: { info: () => {}, warning: (_topic, text) => void said.push(text) },
    },
    'ab',
  );
  return {
    desk,
    asked,
    said,
    ended,
    limited,
    traffic,
    begin: (more: Partial<Authorisation> = {}) =>
      desk.began({
        kind: 'began',
        authorisation: { ...GRANT, ...more },
        peer: 'rw',
        local: endpoint('192.0.2.1'),
        remote: endpoint('192.0.2.2'),
        addresses: [address('198.18.5.1'), address('2001:db8::5')],
      }),
    pass(seconds: number): void {
      for (let second = 0; second < seconds; second++) {
        now += 1000;
        desk.tick();
      }
    },
    records: () =>
      asked.map(({ attributes }) => STATUS[firstOf({ attributes }, 'Acct-Status-Type')!]),
  };
}

const usageOf = ({ attributes }: Asking): number[] =>
  [
    'Acct-Session-Time',
    'Acct-Input-Octets',
    'Acct-Input-Gigawords',
    'Acct-Input-Packets',
    'Acct-Output-Octets',
    'Acct-Output-Gigawords',
    'Acct-Output-Packets',
  ].map((name) => firstOf({ attributes }, name as 'Acct-Session-Time')!);

accounting('a Start says who, where and what came with the yes', () => {
  const lab = site();
  lab.begin();
  const [start] = lab.asked;
  assert.equal(lab.records(), ['start']);
  assert.is(start!.first, '192.0.2.9:1812');
  assert.is(firstOf(start!, 'User-Name'), 'carol');
  assert.is(firstOf(start!, 'Acct-Session-Id'), 'ab-7');
  assert.is(firstOf(start!, 'NAS-Port'), 7);
  assert.is(firstOf(start!, 'Calling-Station-Id'), '192.0.2.2');
  assert.equal(firstOf(start!, 'Framed-IP-Address'), Uint8Array.of(198, 18, 5, 1));
  assert.is(firstOf(start!, 'Framed-IPv6-Address')?.[15], 5);
  assert.equal(allOf(start!, 'Class'), [Uint8Array.of(1, 2), Uint8Array.of(3)]);
  assert.is(firstOf(start!, 'Event-Timestamp'), 1_790_000_000);
});

accounting('a Stop counts what all children carried, gone ones too, beyond 4 GiB', () => {
  const lab = site();
  lab.begin();
  lab.desk.childAdded(1, GRANT.session);
  lab.desk.childAdded(99, 'of nobody');
  lab.traffic.set(1, { in: { bytes: 2 ** 32, packets: 10 }, out: { bytes: 5, packets: 1 } });
  lab.pass(10);
  lab.desk.childAdded(2, GRANT.session);
  lab.desk.childRemoved(1);
  lab.traffic.delete(1);
  lab.traffic.set(2, { in: { bytes: 7, packets: 2 }, out: { bytes: 3 * 2 ** 32, packets: 4 } });
  lab.traffic.set(99, { in: { bytes: 1e6, packets: 2 }, out: { bytes: 1e6, packets: 4 } });
  lab.pass(5);
  lab.desk.childRemoved(2);
  lab.traffic.clear();
  lab.desk.ended(GRANT.session, 'user-request');
  lab.desk.ended(GRANT.session, 'lost-carrier');
  assert.equal(lab.records(), ['start', 'stop']);
  assert.equal(usageOf(lab.asked[1]!), [15, 7, 1, 12, 5, 3, 5]);
  assert.is(
    firstOf(lab.asked[1]!, 'Acct-Terminate-Cause'),
    numbers.TERMINATE_CAUSES['user-request'],
  );
  assert.equal(lab.desk.sessions(), []);
});

accounting('reports come as often as the server says, else as configured, else never', () => {
  const lab = site({ interimUpdate: 30 });
  lab.begin();
  lab.pass(95);
  assert.equal(lab.records(), ['start', 'interim', 'interim', 'interim']);
  assert.equal(lab.asked.map((one) => usageOf(one)[0]).slice(1), [30, 60, 90]);
  // A report that is old is not worth minutes of trying.
  assert.is(lab.asked[1]!.forMs, undefined);
  const server = site({ interimUpdate: 30 });
  server.begin({ interimInterval: 60 });
  server.pass(95);
  assert.equal(server.records(), ['start', 'interim']);
  const never = site();
  never.begin();
  never.pass(1000);
  assert.equal(never.records(), ['start']);
});

accounting('without accounting nothing is sent, and limits hold all the same', () => {
  const lab = site({ accounting: false, interimUpdate: 30 });
  lab.desk.start();
  lab.begin({ sessionTimeout: 100 });
  lab.pass(99);
  assert.equal(lab.ended, []);
  lab.pass(1);
  assert.equal(lab.ended, [['ab-7', 'session-timeout']]);
  assert.equal(lab.records(), []);
  void lab.desk.stop(0);
});

accounting('Session-Timeout asks once for the end', () => {
  const lab = site();
  lab.begin({ sessionTimeout: 60 });
  lab.pass(300);
  assert.equal(lab.ended, [['ab-7', 'session-timeout']]);
});

accounting('Idle-Timeout counts from the last packet either way', () => {
  const lab = site();
  lab.begin({ idleTimeout: 60 });
  lab.desk.childAdded(1, GRANT.session);
  const carried = { in: { bytes: 0, packets: 0 }, out: { bytes: 0, packets: 0 } };
  lab.traffic.set(1, carried);
  lab.pass(50);
  carried.out.packets++;
  lab.pass(50);
  carried.in.packets++;
  lab.pass(60);
  assert.equal(lab.ended, []);
  lab.pass(2);
  assert.equal(lab.ended, [['ab-7', 'idle-timeout']]);
});

accounting('a server changes limits and class of a session that goes on', () => {
  const lab = site();
  lab.begin({ sessionTimeout: 60 });
  const nothing = { sessionTimeout: undefined, idleTimeout: undefined, interimInterval: undefined };
  lab.desk.change(['ab-7'], { ...nothing, sessionTimeout: 0, classes: [Uint8Array.of(9)] });
  lab.pass(100);
  assert.equal(lab.ended, []);
  lab.desk.change(['ab-7', 'of nobody'], {
    ...nothing,
    sessionTimeout: 150,
    interimInterval: 20,
    classes: undefined,
  });
  lab.pass(60);
  assert.equal(lab.ended, [['ab-7', 'session-timeout']]);
  assert.equal(lab.records(), ['start', 'interim', 'interim', 'interim']);
  assert.equal(allOf(lab.asked[1]!, 'Class'), [Uint8Array.of(9)]);
});

accounting('who may prove itself again is told of another limit, counted from then', () => {
  const lab = site();
  const nothing = { idleTimeout: undefined, interimInterval: undefined, classes: undefined };
  lab.begin({ sessionTimeout: 600, reauthenticate: true });
  lab.pass(40);
  lab.desk.change(['ab-7'], { ...nothing, sessionTimeout: 100 });
  lab.desk.change(['ab-7'], { ...nothing, sessionTimeout: undefined, idleTimeout: 9 });
  lab.desk.change(['ab-7'], { ...nothing, sessionTimeout: 30 });
  assert.equal(lab.limited, [['ab-7', 60]], 'the last one is over already');
  const other = site();
  other.begin({ sessionTimeout: 600 });
  other.desk.change(['ab-7'], { ...nothing, sessionTimeout: 100 });
  assert.equal(other.limited, []);
});

accounting('a record that fits into no packet is lost, and said to be', async () => {
  const lab = site({}, () => Promise.reject(new RadiusError('the packet would have 5000 bytes')));
  lab.begin();
  await lab.desk.stop(1000);
  assert.is(lab.said.length, 3, 'Start, Stop, Accounting-Off');
  assert.match(lab.said[0]!, /accounting of carol \(ab-7\) is lost: the packet would have 5000/);
});

accounting('the gateway says when it comes and goes, and stops what is left', async () => {
  const lab = site();
  lab.desk.start();
  lab.begin();
  await lab.desk.stop(1);
  assert.equal(lab.records(), ['on', 'start', 'stop', 'off']);
  assert.is(
    firstOf(lab.asked[2]!, 'Acct-Terminate-Cause'),
    numbers.TERMINATE_CAUSES['admin-reboot'],
  );
});

accounting.run();
