// EAP with strongSwan in both roles, and with FreeRADIUS behind it for what charon's build has not (PEAP)
// and what charon does not speak within TTLS. One charon, one FreeRADIUS and one culvert, by its reload,
// serve all cases.
//   culvert calls: a road warrior of each method; whom it must not believe
//   strongSwan calls: users of our menu, and whom we must not let in
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCrl } from '../../src/certificates/author.js';
import { readCertificate } from '../../src/certificates/certificate.js';
import { type Holder, issue, serialOf } from '../certificates/pki.js';
import { eventually, withLogs } from './command.js';
import { type Configuration, type Culvert, type Entry, startCulvert } from './culvert.js';
import { type Freeradius, RADIUS_SECRET, startFreeradius } from './freeradius.js';
import { prepare } from './packages.js';
import { type Strongswan, startStrongswan } from './strongswan.js';
import { makeTopology, SITES, type Topology } from './topology.js';
import { carries, nothingPasses } from './traffic.js';

const eap = suite('strongSwan: EAP');

const PLUGINS =
  'pkcs8 constraints revocation eap-identity eap-mschapv2 eap-tls eap-ttls eap-radius';
const PASSWORD = 'Ar3etTnp';
const ANONYMOUS = 'anonymous@example.org';
const usage = (side: string) => [['extendedKeyUsage', `${side}Auth`]] as const;
const CA = issue({ cn: 'Lab CA', ca: true, until: 9 });
const OTHER = issue({ cn: 'Other CA', ca: true, until: 9 });
const HOLDERS = {
  sun: issue({ cn: 'sun', san: 'DNS:sun.example', key: 'rsa', extensions: usage('server') }, CA),
  moon: issue({ cn: 'moon', san: 'DNS:moon.example', key: 'rsa', extensions: usage('server') }, CA),
  carol: issue({ cn: 'carol', san: 'DNS:carol.example', extensions: usage('client') }, CA),
  revoked: issue({ cn: 'carol', san: 'DNS:revoked.example', extensions: usage('client') }, CA),
  expired: issue({ cn: 'carol', san: 'DNS:expired.example', from: -2, until: -1 }, CA),
  server: issue({ cn: 'carol', san: 'DNS:server.example', extensions: usage('server') }, CA),
  mallory: issue({ cn: 'carol', san: 'DNS:mallory.example' }, OTHER),
  aaa: issue({ cn: 'aaa', san: 'DNS:aaa.example', key: 'rsa', extensions: usage('server') }, CA),
};

const certificatePem = ({ certificate }: Holder): string =>
  readCertificate(certificate).x509.toString();
const keyPem = ({ privateKey }: Holder): string => {
  const type = privateKey.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
  return privateKey.export({ type, format: 'pem' }).toString();
};

/** Every certificate and key as PEM files below `folder`. */
function writePki(folder: string): (name: string) => string {
  mkdirSync(folder, { recursive: true });
  const all: Record<string, Holder> = { ...HOLDERS, ca: CA, other: OTHER };
  for (const [name, holder] of Object.entries(all)) {
    writeFileSync(join(folder, `${name}.crt`), certificatePem(holder));
    writeFileSync(join(folder, `${name}.key`), keyPem(holder), { mode: 0o600 });
  }
  const revoked = [{ serial: serialOf(HOLDERS.revoked), at: Date.now() - 60_000 }];
  const [thisUpdate, nextUpdate] = [Date.now() - 30_000, Date.now() + 3_600_000];
  const crl = issueCrl({ number: 1, thisUpdate, nextUpdate, revoked }, CA);
  writeFileSync(join(folder, 'ca.crl'), crl);
  return (file) => join(folder, file);
}

// ---- strongSwan's side ---------------------------------------------------------------------------

const SUN = 'auth = pubkey\n certs = sun.crt\n id = sun.example';

