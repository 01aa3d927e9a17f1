// Who is not let in, one case after the other against one gateway: charon calls, FreeRADIUS decides, and
// between it and the gateway stands one that lies. Each case ends with EAP Failure and
// AUTHENTICATION_FAILED on the wire, nothing installed, no session reported, and the cause in our log.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { background, eventually } from './command.js';
import { RADIUS_SECRET } from './freeradius.js';
import { prepare } from './packages.js';
import { RADIUS_ADDRESS, startUserSite, type UserSite } from './road-warrior.js';

const refusals = suite<{ site: UserSite }>('RADIUS: who is not let in');
const PASSWORD = 'Ar3etTnp';
const LIAR = fileURLToPath(new URL('./radius-liar.js', import.meta.url));
const LIAR_PORT = 1912;
const LIES = ['silent', 'unsigned', 'foreign', 'turned', 'keyless', 'halfkey', 'torn'];

refusals.before(async (context) => {
  context.site = await startUserSite({
    users: ['carol', ...LIES].map((name) => ({ name, password: PASSWORD })),
    radius: [
      {
        service: 'ipsec',
        address: RADIUS_ADDRESS,
        'authentication-port': LIAR_PORT,
        secret: RADIUS_SECRET,
        timeout: '400ms',
      },
    ],
  });
  const { topology, folder } = context.site;
  const argv = [process.execPath, LIAR, RADIUS_ADDRESS, String(LIAR_PORT), '1812'];
  background(topology.namespace('alice'), argv, join(folder, 'liar.out'));
});

refusals.after(async ({ site }) => {
  await site.culvert.stop();
  await site.remove();
});

const FAILURE = /parsed IKE_AUTH response \d+ \[ EAP\/FAIL N\(AUTH_FAILED\) \]/;

interface Case {
  readonly what: string;
  readonly user: string;
  readonly password?: string;
  readonly method?: string;
  /** What our log says, with the cause. */
  readonly ours: RegExp;
  /** What the user's device has heard, or says. */
  readonly theirs?: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: 'a wrong password',
    user: 'carol',
    password: 'wrong',
    ours: /user carol: the RADIUS server rejects the user/,
  },
  { what: 'an unknown user', user: 'eve', ours: /user eve: the RADIUS server rejects the user/ },
  {
    what: 'a name that fits into no RADIUS attribute',
    user: 'x'.repeat(300),
    ours: /its name has 300 bytes, not 253/,
  },
  {
    what: 'the server is silent',
    user: 'silent',
    ours: /user silent: no answer of .*nobody is let in without one.*our secret is not its/,
  },
  {
    what: 'an Accept without Message-Authenticator',
    user: 'unsigned',
    ours: /user unsigned: no answer of .*nobody is let in/,
  },
  {
    what: 'an Accept under another secret',
    user: 'foreign',
    ours: /user foreign: no answer of .*nobody is let in/,
  },
  {
    what: 'a Reject that somebody turned into an Accept',
    user: 'turned',
    password: 'wrong',
    ours: /user turned: no answer of .*nobody is let in/,
  },
  {
    what: 'an Accept without keys',
    user: 'keyless',
    ours: /user keyless: .* accepts by eap-mschapv2 and sends no MPPE keys.*MS-MPPE-Recv-Key/,
  },
  {
    what: 'an Accept with half of the key',
    user: 'halfkey',
    ours: /user halfkey: the server's answer makes no sense: the Accept has half of an MPPE key/,
  },
  {
    what: 'an Accept that carries EAP Failure',
    user: 'torn',
    ours: /user torn: the RADIUS server sent an Accept without EAP success/,
  },
  {
    what: 'no certificate of ours, and a method that does not prove the server',
    user: 'carol',
    method: 'eap-mschapv2 alone',
    ours: /eap-mschapv2 does not prove the server, and we have no certificate to show/,
  },
  {
    what: 'the device expects another EAP server',
    user: 'carol',
    method: 'eap-ttls aaa',
    ours: /user carol: the RADIUS server rejects the user/,
  },
  {
    what: 'the device expects another gateway',
    user: 'carol',
    method: 'eap-mschapv2 gateway',
    ours: /wants to reach fqdn:other.example, which no my-id is/,
    theirs: /parsed IKE_AUTH response 1 \[ N\(AUTH_FAILED\) \]/,
  },
  {
    what: 'the device does not know the CA of the gateway',
    user: 'carol',
    method: 'eap-mschapv2 stranger',
    ours: /peer .* breaks off EAP: it does not believe our proof/,
    theirs: /generating INFORMATIONAL request \d+ \[ N\(AUTH_FAILED\) \]/,
  },
];

for (const { what, user, password = PASSWORD, method, ours, theirs = FAILURE } of CASES) {
  refusals(`${what}: nobody gets in`, async ({ site }) => {
    const { culvert, charon, server } = site;
    const [before, charonBefore] = [culvert.log().length, charon.log().length];
    try {
      const { status } = await site.call(user, password, method);
      assert.is.not(status, 0, 'the user was let in');
      const line = new RegExp(`(error|warning) .*\\[rw\\].*(${ours.source})`);
      await eventually(`our log to have ${ours}`, () => line.test(culvert.log().slice(before)));
      await eventually(`charon's log to have ${theirs}`, () =>
        theirs.test(charon.log().slice(charonBefore)),
      );
      assert.equal(await culvert.print('installed-sa print'), []);
      const gone = async () =>
        (await culvert.print('active-peers print')).every(({ state }) => state !== 'established');
      assert.ok(await gone(), 'an IKE SA is up');
      const started = server.accounting().filter((one) => one['Acct-Status-Type'] === 'Start');
      assert.equal(started, []);
    } catch (error) {
      throw site.explain(error);
    }
  });
}

refusals(
  'answers that are not believed are named; then the right user is let in',
  async (context) => {
    const { site } = context;
    const { culvert } = site;
    try {
      assert.match(culvert.log(), /is not believed: it has no Message-Authenticator/);
      const { status, output } = await site.call('carol', PASSWORD);
      assert.is(status, 0, output);
      assert.not.ok(culvert.log().includes(PASSWORD) || culvert.log().includes(RADIUS_SECRET));
    } catch (error) {
      throw site.explain(error);
    }
  },
);

if ((await prepare('strongswan', 'freeradius')) === undefined) refusals.run();
