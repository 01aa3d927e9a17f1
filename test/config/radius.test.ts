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

radius('over TLS: a certificate instead of the secret, and a port of its own', () => {
  const certificate = [{ name: 'ours', file: 'ours.pem', 'key-file': 'ours.key' }];
  const { secret: _, ...plain } = SERVER;
  const tls = { ...plain, protocol: 'radsec', certificate: 'ours', 'server-name': 'r.example' };
  const loaded = load({ certificate, radius: [tls] });
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.errors));
  const [server] = loaded.settings.radius.servers;
  assert.is(server!.authenticationPort, 2083);
  assert.is(new TextDecoder().decode(server!.secret), 'radsec');
  assert.equal(server!.radsec, { certificate: 'ours', serverName: 'r.example' });
  // RouterOS writes the secret out.
  assert.ok(load({ certificate, radius: [{ ...tls, secret: 'radsec' }] }).ok);
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ ...tls, secret: 'something long enough' }, /\.secret: .*no use for it/],
    [{ ...tls, certificate: '' }, /\.certificate: .*needs one/],
    [{ ...tls, certificate: 'theirs' }, /the name of a certificate/],
    [plain, /\.secret: .*needs one/],
    [{ ...SERVER, certificate: 'ours' }, /\.certificate: .*no use for it/],
  ];
  for (const [entry, expected] of wrong) {
    const refused = load({ certificate, radius: [entry] });
    assert.match(refused.ok ? 'taken' : refused.errors.map(formatProblem).join(), expected);
  }
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