/** A connection for callers of that name; `own` is what sun proves itself by. */
const answering = (name: string, auth: string, own = SUN): string => `${name} {
  version = 2
  mobike = no
  send_cert = always
  local_addrs = 192.0.2.2
  proposals = aes128-sha256-x25519
  local { ${own} }
  remote { auth = ${auth}
    id = ${name}.example
    eap_id = %any }
  children { net { local_ts = ${SITES.sun.v4}
    remote_ts = ${SITES.moon.v4}
    esp_proposals = aes128gcm128 } } }
`;

/** A connection that calls moon. */
const calling = (name: string, local: string): string => `${name} {
  version = 2
  mobike = no
  local_addrs = 192.0.2.2
  remote_addrs = 192.0.2.1
  proposals = aes128-sha256-x25519
  local { ${local} }
  remote { auth = pubkey
    id = moon.example }
  children { ${name} { local_ts = ${SITES.sun.v4}
    remote_ts = ${SITES.moon.v4}
    esp_proposals = aes128gcm128 } } }
`;

/** Carol's, and none to be let in with. */
const REFUSED = ['revoked', 'expired', 'server'] as const;
const eapUser = (auth: string, id: string): string => `auth = ${auth}\n id = ${id}`;
const secret = (id: string, password: string): string => `eap-${id} { id = ${id}
  secret = "${password}" }`;

const SWANCTL = `connections {
  ${answering('mschap', 'eap-mschapv2')}
  ${answering('tls', 'eap-tls')}
  ${answering('ttls', 'eap-ttls')}
  ${answering('radius', 'eap-radius')}
  ${answering('alone', 'eap-tls', 'auth = eap-tls\n certs = sun.crt\n id = sun.example')}
  ${calling('right', eapUser('eap-mschapv2', 'carol'))}
  ${calling('wrong', eapUser('eap-mschapv2', 'dave'))}
  ${calling('unknown', eapUser('eap-mschapv2', 'frank'))}
  ${calling('disabled', eapUser('eap-mschapv2', 'erin'))}
  ${calling('certificate', `${eapUser('eap-tls', 'carol.example')}\n certs = carol.crt\n aaa_id = moon.example`)}
  ${REFUSED.map((name) => calling(name, `${eapUser('eap-tls', `${name}.example`)}\n certs = ${name}.crt\n aaa_id = moon.example`)).join('')}
  ${calling('stranger', `${eapUser('eap-tls', 'mallory.example')}\n certs = mallory.crt\n aaa_id = moon.example`)}
}
secrets {
  ${secret('carol', PASSWORD)}
  ${secret('dave', 'not the password of dave')}
  ${secret('frank', 'whatever')}
  ${secret('erin', PASSWORD)}
}
`;

/** Half-open SAs of those whom we leave must not keep the next one waiting. */
const CHARON = `dos_protection = no
  plugins {
    eap-ttls { phase2_method = mschapv2 }
    eap-radius { servers { lab { address = 198.19.0.1
      secret = "${RADIUS_SECRET}" } } }
  }`;

// ---- ours ------------------------------------------------------------------------------------------

const POLICY: Entry = {
  'src-address': SITES.moon.v4,
  'dst-address': SITES.sun.v4,
  peer: 'sun',
  proposal: 'lab',
};

function configuration(pki: (file: string) => string, passive: boolean, identity: Entry) {
  const certificate = (name: string, more: Entry = {}): Entry => ({
    name,
    file: pki(`${name}.crt`),
    ...more,
  });
  return {
    profile: [
      { name: 'lab', 'enc-algorithm': 'aes-128', 'hash-algorithm': 'sha256', 'dh-group': 'x25519' },
    ],
    proposal: [
      {
        name: 'lab',
        'enc-algorithms': 'aes-128-gcm',
        'auth-algorithms': 'null',
        'pfs-group': 'none',
      },
    ],
    certificate: [
      certificate('ca', { trusted: true, 'crl-file': pki('ca.crl') }),
      certificate('moon', { 'key-file': pki('moon.key') }),
      certificate('carol', { 'key-file': pki('carol.key') }),
      certificate('mallory', { 'key-file': pki('mallory.key') }),
    ],
    user: [
      { name: 'carol', password: PASSWORD },
      { name: 'dave', password: PASSWORD },
      { name: 'erin', password: PASSWORD, disabled: true },
      { name: 'carol.example' },
    ],
    peer: [
      { name: 'sun', address: '192.0.2.2', 'local-address': '192.0.2.1', passive, profile: 'lab' },
    ],
    identity: [{ peer: 'sun', ...identity }],
    policy: [POLICY],
  } as Configuration;
}

