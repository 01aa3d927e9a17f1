// What the four print commands look like, whole.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MENUS, PRINTED_MENUS } from '../../src/config/menus.js';
import {
  formatActivePeers,
  formatInstalledSas,
  formatPolicies,
  formatStatistics,
} from '../../src/cli/tables.js';
import { COUNTERS } from '../../src/daemon/counter-names.js';
import type {
  ActivePeerRow,
  InstalledSaRow,
  PolicyRow,
  StatisticsRow,
} from '../../src/daemon/rows.js';

const POLICY: PolicyRow = {
  number: 0,
  active: true,
  disabled: false,
  dynamic: false,
  default: false,
  invalid: false,
  template: false,
  backup: false,
  'src-address': '198.51.100.0/24',
  'src-port': 'any',
  'dst-address': '203.0.113.0/24',
  'dst-port': 80,
  protocol: 'tcp',
  action: 'encrypt',
  level: 'require',
  'ipsec-protocols': 'esp',
  tunnel: true,
  peer: 'east',
  'current-peer': '',
  proposal: 'default',
  'sa-src-address': '192.0.2.1',
  'sa-dst-address': '192.0.2.2',
  'ph2-count': 1,
  'ph2-state': 'established',
  comment: '',
};
const PEER: ActivePeerRow = {
  peer: 'east',
  id: 'fqdn:east.example',
  user: '',
  'local-address': '192.0.2.1',
  port: 4500,
  'remote-address': '192.0.2.2',
  state: 'established',
  side: 'responder',
  responder: true,
  'natt-peer': true,
  'dynamic-address': '',
  uptime: 3723,
  'last-seen': 2,
  'ph2-total': 1,
  spii: '0011223344556677',
  spir: '8899aabbccddeeff',
  'rx-bytes': 1234567,
  'rx-packets': 999,
  'tx-bytes': 0,
  'tx-packets': 1000,
};
const SA: InstalledSaRow = {
  spi: '0x0a1b2c3d',
  peer: 'east',
  direction: 'in',
  'src-address': '192.0.2.2:4500',
  'dst-address': '192.0.2.1:4500',
  state: 'mature',
  AH: false,
  ESP: true,
  'hw-aead': false,
  'auth-algorithm': 'none',
  'enc-algorithm': 'aes-gcm',
  'enc-key-size': 128,
  addtime: 0,
  'expires-in': 1799,
  'add-lifetime': [1440, 1800],
  'current-bytes': 1048576,
  'current-packets': 1024,
  'invalid-packets': 0,
  replay: 128,
  esn: true,
  'seen-traffic': true,
};

const tables = suite('cli tables');

tables('policy print', () => {
  const bypass: PolicyRow = {
    ...POLICY,
    number: 2,
    active: false,
    disabled: true,
    'dst-port': 'any',
    protocol: 'all',
    action: 'none',
    peer: '',
    'sa-src-address': '',
    'sa-dst-address': '',
    'ph2-count': 0,
    'ph2-state': 'no-phase2',
    comment: 'printer',
  };
  assert.is(
    formatPolicies([POLICY, bypass], 120),
    [
      'Flags: X - DISABLED; A - ACTIVE',
      'Columns: PEER, TUNNEL, SRC-ADDRESS, DST-ADDRESS, PROTOCOL, ACTION, LEVEL, PH2-STATE, PH2-COUNT',
      '#     PEER  TUNNEL  SRC-ADDRESS      DST-ADDRESS             PROTOCOL  ACTION   LEVEL    PH2-STATE    PH2-COUNT',
      '0  A  east  yes     198.51.100.0/24  203.0.113.0/24 port 80  tcp       encrypt  require  established          1',
      '      ;;; printer',
      '2 X         yes     198.51.100.0/24  203.0.113.0/24          all       none     require                       0',
      'not shown (narrow terminal): proposal, sa-src-address, sa-dst-address',
      '',
    ].join('\n'),
  );
});

tables('policy print: a policy that a backup carries', () => {
  const row = { ...POLICY, peer: 'east,west', 'current-peer': 'west', backup: true };
  const lines = formatPolicies([row], 200).split('\n');
  assert.is(lines[0], 'Flags: B - BACKUP; A - ACTIVE');
  assert.match(lines[3]!, /^0 BA {2}east,west .* west {10,}192/);
});

