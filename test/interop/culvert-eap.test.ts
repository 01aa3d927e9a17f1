// culvert as a user of culvert: bob's own gateway calls moon, which hands its EAP on to FreeRADIUS. Each
// method, PEAP above all, which charon has not; with the user's name outside of TLS only where it must be.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, run } from './command.js';
import { type Configuration, type Culvert, type Entry, startCulvert } from './culvert.js';
import { prepare } from './packages.js';
import { RADIUS_ADDRESS, startUserSite, type UserSite } from './road-warrior.js';

interface Stage {
  site: UserSite;
  bob: Culvert;
  folder: string;
}

const eap = suite<Stage>('culvert through culvert to FreeRADIUS');
const PASSWORD = 'Ar3etTnp';
const ANONYMOUS = 'anonymous@example.org';
const HIDDEN: Entry = { 'outer-identity': ANONYMOUS, 'eap-server-name': 'radius.example' };

/** `id` decides what moon has for us (road-warrior.ts): an address, or no certificate of its own. */
const login = (methods: string, more: Entry = {}, id = 'vip'): Entry => ({
  peer: 'moon',
  'auth-method': 'eap',
  'eap-methods': methods,
  'my-id': `user-fqdn:${id}@example.org`,
  'remote-id': 'fqdn:moon.example',
  ...(methods === 'eap-tls' ? { certificate: 'carol' } : { username: 'carol', password: PASSWORD }),
  ...(id === 'vip' ? { 'mode-config': 'request-only', 'generate-policy': 'port-strict' } : {}),
  ...more,
});

function configuration(pki: string, identity: Entry | undefined): Configuration {
  const file = (name: string): string => join(pki, name);
  return {
    profile: [{ name: 'lab', 'dh-group': 'x25519' }],
    proposal: [{ name: 'lab', 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'none' }],
    certificate: [
      { name: 'ca', file: file('ca.pem'), trusted: true },
      { name: 'carol', file: file('carol.pem'), 'key-file': file('carol.key') },
    ],
    peer: identity ? [{ name: 'moon', address: '192.0.2.1', profile: 'lab' }] : [],
    identity: identity ? [identity] : [],
    policy: !identity
      ? []
      : identity['mode-config'] === undefined
        ? [{ 'src-address': '198.19.0.10', 'dst-address': '198.18.0.0/16', ...LAB }]
        : [{ template: true, 'src-address': '0.0.0.0/0', 'dst-address': '0.0.0.0/0', ...ANY }],
  };
}
const LAB: Entry = { peer: 'moon', proposal: 'lab' };
const ANY: Entry = { proposal: 'lab' };

eap.before(async (context) => {
  context.site = await startUserSite({
    users: [{ name: 'carol', password: PASSWORD }],
    modeConfig: { 'split-include': '198.18.0.0/16' },
  });
  const { topology, folder } = context.site;
  context.folder = join(topology.folder, 'bob');
  const nobody = configuration(folder, undefined);
  context.bob = await startCulvert(topology.namespace('bob'), context.folder, nobody);
});

eap.after(async ({ site, bob }) => {
  await bob.stop();
  await site.culvert.stop();
  await site.remove();
});

/** bob's gateway with this identity instead of the one before. */
async function become({ site, bob, folder }: Stage, identity: Entry | undefined): Promise<void> {
  const file = join(folder, 'culvert.json');
  const { log } = JSON.parse(readFileSync(file, 'utf8')) as Configuration;
  const written = { log, ...configuration(site.folder, identity) };
  writeFileSync(file, JSON.stringify(written));
  await bob.command('reload');
}

async function withIdentity(
  stage: Stage,
  identity: Entry,
  body: (said: () => string) => Promise<void>,
): Promise<void> {
  const { site, bob } = stage;
  const before = site.server.log().length;
  try {
    await become(stage, identity);
    await body(() => site.server.log().slice(before));
    await become(stage, undefined);
    const gone = async () => (await site.culvert.print('active-peers print')).length === 0;
    await eventually('moon to have no peer', gone, undefined, () => site.culvert.log());
  } catch (error) {
    throw new Error(`${site.explain(error).message}\n--- bob ---\n${bob.log()}`);
  }
}

const UP: readonly [string, Entry, string][] = [
  ['eap-mschapv2', login('eap-mschapv2'), 'carol'],
  ['eap-tls', login('eap-tls'), 'vip@example.org'],
  ['eap-ttls', login('eap-ttls', HIDDEN), ANONYMOUS],
  ['eap-ttls with PAP', login('eap-ttls', { ...HIDDEN, 'ttls-inner': 'pap' }), ANONYMOUS],
  ['eap-peap', login('eap-peap', HIDDEN), ANONYMOUS],
  ['eap-peap alone (RFC 5998)', login('eap-peap', HIDDEN, 'alone'), ANONYMOUS],
];

for (const [name, identity, user] of UP) {
  eap(`${name}: up, carries, and RADIUS hears no other name outside`, async (stage) => {
    const { site } = stage;
    await withIdentity(stage, identity, async (said) => {
      const row = await site.culvert.established();
      assert.is(row.user, user);
      const alone = name.includes('alone');
      assert.match(row['dynamic-address'], alone ? /^$/ : /^203\.0\.113\.10\d$/);
      await eventually('bob to reach alice', async () => {
        const argv = ['ping', '-nqc', '1', '-W', '1', RADIUS_ADDRESS];
        return (await run(site.topology.namespace('bob'), argv)).status === 0;
      });
      const [mine] = await stage.bob.print('active-peers print');
      assert.equal([mine?.side, mine?.id], ['initiator', 'fqdn:moon.example']);
      const outside = said().matchAll(/Received Access-Request[\s\S]*?User-Name = "(.*?)"/g);
      assert.equal([...new Set([...outside].map(([, one]) => one))], [user]);
      if (user === ANONYMOUS) assert.match(said(), /User-Name = "carol"/, 'within');
    });
  });
}

const DOWN: readonly [string, Entry, RegExp][] = [
  [
    'an EAP server of another name',
    login('eap-peap', { ...HIDDEN, 'eap-server-name': 'moon.example' }),
    /eap-server-name is moon.example; its certificate is for fqdn:radius.example/,
  ],
  [
    'an EAP server that does not vouch for the gateway, which shows nothing else',
    login('eap-peap', { 'outer-identity': ANONYMOUS }, 'alone'),
    /it says it is fqdn:moon.example; its certificate is for fqdn:radius.example/,
  ],
];

for (const [name, identity, ours] of DOWN) {
  eap(`${name}: nothing is said to it`, async (stage) => {
    const { site, bob } = stage;
    const moon = site.culvert.log().length;
    await withIdentity(stage, identity, async (said) => {
      await bob.logged(new RegExp(`error .*\\[moon\\].*(${ours.source})`));
      const left = () => /breaks off EAP/.test(site.culvert.log().slice(moon));
      await eventually('moon to hear of it', left);
      assert.equal(await bob.print('installed-sa print'), []);
      assert.not.match(said(), /"carol"/);
    });
  });
}

if ((await prepare('strongswan', 'freeradius')) === undefined) eap.run();