const login = (name: string, methods: string, more: Entry = {}): Entry => ({
  'auth-method': 'eap',
  'eap-methods': methods,
  'my-id': `fqdn:${name}.example`,
  'remote-id': 'fqdn:sun.example',
  username: 'carol',
  password: PASSWORD,
  ...more,
});
/** Who it is is said within TLS alone, and to this server alone. */
const HIDDEN: Entry = { 'outer-identity': ANONYMOUS, 'eap-server-name': 'bbb.example,aaa.example' };
const byCertificate = (name: string, certificate: string, more: Entry = {}): Entry => ({
  'auth-method': 'eap',
  'eap-methods': 'eap-tls',
  'my-id': `fqdn:${name}.example`,
  'remote-id': 'fqdn:sun.example',
  username: 'carol.example',
  certificate,
  ...more,
});

// ---- the stage -------------------------------------------------------------------------------------

interface Stage {
  readonly topology: Topology;
  readonly pki: (file: string) => string;
  readonly strongswan: Strongswan;
  readonly radius: Freeradius;
  readonly culvert: Culvert;
  /** Of culvert's file. */
  readonly folder: string;
}

let stage: Stage;

eap.before(async () => {
  const topology = await makeTopology();
  const pki = writePki(join(topology.folder, 'pki'));
  const sun = topology.namespace('sun');
  const tls = {
    key: pki('aaa.key'),
    certificate: pki('aaa.crt'),
    ca: pki('ca.crt'),
    most: '1.3',
  } as const;
  const radius = await startFreeradius(sun, join(topology.folder, 'radius'), {
    address: '198.19.0.1',
    users: [{ name: 'carol', password: PASSWORD }],
    tls,
  });
  const folder = join(topology.folder, 'sun');
  mkdirSync(folder);
  const strongswan = await startStrongswan(sun, folder, CHARON, PLUGINS);
  const swanctl = (kind: string, file: string, text: string) =>
    writeFileSync(join(folder, 'swanctl', kind, file), text, { mode: 0o600 });
  for (const name of ['sun', 'carol', 'mallory', ...REFUSED] as const) {
    swanctl('x509', `${name}.crt`, certificatePem(HOLDERS[name]));
    swanctl('private', `${name}.key`, keyPem(HOLDERS[name]));
  }
  swanctl('x509ca', 'ca.crt', certificatePem(CA));
  swanctl('x509ca', 'other.crt', certificatePem(OTHER));
  await strongswan.loadText(SWANCTL);
  const moon = join(topology.folder, 'moon');
  const culvert = await startCulvert(topology.namespace('moon'), moon, NOBODY);
  stage = { topology, pki, strongswan, radius, culvert, folder: moon };
});

eap.after(async () => {
  await stage.culvert.stop();
  await stage.strongswan.stop();
  await stage.radius.stop();
  stage.topology.remove();
});

/** The gateway goes on with this identity instead of the one before; its log begins anew. */
async function withCulvert(
  passive: boolean,
  identity: Entry,
  body: (culvert: Culvert) => Promise<void>,
): Promise<void> {
  const { pki, strongswan, radius, culvert } = stage;
  const from = culvert.log().length;
  const log = (): string => culvert.log().slice(from);
  const logged = async (pattern: RegExp): Promise<void> =>
    void (await eventually(`culvert's log to have ${pattern}`, () => pattern.test(log()), 30, log));
  try {
    await become(configuration(pki, passive, identity));
    await body({ ...culvert, log, logged });
    assert.not.ok(log().includes(PASSWORD), 'a password is in the log');
    await become({ ...configuration(pki, passive, identity), ...NOBODY });
    const gone = async () => (await culvert.print('active-peers print')).length === 0;
    await eventually('culvert to have no peer', gone, undefined, log);
    const idle = async () =>
      (await strongswan.listSas()).every(({ state }) => state !== 'ESTABLISHED');
    await eventually('charon to have none', idle, undefined, () => strongswan.log());
  } catch (error) {
    const logs = [
      () => `--- strongSwan ---\n${strongswan.log()}`,
      () => `--- culvert ---\n${log()}`,
      () => `--- FreeRADIUS ---\n${radius.log()}`,
    ];
    throw withLogs(error, logs);
  }
}

