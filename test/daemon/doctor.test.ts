// The doctor: a healthy peer, and one fact at a time made wrong; the first wrong one is named, with
// what to change, and ends the visit.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatShort, formatWhole } from '../../src/cli/doctor.js';
import { parse } from '../../src/config/load.js';
import { readConfiguration } from '../../src/config/read.js';
import { CHECKS, type CheckName } from '../../src/daemon/ailments.js';
import { diagnose, trouble } from '../../src/daemon/doctor.js';
import { certificateFacts } from '../../src/daemon/doctor-certificates.js';
import type { DoctorFacts } from '../../src/daemon/doctor-facts.js';
import { visit } from '../../src/daemon/doctor-visit.js';
import { probe } from '../../src/daemon/probe.js';

const doctor = suite<{ directory: string }>('daemon doctor');

doctor.before((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-doctor-'));
});
doctor.after(({ directory }) => rmSync(directory, { recursive: true, force: true }));

const policy = { number: 0, networks: '10.0.0.0/24 to 10.1.0.0/24', sas: 1 };
const HEALTHY: DoctorFacts = {
  peer: 'west',
  now: 1_000_000,
  stale: false,
  problems: [],
  configured: 'yes',
  others: ['west'],
  waits: [],
  identities: 1,
  written: [policy],
  passive: false,
  address: '192.0.2.1',
  target: undefined,
  prefix: false,
  port: 500,
  profile: 'default',
  destinations: [],
  certificates: { used: 0, problems: [] },
  tunMtu: 1400,
  resolving: undefined,
  local: '192.0.2.2',
  throughTun: false,
  probe: undefined,
  daemon: true,
  record: { ailments: [], notified: undefined },
  strangers: [],
  ike: 'established',
  beyondFirst: true,
  state: 'established',
  askingFor: 1,
  nat: false,
  suite: 'aes-128-gcm/sha256/x25519',
  remoteId: 'fqdn:west.example',
  policies: [policy],
  backups: [],
  sas: 2,
  in: { packets: 10, invalid: 0 },
  out: { packets: 10 },
  pathMtu: 1500,
  fragments: 0,
};
const down = {
  ike: 'none',
  sas: 0,
  beyondFirst: false,
  policies: [{ ...policy, sas: 0 }],
} as const;
const ailing = (check: CheckName, text = 'it failed') => ({
  ...down,
  record: { ailments: [{ at: 990_000, check, text, policy: undefined }], notified: undefined },
});

doctor('a healthy peer: every question is answered, nothing is wrong', () => {
  const diagnosis = diagnose(HEALTHY);
  assert.is(trouble(diagnosis), undefined);
  assert.equal(
    diagnosis.findings.map(({ check }) => check),
    [...CHECKS],
  );
  for (const { check, verdict } of diagnosis.findings) assert.is(verdict, 'ok', check);
  assert.match(formatWhole(diagnosis), /^west \(192\.0\.2\.1\)\n {2}ok {5}configuration {6}/);
  assert.match(formatWhole(diagnosis), /nothing wrong found\n$/);
  assert.is(formatShort(diagnosis), 'ok     west (192.0.2.1)\n');
});

