// RADIUS servers as the daemon gets them, and what of two entries does not go together.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/config/load.js';
import { formatProblem, formatWarning } from '../../src/config/problem.js';
import { formatAddress } from '../../src/policy/address.js';
import { sound } from './configuration.js';

const radius = suite('config radius');
const SERVER = { service: 'ipsec', address: '192.0.2.5', secret: 'a long and random secret' };
const load = (more: Record<string, unknown>) => parse(JSON.stringify({ ...sound(), ...more }));
function servers(...radiusEntries: Record<string, unknown>[]) {
  const loaded = load({ radius: radiusEntries });
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.errors));
  return loaded;
}

radius('servers for ipsec that are enabled, in their order', () => {
  const { settings } = servers(
    { ...SERVER, address: '192.0.2.9', 'authentication-port': 1645, timeout: '1s500ms' },
    { ...SERVER, address: '192.0.2.6', service: 'wireless,ppp' },
    { ...SERVER, address: '192.0.2.7', disabled: 'yes' },
    { ...SERVER, address: '2001:db8::5', service: 'ppp,ipsec', 'dead-time': '5m' },
  );
  assert.equal(
    settings.radius.servers.map(({ address, timeoutMs, authenticationPort, deadTime }) => [
      formatAddress(address),
      timeoutMs,
      authenticationPort,
      deadTime,
    ]),
    [
      ['192.0.2.9', 1500, 1645, 60],
      ['2001:db8::5', 300, 1812, 300],
    ],
  );
});

radius('the same server twice, an address of ours in the other family', () => {
  const errors = (...entries: Record<string, unknown>[]): string[] => {
    const loaded = load({ radius: entries });
    return loaded.ok ? [] : loaded.errors.map(formatProblem);
  };
  assert.match(errors(SERVER, SERVER).join(), /^radius\[1\]\.address: .*radius\[0\] is the same/);
  assert.equal(errors(SERVER, { ...SERVER, 'authentication-port': 1645 }), []);
  assert.equal(errors(SERVER, { ...SERVER, service: 'ppp' }), []);
  assert.match(
    errors({ ...SERVER, 'src-address': '2001:db8::1' }).join(),
    /^radius\[0\]\.src-address: IPv6: expected an IPv4 address/,
  );
});

radius('warned of: a short secret, users without a server', () => {
  const warned = ({ warnings }: ReturnType<typeof servers>): string[] =>
    warnings.map(formatWarning);
  assert.equal(warned(servers(SERVER)), []);
  assert.match(
    warned(servers({ ...SERVER, secret: 'short' })).join(),
    /\.secret: .*shorter than 16/,
  );
  const users = load({ identity: [{ peer: 'p', 'auth-method': 'eap-radius' }] });
  assert.ok(users.ok);
  assert.match(users.warnings.map(formatWarning).join('\n'), /nobody can get in: no entry/);
});

radius.run();