const NOBODY = { peer: [], identity: [], policy: [] };

async function become(settings: Configuration): Promise<void> {
  const written = { log: { level: 'debug' }, ...settings };
  writeFileSync(join(stage.folder, 'culvert.json'), JSON.stringify(written), { mode: 0o600 });
  await stage.culvert.command('reload');
}

// ---- culvert calls -----------------------------------------------------------------------------------

const UP: readonly [string, Entry, RegExp][] = [
  ['eap-mschapv2', login('mschap', 'eap-mschapv2'), /EAP method EAP_MSCHAPV2 succeeded, MSK est/],
  [
    'eap-tls',
    byCertificate('tls', 'carol', { 'eap-server-name': 'sun.example' }),
    /EAP method EAP_TLS succeeded, MSK established/,
  ],
  [
    'eap-ttls with EAP within, to charon',
    login('ttls', 'eap-ttls', { 'ttls-inner': 'eap-mschapv2' }),
    /EAP method EAP_TTLS succeeded, MSK established/,
  ],
  ['eap-tls alone (RFC 5998)', byCertificate('alone', 'carol'), /EAP_ONLY/],
  [
    'eap-mschapv2, to FreeRADIUS',
    login('radius', 'eap-mschapv2'),
    /RADIUS authentication of 'carol' successful/,
  ],
  [
    'eap-peap with an outer identity, to FreeRADIUS',
    login('radius', 'eap-peap', HIDDEN),
    /RADIUS authentication of 'anonymous@example.org' successful/,
  ],
  [
    'eap-ttls with MS-CHAPv2 and an outer identity, to FreeRADIUS',
    login('radius', 'eap-ttls', HIDDEN),
    /RADIUS authentication of 'anonymous@example.org' successful/,
  ],
  [
    'eap-ttls with PAP, to FreeRADIUS',
    login('radius', 'eap-ttls', { 'ttls-inner': 'pap' }),
    /RADIUS authentication of .* successful/,
  ],
  ['eap-tls, to FreeRADIUS', byCertificate('radius', 'carol'), /RADIUS auth.* successful/],
];

for (const [name, identity, said] of UP) {
  eap(`culvert calls: ${name}`, async () => {
    const before = stage.strongswan.log().length;
    const heard = stage.radius.log().length;
    await withCulvert(false, identity, async (culvert) => {
      const peer = await culvert.established();
      assert.is(peer.id, 'fqdn:sun.example');
      await carries(stage.topology, 'alice', 'v4');
      assert.match(stage.strongswan.log().slice(before), said);
      // charon's TLS ends with 1.2 (RFC 5216, RFC 5281), FreeRADIUS has 1.3 (RFC 9190, RFC 9427).
      if (!name.startsWith('eap-mschapv2')) {
        const version = name.includes('FreeRADIUS') ? '1.3' : '1.2';
        assert.match(culvert.log(), new RegExp(`logged in by eap-\\w+ over TLSv${version}`));
      }
      if (name.includes('outer identity')) {
        const said = stage.radius.log().slice(heard);
        assert.match(said, /Received Access-Request[\s\S]*User-Name = "anonymous@example.org"/);
        assert.match(said, /User-Name = "carol"/, 'within');
        const asked = [...said.matchAll(/Received Access-Request[\s\S]*?User-Name = "(.*?)"/g)];
        assert.equal([...new Set(asked.map(([, user]) => user))], [ANONYMOUS]);
      }
    });
  });
}