tables('active-peers print', () => {
  assert.is(
    formatActivePeers([PEER], 125),
    [
      'Flags: R - RESPONDER; N - NATT-PEER',
      'Columns: PEER, STATE, UPTIME, PH2-TOTAL, REMOTE-ADDRESS, PORT, ID, LAST-SEEN, RX-BYTES, TX-BYTES',
      '#     PEER  STATE        UPTIME  PH2-TOTAL  REMOTE-ADDRESS  PORT  ID                 LAST-SEEN   RX-BYTES  TX-BYTES',
      '0 RN  east  established  1h2m3s          1  192.0.2.2       4500  fqdn:east.example  2s         1 234 567         0',
      'not shown (narrow terminal): rx-packets, tx-packets, dynamic-address, local-address, spii, spir',
      '',
    ].join('\n'),
  );
});

tables('active-peers print: users have a column where there is one', () => {
  const lines = formatActivePeers([PEER, { ...PEER, user: 'carol' }], 200).split('\n');
  const at = lines[2]!.indexOf('USER');
  assert.ok(at > lines[2]!.indexOf(' ID '));
  assert.equal(
    lines.slice(3, 5).map((line) => line.slice(at, at + 5)),
    ['     ', 'carol'],
  );
});

tables('installed-sa print', () => {
  assert.is(
    formatInstalledSas([SA], 130),
    [
      'Flags: S - SEEN-TRAFFIC; E - ESP',
      'Columns: SPI, DIRECTION, STATE, SRC-ADDRESS, DST-ADDRESS, ENC-ALGORITHM, AUTH-ALGORITHM, CURRENT-BYTES, EXPIRES-IN',
      '#     SPI         DIRECTION  STATE   SRC-ADDRESS     DST-ADDRESS     ENC-ALGORITHM  AUTH-ALGORITHM  CURRENT-BYTES  EXPIRES-IN',
      '0 SE  0x0a1b2c3d  in         mature  192.0.2.2:4500  192.0.2.1:4500  aes-gcm        none                1 048 576  29m59s',
      'not shown (narrow terminal): enc-key-size, peer, current-packets, invalid-packets, replay, esn, add-lifetime, addtime',
      '',
    ].join('\n'),
  );
  const whole = formatInstalledSas([SA]);
  assert.match(whole, / 29m59s +128 +east +1 024 +0 +128 +yes +24m\/30m +(1970-01-01|1969-12-31) /);
});

tables('an AH is flagged as one', () => {
  const ah = { ...SA, AH: true, ESP: false, 'enc-algorithm': 'none', 'auth-algorithm': 'sha256' };
  const lines = formatInstalledSas([SA, ah]).split('\n');
  assert.is(lines[0], 'Flags: S - SEEN-TRAFFIC; A - AH; E - ESP');
  assert.match(lines[3]!, /^0 S E {2}0x/);
  assert.match(lines[4]!, /^1 SA {3}0x/);
});

tables('every read-only property of the menus is a property of the rows', () => {
  const keys = { 'enc-key': '', 'auth-key': '' };
  const rows = { 'active-peers': PEER, 'installed-sa': { ...SA, ...keys }, policy: POLICY };
  for (const [name, row] of Object.entries(rows)) {
    const menu = [...PRINTED_MENUS, ...MENUS].find((one) => one.name === name)!;
    const there = (menu.computed ?? []).filter(({ later }) => later === undefined);
    const missing = there.filter((one) => !Object.hasOwn(row, one.name));
    assert.equal(
      missing.map((one) => one.name),
      [],
      name,
    );
  }
});

tables('keys stand in the table only where the answer has them', () => {
  assert.not.match(formatInstalledSas([SA]), 'KEY,');
  const withKeys = formatInstalledSas([{ ...SA, 'enc-key': 'c0ffee', 'auth-key': '' }]);
  assert.match(withKeys, 'Columns: SPI, ENC-KEY, AUTH-KEY, DIRECTION');
  assert.match(withKeys, '0x0a1b2c3d  c0ffee ');
});

tables('statistics print: every counter, RouterOS’s first', () => {
  const row = Object.fromEntries(COUNTERS.map(({ name }, at) => [name, at * 1000])) as unknown;
  const lines = formatStatistics(row as StatisticsRow).split('\n');
  assert.is(lines[0], `${' '.repeat(16)}in-errors: 0`);
  assert.is(lines[24], `${' '.repeat(8)}out-policy-errors: 24 000`);
  assert.is(lines[25], '');
  assert.is(lines[26], `${' '.repeat(15)}in-packets: 25 000`);
  assert.is(lines.length, COUNTERS.length + 2);
});

tables.run();