const CASES: readonly (readonly [CheckName, Partial<DoctorFacts>, RegExp, RegExp])[] = [
  ['configuration', { problems: ['peer[0].port: 0: expected 1'] }, /peer\[0\]/, /culvert check/],
  ['configuration', { configured: 'no' }, /no peer west/, /the file has: west/],
  ['configuration', { configured: 'disabled' }, /disabled/, /culvert peer enable west/],
  ['configuration', { waits: ['peer[0].exchange-mode is "base"'] }, /not started: peer/, /./],
  ['configuration', { identities: 0 }, /no identity/, /culvert identity add peer=west/],
  ['configuration', { policies: [] }, /no enabled encrypt policy/, /culvert policy add/],
  ['configuration', { stale: true }, /has changed/, /culvert reload/],
  ['configuration', ailing('configuration'), /it failed \(10 s ago\)/, /./],
  ['address and route', { ...down, resolving: 'ENOTFOUND' }, /cannot be resolved/, /DNS/],
  ['address and route', { ...down, local: undefined }, /no route to 192/, /ip route get/],
  ['address and route', { ...down, throughTun: true }, /inside a policy/, /action=none/],
  [
    'address and route',
    { ...down, passive: true, strangers: [{ at: 0, address: '198.51.100.7' }] },
    /but 198\.51\.100\.7 does, which no peer has/,
    /peer's address/,
  ],
  ['address and route', ailing('address and route'), /it failed/, /route/],
  [
    'UDP 500 and 4500',
    { ...down, probe: { ike: 'refused', nat: 'silent' } },
    /nothing listens on UDP 500 of 192\.0\.2\.1/,
    /start IKE there/,
  ],
  [
    'UDP 500 and 4500',
    { ...down, ike: 'asking', askingFor: 12, probe: { ike: 'silent', nat: 'silent' } },
    /no answer to IKE_SA_INIT for 12 s; a probe of UDP 500 is silent/,
    /UDP 500 and 4500 pass/,
  ],
  ['UDP 500 and 4500', ailing('UDP 500 and 4500'), /it failed/, /tcpdump/],
  ['NAT', ailing('NAT'), /it failed/, /ipsec-protocols=esp/],
  ['proposals', ailing('proposals'), /it failed/, /profile default: enc-algorithm/],
  ['authentication', ailing('authentication'), /it failed/, /secret/],
  ['identities', ailing('identities'), /it failed/, /remote-id/],
  ['certificates', ailing('certificates'), /it failed/, /dates/],
  ['certificates', { certificates: { used: 1, problems: ['x has expired'] } }, /expired/, /good/],
  ['daemon', { ...down, daemon: false }, /not running/, /culvert run/],
  ['traffic selectors', ailing('traffic selectors'), /it failed/, /mirror/],
  ['SA installed', ailing('SA installed'), /it failed/, /log/],
  ['SA installed', { ...down, ike: 'asking', state: 'message-3-sent' }, /under way/, /ask again/],
  ['SA installed', down, /none is asked for/, /./],
  ['SA installed', { ...down, passive: true }, /has not called/, /passive=no/],
  [
    'SA installed',
    { policies: [policy, { ...policy, number: 3, sas: 0 }] },
    /no SA for policy 3 \(10\.0\.0\.0\/24 to/,
    /./,
  ],
  ['packets out', { out: { packets: 0 } }, /10 packets came in, none went out/, /NAT of their/],
  ['packets in', { in: { packets: 0, invalid: 0 } }, /none came in/, /ESP \(IP protocol 50\)/],
  ['packets in', { in: { packets: 0, invalid: 0 }, nat: true }, /none came in/, /UDP 4500 is/],
  ['packets in', { in: { packets: 0, invalid: 9 } }, /9 packets .* integrity check/, /keys/],
  ['MTU', { pathMtu: 1400, fragments: 5 }, /5 packets .* in fragments/, /tun set mtu=1279/],
  ['last notification', ailing('last notification'), /./, /./],
];
doctor('every question has a failure that it finds', () => {
  const found = new Set(CASES.map(([check]) => check));
  // Peers in reserve have a case of their own below.
  assert.equal(
    CHECKS.filter((check) => !found.has(check)),
    ['backups'],
  );
});

for (const [check, facts, text, change] of CASES) {
  doctor(`${check}: ${text.source}`, () => {
    const diagnosis = diagnose({ ...HEALTHY, ...facts });
    const found = trouble(diagnosis);
    // An ailment that nothing else explains has to come last, behind an SA that is not there.
    if (check === 'last notification') return assert.is(found?.check, 'SA installed');
    assert.is(found?.check, check);
    assert.match(found!.text, text);
    assert.match(found!.change!, change);
    const after = diagnosis.findings.slice(CHECKS.indexOf(check) + 1);
    for (const one of after) assert.is(one.verdict, 'skipped', one.check);
    assert.match(
      formatShort(diagnosis),
      /^WRONG {2}west \(192\.0\.2\.1\): .*\n {9}to change: .*\n$/,
    );
  });
}

doctor('what cannot be told is not called wrong', () => {
  const asking = { ...HEALTHY, ...down, ike: 'asking', state: 'message-1-sent' } as const;
  const of = (facts: Partial<DoctorFacts>, check: CheckName) =>
    diagnose({ ...asking, ...facts }).findings.find((one) => one.check === check)!.verdict;
  assert.is(of({ askingFor: 2 }, 'UDP 500 and 4500'), 'unknown');
  const quiet = { ike: 'none', probe: { ike: 'silent', nat: 'silent' } } as const;
  assert.is(of(quiet, 'UDP 500 and 4500'), 'unknown');
  assert.is(of({ askingFor: 2 }, 'NAT'), 'ok');
  assert.is(of({ askingFor: 2, nat: undefined }, 'NAT'), 'unknown');
  const idle = { ...HEALTHY, in: { packets: 0, invalid: 0 }, out: { packets: 0 } };
  assert.is(trouble(diagnose(idle)), undefined);
});

doctor("the peer's last notification is told in any case", () => {
  const notified = { at: 400_000, name: 'NO_PROPOSAL_CHOSEN' };
  const facts = { ...HEALTHY, configured: 'disabled' as const, record: { ailments: [], notified } };
  assert.match(
    formatWhole(diagnose(facts)),
    /last notification {2}NO_PROPOSAL_CHOSEN, 10 min ago\n/,
  );
});

/** A port that answers every datagram, and one that is closed. */
doctor('a probe tells an open port from a closed one', async () => {
  const open = createSocket('udp4');
  const got: Buffer[] = [];
  open.on('message', (message, from) => {
    got.push(message);
    open.send('x', from.port, from.address);
  });
  await new Promise<void>((resolve) => open.bind(0, '127.0.0.1', resolve));
  const { port } = open.address();
  assert.is((await probe('127.0.0.1', port)).ike, 'answered');
  // A port of its own: behind the non-ESP marker, an IKE header of major version 3 and nothing else.
  assert.is(got[0]!.length, 32);
  assert.is(got[0]!.readUInt32BE(0), 0);
  assert.is(got[0]![4 + 17], 0x30);
  await new Promise<void>((resolve) => open.close(() => resolve()));
  assert.is((await probe('127.0.0.1', port)).ike, 'refused');
});

doctor(
  'without a daemon: the file, the certificates, and that it does not run',
  async (context) => {
    const path = join(context.directory, 'site.json');
    const write = (more: object, peer: object = {}) =>
      writeFileSync(
        path,
        JSON.stringify({
          peer: [{ name: 'west', address: '127.0.0.1', port: 4500, ...peer }],
          identity: [{ peer: 'west', secret: '0x6f1d8e0a5b7c42d39a1e4f608b2c7d5e' }],
          policy: [{ 'src-address': '10.0.0.0/24', 'dst-address': '10.1.0.0/24', peer: 'west' }],
          ...more,
        }),
        { mode: 0o600 },
      );
    const found = async (peer?: string) => trouble((await visit(path, undefined, peer))[0]!);
    write({ policy: [] });
    assert.match((await found())!.text, /no enabled encrypt policy/);
    write({ identity: [] });
    assert.match((await found())!.text, /no identity/);
    write({}, { disabled: true });
    assert.match((await found())!.text, /disabled/);
    assert.match((await found('east'))!.text, /no peer east/);
    write({}, { port: 0 });
    assert.match((await found())!.text, /^peer\[0\]\.port/);
    write({}, { 'exchange-mode': 'base' });
    assert.match((await found())!.text, /exchange-mode is "base"/);
    write({}, { address: '192.0.2.0/24', passive: true });
    assert.match((await found())!.text, /daemon is not running/);
  },
);

doctor('a policy with several peers: who is in use, and why those before are not', () => {
  const said = (more: Partial<DoctorFacts>) => {
    const { findings } = diagnose({ ...HEALTHY, ...more });
    return findings.find(({ check }) => check === 'backups')!;
  };
  assert.match(said({}).text, /no policy of it has several peers/);
  const spare = { name: 'spare', state: 'stands by' } as const;
  const healthy = [{ number: 3, peers: [{ name: 'west', state: 'in use' } as const, spare] }];
  const text = 'policy 3: west is in use, spare may take over';
  assert.equal(said({ backups: healthy }), { check: 'backups', verdict: 'ok', text });
  const west = { name: 'west', state: 'fails', why: 'peer is dead', at: 990_000 } as const;
  const third = { name: 'third', state: 'fails', why: 'it is disabled or not started' } as const;
  const failed = [{ number: 3, peers: [west, third, { ...spare, state: 'in use' } as const] }];
  // Also where something before it is wrong, since that is when it is asked.
  const found = said({ ...ailing('UDP 500 and 4500'), backups: failed });
  assert.is(found.verdict, 'ok');
  assert.is(
    found.text,
    'policy 3: spare is in use, west is not (peer is dead, 10 s ago), ' +
      'third is not (it is disabled or not started)',
  );
  const none = [{ number: 3, peers: [west, { ...spare, state: 'fails', why: 'x' } as const] }];
  assert.match(said({ backups: none }).text, /^policy 3: no peer is in use, west is not/);
  assert.is(said({ backups: none }).verdict, 'unknown');
});

doctor('certificates: dates, keys, files, and who vouches for the peer', async ({ directory }) => {
  const file = (name: string): string => join(directory, name);
  const openssl = (...words: string[]): unknown =>
    execFileSync('openssl', words, { stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  for (const name of ['ours', 'other']) {
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    openssl('req', '-x509', ...curve, ...out, '-subj', `/CN=${name}`, '-days', '2');
  }
  const trusting = (more: object, ca: object = {}, now?: number): string[] => {
    const certificate = [
      { name: 'ours', file: file('ours.pem'), 'key-file': file('ours.key'), ...more },
      { name: 'ca', file: file('other.pem'), trusted: true, ...ca },
    ];
    const identity = [{ peer: 'west', 'auth-method': 'digital-signature', certificate: 'ours' }];
    const peer = [{ name: 'west', address: '192.0.2.1' }];
    const loaded = parse(JSON.stringify({ certificate, identity, peer }));
    assert.ok(loaded.ok);
    if (!loaded.ok) return [];
    const c = readConfiguration(loaded.file, []);
    return [...certificateFacts(c, loaded.certificates, 'west', now).problems];
  };
  assert.equal(trusting({}), []);
  const later = Date.now() + 3 * 86_400_000;
  assert.match(trusting({}, {}, later)[0]!, /ours has expired: it was valid until 20/);
  assert.match(trusting({}, {}, 0)[0]!, /ours is not valid before 20.*clock/);
  assert.match(trusting({ file: file('none.pem') })[0]!, /certificate ours: .*none\.pem/);
  assert.match(trusting({ 'key-file': file('other.key') })[0]!, /certificate ours: .*key/);
  assert.match(trusting({}, { trusted: false })[0]!, /no CA is trusted/);
  assert.match(trusting({}, { file: file('none.pem') })[0]!, /no CA that is trusted can be used/);
});

doctor.run();