const DOWN: readonly [string, Entry, RegExp, RegExp][] = [
  [
    'a wrong password',
    login('mschap', 'eap-mschapv2', { password: 'not it' }),
    /wrong user name or password/,
    /EAP-MS-CHAPv2 verification failed/,
  ],
  [
    'a wrong password within PEAP',
    login('radius', 'eap-peap', { password: 'not it' }),
    /wrong user name or password/,
    /./,
  ],
  [
    'a server with another name than eap-server-name',
    login('ttls', 'eap-ttls', { ...HIDDEN, 'ttls-inner': 'pap' }),
    /eap-server-name is bbb.example, aaa.example; its certificate is for fqdn:sun.example/,
    /parsed INFORMATIONAL request \d+ \[ N\(AUTH_FAILED\) \]/,
  ],
  [
    'a server that has only a method which eap-methods has not',
    login('mschap', 'eap-peap'),
    /the server does not know the user, or speaks none of our eap-methods \(eap-peap\)/,
    /received EAP_NAK/,
  ],
  [
    'a certificate of another CA',
    byCertificate('tls', 'mallory'),
    /does not let us in|TLS/,
    /no trusted certificate found|TLS/,
  ],
];

for (const [name, identity, ours, theirs] of DOWN) {
  eap(`culvert calls: ${name} is refused`, async () => {
    const before = stage.strongswan.log().length;
    await withCulvert(false, identity, async (culvert) => {
      await culvert.logged(new RegExp(`error .*\\[sun\\].*(${ours.source})`));
      const heard = () => theirs.test(stage.strongswan.log().slice(before));
      await eventually(`charon to say ${theirs}`, heard);
      await nothingPasses(stage.topology, 'alice', 'v4');
      assert.equal(await culvert.print('installed-sa print'), []);
    });
  });
}

// ---- strongSwan calls ----------------------------------------------------------------------------------

const FAILURE = /parsed IKE_AUTH response \d+ \[ EAP\/FAIL N\(AUTH_FAILED\) \]/;
const LEFT = /EAP-MS-CHAPv2 failed with error ERROR_AUTHENTICATION_FAILURE/;
const SERVER: Entry = {
  'auth-method': 'eap-local',
  'eap-methods': 'eap-tls,eap-mschapv2',
  'my-id': 'fqdn:moon.example',
  certificate: 'moon',
};

eap(
  'strongSwan calls: users by password and by certificate; who is not let in, and why',
  async () => {
    await withCulvert(true, SERVER, async (culvert) => {
      const call = (child: string) => stage.strongswan.initiate(child);
      for (const [child, id] of [
        ['right', 'carol'],
        ['certificate', 'fqdn:carol.example'],
      ] as const) {
        const { status, output } = await call(child);
        assert.is(status, 0, output);
        assert.ok((await culvert.established()).id.includes(id));
        await carries(stage.topology, 'alice', 'v4');
        await stage.strongswan.terminate('--ike', child);
        await culvert.logged(/peer deletes the IKE SA/);
      }
      for (const [child, why] of [
        ['wrong', /user dave: wrong password/],
        ['unknown', /user frank: no such user: add it to the menu user/],
        // Shows user.disabled
        ['disabled', /user erin: no such user/],
        ['stranger', /user mallory.example: the certificate is not to be trusted/],
        ['revoked', /user revoked.example: .*not to be trusted: certificate .*CN=carol.*: revoked/],
        ['expired', /user expired.example: .*not to be trusted: .*CN=carol.*expired/],
        ['server', /user server.example: .*extended key usage of .*is not for a TLS client/],
      ] as const) {
        const before = stage.strongswan.log().length;
        const { status } = await call(child);
        assert.is.not(status, 0, `${child} was let in`);
        await culvert.logged(why);
        const said = stage.strongswan.log().slice(before);
        // Told by MS-CHAPv2 already, charon does not wait for the end.
        const byPassword = ['wrong', 'unknown', 'disabled'].includes(child);
        assert.match(said, byPassword ? LEFT : FAILURE, child);
        assert.equal(await culvert.print('installed-sa print'), []);
      }
    });
  },
);

if ((await prepare('strongswan', 'eap', 'freeradius')) === undefined) eap.run();
