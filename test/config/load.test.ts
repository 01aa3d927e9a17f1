// The file as a whole: defaults, every error at once, references, warnings, secrets.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { load, parse } from '../../src/config/load.js';
import type { Property } from '../../src/config/menu.js';
import { MENUS } from '../../src/config/menus.js';
import { formatProblem, formatWarning } from '../../src/config/problem.js';
import { type Json, sound } from './configuration.js';

const loading = suite('config load');
const EAP_USER = { peer: 'p', 'auth-method': 'eap', username: 'alice', password: 'x' };
const ANY_TEMPLATE = { template: true, 'src-address': '::/0', 'dst-address': '::/0' };

const errorsOf = (file: unknown): string[] => {
  const loaded = parse(typeof file === 'string' ? file : JSON.stringify(file));
  return loaded.ok ? [] : loaded.errors.map(formatProblem);
};
function good(file: unknown): Extract<ReturnType<typeof parse>, { ok: true }> {
  const loaded = parse(JSON.stringify(file));
  if (!loaded.ok) throw new Error(loaded.errors.map(formatProblem).join('\n'));
  return loaded;
}
const warningsOf = (file: unknown): string[] => good(file).warnings.map(formatWarning);

loading('the shortest file: everything else is the default', () => {
  const { databases, settings, warnings, file } = good(sound());
  assert.equal(file, sound());
  assert.equal(databases.peers[0]!.profile, {
    name: 'default',
    dhGroup: ['x25519', 'ecp256', 'modp2048'],
    encAlgorithm: ['aes-256-gcm', 'aes-128-gcm', 'aes-256', 'aes-128'],
    hashAlgorithm: ['sha256'],
    prfAlgorithm: undefined,
    lifetime: 86400,
    natTraversal: true,
    dpdInterval: 120,
    dpdMaximumFailures: 5,
    fragmentSize: 1280,
    proposalCheck: 'obey',
  });
  assert.equal(databases.policies[0]!.proposal, {
    name: 'default',
    encAlgorithms: ['chacha20poly1305', 'aes-256-gcm', 'aes-128-gcm', 'aes-256-cbc'],
    authAlgorithms: ['sha256', 'sha512'],
    lifetime: 1800,
    lifebytes: 0,
    pfsGroup: 'modp2048',
    esn: 'yes',
    replayWindow: 1024,
  });
  const { address, localAddress, port, passive, sendInitialContact } = databases.peers[0]!;
  assert.equal(address, { address: { family: 4, value: 0xc0000201n }, bits: 32 });
  assert.equal([localAddress, port, passive, sendInitialContact], [undefined, 500, false, true]);
  const { id, action, protocol, srcPort, dstPort, level, tunnel, peer } = databases.policies[0]!;
  assert.equal([id, action, protocol, srcPort, dstPort], [0, 'encrypt', 0, undefined, undefined]);
  assert.equal([level, tunnel, peer], ['require', true, 'p']);
  assert.equal(settings, {
    tun: {
      name: 'culvert0',
      mtu: 1400,
      workers: 0,
      table: 2030,
      rulePriority: 10000,
      failClosed: true,
      refusePlain: true,
      leaseFile: undefined,
      mssClamp: true,
      mtuProbe: true,
      offload: true,
    },
    log: { level: 'info', format: 'text' },
    metrics: { address: undefined, port: 9516 },
    revocation: 'if-present',
    hashAndUrl: [],
    recheck: 3600,
    cookieThreshold: 30,
    radius: {
      servers: [],
      accounting: true,
      interimUpdate: 0,
      incoming: { accept: false, port: 3799, requireTimestamp: true },
    },
  });
  assert.equal(warnings, []);
});

loading('defaults written out are the same configuration', () => {
  const written = sound() as unknown as Record<string, Json[] & Json>;
  for (const menu of MENUS) {
    if (!menu.list) written[menu.name] ??= {} as never;
    for (const entry of [written[menu.name] ?? []].flat()) {
      for (const row of menu.properties as readonly Property[]) {
        if (row.default !== undefined && !(row.name in entry)) entry[row.name] = row.default;
      }
    }
  }
  assert.equal({ ...good(written), file: {} }, { ...good(sound()), file: {} });
});

loading('no default is an unsafe algorithm', () => {
  assert.equal(warningsOf({ ...sound(), profile: undefined, proposal: undefined }), []);
});

loading('ddos-cookie-threshold reaches the settings of the engine', () => {
  const { settings } = good({ ...sound(), settings: { 'ddos-cookie-threshold': '0' } });
  assert.is(settings.cookieThreshold, 0);
});

loading('an empty file is a gateway that does nothing', () => {
  const none = { peers: [], identities: [], users: [], policies: [], templates: [], pools: [] };
  assert.equal(good({}).databases, none);
});

loading('a secret is its UTF-8 text, or hexadecimal bytes', () => {
  const secretOf = (secret: string): Uint8Array => {
    const given = { ...sound(), identity: [{ peer: 'p', secret }] };
    const [identity] = good(given).databases.identities;
    return identity?.authMethod === 'pre-shared-key' ? identity.secret : new Uint8Array();
  };
  assert.equal([...secretOf('é')], [0xc3, 0xa9]);
  assert.equal([...secretOf('0xDEADbeef')], [0xde, 0xad, 0xbe, 0xef]);
});

loading('all errors at once, in the order of the menus', () => {
  const file = {
    peer: [{ name: 'west', address: '192.0.2.300', prot: 500 }, 'east'],
    identity: [{ peer: 'wets', secret: '' }],
    policy: [
      { 'src-address': '10.0.0.0/8', 'dst-address': '2001:db8::/32', peer: 'west', 'dst-port': 80 },
      { 'src-address': '10.0.0.0/8' },
    ],
    proposal: [{ name: 'p', 'enc-algorithms': '' }],
    polcy: [],
    statistics: {},
  };
  assert.equal(errorsOf(file), [
    'polcy: unknown menu: expected a known menu (did you mean "policy"?)',
    'statistics: a read-only menu: expected nothing: it is printed (culvert statistics print), ' +
      'not configured',
    'peer[0].prot: unknown property: expected a known property (did you mean "port"?)',
    'peer[0].address: "192.0.2.300": expected an IPv4 or IPv6 prefix such as 192.0.2.0/24 or ' +
      '2001:db8::/32, or a DNS name',
    'peer[1]: a string: expected an object: { … }',
    errorsOf(file)[5]!,
    'policy[1].dst-address: nothing: expected an IPv4 or IPv6 prefix such as 192.0.2.0/24 or ' +
      '2001:db8::/32',
    'identity[0].peer: "wets": expected the name of a peer: west (did you mean "west"?)',
    'identity[0].secret: nothing: expected a secret: auth-method=pre-shared-key needs one',
    'policy[0].dst-address: 2001:db8::/32: expected an IPv4 prefix, as src-address is',
    'policy[0].dst-port: 80: expected any with protocol all; ports need tcp, udp, dccp, sctp, ' +
      'udp-lite',
    'policy[1].peer: nothing: expected the name of a peer: action=encrypt needs one',
  ]);
  assert.match(
    errorsOf(file)[5]!,
    /^proposal\[0\].enc-algorithms: "": expected a list that is not/,
  );
});

const refused: [string, (file: ReturnType<typeof sound>) => unknown, RegExp][] = [
  ['not an object', () => [], /^the file: \[\]: expected an object/],
  ['null', () => null, /^the file: null: expected an object/],
  ['a menu that is no list', (f) => ({ ...f, peer: {} }), /^peer: an object: expected a list/],
  [
    'a list where one object stands',
    (f) => ({ ...f, tun: [] }),
    /^tun: a list: expected an object/,
  ],
  [
    'a peer without name',
    (f) => ({ ...f, peer: [{}] }),
    /^peer\[0\].name: nothing: expected a name/,
  ],
  [
    'two peers of one name',
    (f) => ({ ...f, peer: [...f.peer!, { name: 'p', address: '192.0.2.7' }] }),
    /^peer\[1\].name: "p": expected a name that no other peer has; peer\[0\] has it$/,
  ],
  [
    'two peers of one address',
    (f) => ({
      ...f,
      peer: [...f.peer!, { name: 'q', address: '192.0.2.1/32' }],
      identity: [...f.identity!, { peer: 'q', secret: 'x' }],
    }),
    /^peer\[1\].address: 192.0.2.1\/32: expected an address that no other peer .* peer\[0\] has it$/,
  ],
  [
    'a local address of the other family',
    (f) => ({ ...f, peer: [{ ...f.peer![0], 'local-address': '2001:db8::1' }] }),
    /^peer\[0\].local-address: IPv6: expected an IPv4 address, as the peer's address is$/,
  ],
  [
    'a profile that is not there',
    (f) => ({ ...f, peer: [{ ...f.peer![0], profile: 'strong' }] }),
    /^peer\[0\].profile: "strong": expected the name of a profile: default$/,
  ],
  [
    'a proposal that is disabled',
    (f) => ({ ...f, proposal: [{ name: 'default', disabled: true }] }),
    /^policy\[0\].proposal: "default": expected a proposal that is not disabled$/,
  ],
  [
    'two profiles of one name',
    (f) => ({ ...f, profile: [{ name: 'a' }, { name: 'a' }] }),
    /^profile\[1\].name: "a": expected a name that no other profile has; profile\[0\] has it$/,
  ],
  [
    'two identities that cannot be told apart',
    (f) => ({ ...f, identity: [f.identity![0], f.identity![0]] }),
    /^identity\[1\].remote-id: "auto": expected another remote-id, .*: identity\[0\] of .* has all of them$/,
  ],
  [
    'AEAD with an integrity algorithm',
    (f) => ({
      ...f,
      proposal: [{ name: 'default', 'enc-algorithms': 'aes-128-gcm', 'auth-algorithms': 'sha256' }],
    }),
    /^proposal\[0\].auth-algorithms: "sha256": expected null or nothing: the AEAD/,
  ],
  [
    'CBC without integrity',
    (f) => ({
      ...f,
      proposal: [{ name: 'default', 'enc-algorithms': 'aes-128-cbc', 'auth-algorithms': 'null' }],
    }),
    /^proposal\[0\].auth-algorithms: "null": expected no null: aes-128-cbc would go without/,
  ],
  [
    'the default encryption without integrity',
    (f) => ({ ...f, proposal: [{ name: 'default', 'auth-algorithms': ['null'] }] }),
    /^proposal\[0\].auth-algorithms: \["null"\]: expected no null: aes-256-cbc would go without/,
  ],
  [
    'two equal policies',
    (f) => ({ ...f, policy: [f.policy![0], { ...f.policy![0], level: 'unique' }] }),
    /^policy\[1\]: 198.51.100.0\/24 → 203.0.113.0\/24: expected packets that no .* policy\[0\]/,
  ],
  [
    'a read-only property',
    (f) => ({ ...f, policy: [{ ...f.policy![0], 'ph2-state': 'established' }] }),
    /^policy\[0\].ph2-state: a read-only property: expected nothing: it is computed while/,
  ],
  [
    'two peers of a policy in transport mode',
    (f) => ({
      ...f,
      peer: [...f.peer!, { name: 'q', address: '192.0.2.7' }],
      identity: [...f.identity!, { peer: 'q', secret: 'a long and random secret' }],
      policy: [{ ...f.policy![0], peer: 'p,q', tunnel: 'no' }],
    }),
    /^policy\[0\].peer: "p,q": expected one peer: with tunnel=no dst-address is its address$/,
  ],
  [
    'a group of a policy that is no template',
    (f) => ({ ...f, group: [{ name: 'g' }], policy: [{ ...f.policy![0], group: 'g' }] }),
    /^policy\[0\].group: "g": expected default: only a template belongs to a group$/,
  ],
  [
    'a peer of a template',
    (f) => ({ ...f, policy: [{ ...f.policy![0], template: true }] }),
    /^policy\[0\].peer: "p": expected nothing: a template is for every identity/,
  ],
  [
    'a mode of a template',
    (f) => ({ ...f, policy: [{ ...ANY_TEMPLATE, tunnel: false }] }),
    /^policy\[0\].tunnel: false: expected nothing: the mode is what the peer asks for$/,
  ],
  [
    'a template that encrypts nothing',
    (f) => ({ ...f, policy: [{ ...ANY_TEMPLATE, action: 'discard' }] }),
    /^policy\[0\].action: "discard": expected encrypt/,
  ],
  [
    'a certificate beside a pre-shared key',
    (f) => ({
      ...f,
      certificate: [{ name: 'c', file: 'c.pem' }],
      identity: [{ ...f.identity![0], certificate: 'c' }],
    }),
    /^identity\[0\].certificate: \["c"\]: expected nothing: auth-method=pre-shared-key has no use/,
  ],
  [
    'a method of IKEv2 with an IKEv1 peer',
    (f) => ({
      ...f,
      peer: [{ ...f.peer![0], 'exchange-mode': 'main' }],
      identity: [{ peer: 'p', 'auth-method': 'eap-radius' }],
    }),
    /^identity\[0\].auth-method: "eap-radius": expected a method of IKEv1: peer p has/,
  ],
  [
    'an identity of IKEv2 with an IKEv1 peer',
    (f) => ({
      ...f,
      peer: [{ ...f.peer![0], 'exchange-mode': 'main' }],
      identity: [{ ...f.identity![0], 'remote-id': 'fqdn:a.example' }],
    }),
    /^identity\[0\].remote-id: "fqdn:a.example": expected auto, address or ignore: other kinds/,
  ],
  [
    'EAP towards a network',
    (f) => ({
      ...f,
      peer: [{ name: 'p', passive: true }],
      certificate: [{ name: 'c', file: 'c.pem' }],
      identity: [{ peer: 'p', 'auth-method': 'eap', certificate: 'c' }],
    }),
    /^identity\[0\].peer: "p": expected a peer that is one host/,
  ],
  [
    'EAP without its password',
    (f) => ({
      ...f,
      identity: [
        { peer: 'p', 'auth-method': 'eap', 'eap-methods': 'eap-mschapv2', username: 'alice' },
      ],
    }),
    /^identity\[0\].password: nothing: expected a password: eap-mschapv2 needs one$/,
  ],
  [
    'an outer identity, and a method that says the user name outside',
    (f) => ({
      ...f,
      identity: [
        {
          ...EAP_USER,
          'eap-methods': 'eap-peap,eap-mschapv2',
          'outer-identity': 'anonymous@example.org',
        },
      ],
    }),
    /^identity\[0\].outer-identity: "anonymous@example.org": expected nothing: eap-mschapv2 says/,
  ],
  [
    'a name of the EAP server, and no method in which it shows a certificate',
    (f) => ({
      ...f,
      identity: [{ ...EAP_USER, 'eap-methods': 'eap-mschapv2', 'eap-server-name': 'aaa.example' }],
    }),
    /^identity\[0\].eap-server-name: \["aaa.example"\]: expected nothing: with eap-mschapv2 alone/,
  ],
  [
    'match-by=certificate without the certificate',
    (f) => ({
      ...f,
      certificate: [{ name: 'c', file: 'c.pem' }],
      identity: [
        {
          peer: 'p',
          'auth-method': 'digital-signature',
          certificate: 'c',
          'match-by': 'certificate',
        },
      ],
    }),
    /^identity\[0\].remote-certificate: nothing: expected a remote-certificate: match-by names it$/,
  ],
  [
    'a responder property of an initiator',
    (f) => ({ ...f, 'mode-config': [{ name: 'm', 'static-dns': '192.0.2.53' }] }),
    /^mode-config\[0\].static-dns: "192.0.2.53": expected nothing: it is for responder=yes$/,
  ],
  [
    'static-dns beside system-dns',
    (f) => ({
      ...f,
      'mode-config': [
        { name: 'm', responder: true, 'static-dns': '192.0.2.53', 'system-dns': 'yes' },
      ],
    }),
    /^mode-config\[0\].system-dns: "yes": expected no: static-dns and system-dns exclude/,
  ],
  [
    'a pool beside one address',
    (f) => ({
      ...f,
      pool: [{ name: 'x', ranges: '192.0.2.0/28' }],
      'mode-config': [{ name: 'm', responder: true, address: '192.0.2.9', 'address-pool': 'x' }],
    }),
    /^mode-config\[0\].address-pool: "x": expected nothing: address gives one address already$/,
  ],
  [
    'pools in a circle',
    (f) => ({
      ...f,
      pool: [
        { name: 'x', ranges: '192.0.2.0/28', 'next-pool': 'y' },
        { name: 'y', ranges: '192.0.2.16/28', 'next-pool': 'x' },
      ],
    }),
    /^pool\[1\].next-pool: "x": expected a pool that does not lead back to this one$/,
  ],
  [
    'UDP encapsulation without NAT traversal',
    (f) => ({
      ...f,
      profile: [{ name: 'default', 'nat-traversal': false }],
      peer: [{ ...f.peer![0], 'udp-encapsulation': true }],
    }),
    /^peer\[0\].udp-encapsulation: yes: expected no, as profile 'default' says nat-traversal=no$/,
  ],
  [
    'AH without an integrity algorithm',
    (f) => ({
      ...f,
      proposal: [{ name: 'default', 'enc-algorithms': 'aes-128-gcm', 'auth-algorithms': 'null' }],
      policy: [{ ...f.policy![0], 'ipsec-protocols': 'ah' }],
    }),
    /^proposal\[0\].auth-algorithms: "null": expected an algorithm that is not null: a policy with/,
  ],
  [
    'transport mode between networks',
    (f) => ({ ...f, policy: [{ ...f.policy![0], tunnel: false }] }),
    /^policy\[0\].src-address: 198.51.100.0\/24: expected this host's own address: tunnel=no/,
  ],
  [
    'transport mode to somebody behind the peer',
    (f) => ({
      ...f,
      policy: [
        { 'src-address': '192.0.2.9', 'dst-address': '203.0.113.1', peer: 'p', tunnel: 'no' },
      ],
    }),
    /^policy\[0\].dst-address: 203.0.113.1\/32: expected the peer's address, 192.0.2.1\/32/,
  ],
  [
    'transport mode from another address than local-address',
    (f) => ({
      ...f,
      peer: [{ ...f.peer![0], 'local-address': '192.0.2.8' }],
      policy: [{ 'src-address': '192.0.2.9', 'dst-address': '192.0.2.1', peer: 'p', tunnel: 'no' }],
    }),
    /^policy\[0\].src-address: 192.0.2.9\/32: expected the peer's local-address, 192.0.2.8/,
  ],
  [
    'a property of Object.prototype',
    (f) => ({ ...f, peer: [{ ...f.peer![0], constructor: 1 }] }),
    /^peer\[0\].constructor: unknown property: expected one of name, address/,
  ],
];
for (const [title, change, expected] of refused) {
  loading(`refused: ${title}`, () => {
    const errors = errorsOf(change(sound()));
    assert.ok(
      errors.some((error) => expected.test(error)),
      errors.join('\n'),
    );
  });
}

loading('__proto__ as a property is unknown, not a prototype', () => {
  const text = JSON.stringify(sound()).replace('"name":"p"', '"name":"p","__proto__":{"x":1}');
  assert.match(errorsOf(text)[0]!, /^peer\[0\].__proto__: unknown property/);
});

loading('a wrong secret is never shown', () => {
  const marker = '0xs3cr3tm4rker';
  for (const identity of [{ peer: 'p', secret: marker }, [marker], marker, { [marker]: 1 }]) {
    if (typeof identity === 'object' && marker in identity) continue;
    const text = errorsOf({ ...sound(), identity: [identity] }).join('\n');
    assert.not.match(text, 's3cr3t');
    assert.ok(text.length > 0);
  }
  // A slip of JSON next to the secret must not quote it.
  const broken = `{"identity":[{"peer":"p","secret":"${marker}" "my-id":"auto"}]}`;
  assert.not.match(errorsOf(broken).join(), 's3cr3t');
});

loading('disabled entries are checked and set aside; policies keep their numbers', () => {
  const file = sound();
  const { databases, disabledPolicies } = good({
    ...file,
    peer: [...file.peer!, { name: 'q', address: '192.0.2.1', disabled: true }],
    policy: [
      { ...file.policy![0], disabled: true },
      { ...file.policy![0], comment: 'second' },
      { 'src-address': '0.0.0.0/0', 'dst-address': '0.0.0.0/0', action: 'discard' },
    ],
  });
  assert.equal(
    databases.peers.map(({ name }) => name),
    ['p'],
  );
  assert.equal(
    databases.policies.map(({ id, action }) => [id, action]),
    [
      [1, 'encrypt'],
      [2, 'discard'],
    ],
  );
  assert.equal(
    disabledPolicies.map(({ id }) => id),
    [0],
  );
  const broken = { ...file.policy![0], disabled: true, 'src-port': 'x' };
  assert.is(errorsOf({ ...file, policy: [broken] }).length, 1);
});

loading('a template is no policy; it may be of both families', () => {
  const file = sound();
  const template = { template: 'yes', 'src-address': '::/0', 'dst-address': '192.0.2.0/24' };
  const loaded = good({ ...file, policy: [template, file.policy![0]] });
  assert.equal(
    [loaded.databases.policies, loaded.templates].map((list) => list.map(({ id }) => id)),
    [[1], [0]],
  );
  assert.equal(
    loaded.databases.templates.map(({ id, group }) => [id, group]),
    [[0, 'default']],
  );
  assert.equal(loaded.warnings.map(formatWarning), []);
  const [first] = good({ ...file, policy: [{ ...template, disabled: true }] }).templates;
  assert.is(first?.id, 0, 'a disabled one is only printed');
});

loading('rules for made policies that can make none, or are not used, are said', () => {
  const file = sound();
  const identity = (more: Json): Json => ({
    ...file,
    identity: [{ ...file.identity![0], ...more }],
  });
  const said = (more: Json): string[] => good(identity(more)).warnings.map(formatWarning);
  assert.match(
    said({ 'generate-policy': 'port-strict' }).join(),
    /^identity\[0\].policy-template-group: "default": no policy is ever made: the group has no template/,
  );
  assert.equal(said({ 'generate-policy': 'port-strict', 'policy-template-group': 'none' }), []);
  assert.match(said({ 'policy-template-group': 'none' }).join(), /not used: generate-policy=no/);
});

/** What keeps a peer from being started, and the line that says so. */
const waiting: [string, (file: ReturnType<typeof sound>) => Json, RegExp][] = [
  [
    'no identity but a disabled one',
    (f) => ({ ...f, identity: [{ ...f.identity![0], disabled: 'yes' }] }),
    /^peer\[0\]: no identity: peer p is not started: an identity for it is not there yet$/,
  ],
  [
    'IKEv1',
    (f) => ({ ...f, peer: [{ ...f.peer![0], 'exchange-mode': 'main' }] }),
    /^peer\[0\].exchange-mode: "main": peer p is not started: IKEv1 is not there yet$/,
  ],
  [
    'a PPK of the peer',
    (f) => ({ ...f, peer: [{ ...f.peer![0], 'ppk-secret': 'quantum' }] }),
    /^peer\[0\].ppk-secret: \[hidden\]: peer p is not started: post-quantum .* is not there yet$/,
  ],
  [
    'a PPK of the profile',
    (f) => ({ ...f, profile: [{ name: 'default', ppk: 'psk' }] }),
    /^profile\[0\].ppk: "psk": peer p is not started: post-quantum/,
  ],
  [
    'XAuth',
    (f) => ({
      ...f,
      peer: [{ ...f.peer![0], 'exchange-mode': 'aggressive' }],
      identity: [{ ...f.identity![0], 'auth-method': 'pre-shared-key-xauth', username: 'u' }],
    }),
    /^identity\[0\].auth-method: .*: peer p is not started: IKEv1 with XAuth is not there yet$/,
  ],
];
for (const [title, change, expected] of waiting) {
  loading(`not started, and said: ${title}`, () => {
    const file = change(sound()) as ReturnType<typeof sound>;
    const { databases, warnings } = good(file);
    const lines = warnings.map(formatWarning);
    assert.ok(
      lines.some((line) => expected.test(line)),
      lines.join('\n'),
    );
    assert.equal([databases.peers, databases.identities], [[], []]);
    // The policy stays and drops what it matches.
    assert.is(databases.policies.length, 1);
    // A peer that is not to be used is no reason to say anything.
    const off = good({ ...file, peer: [{ ...file.peer![0], disabled: true }] });
    const said = off.warnings.map(formatWarning).filter((line) => /not started/.test(line));
    assert.equal(said, []);
  });
}

loading('AEAD alone goes without an integrity algorithm', () => {
  const proposal = [{ name: 'default', 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'none' }];
  const built = good({ ...sound(), proposal }).databases.policies[0]!.proposal;
  assert.equal([built.authAlgorithms, built.pfsGroup], [['null'], undefined]);
});

const warned: [string, (file: ReturnType<typeof sound>) => unknown, RegExp][] = [
  [
    'a broken group',
    (f) => ({ ...f, profile: [{ name: 'default', 'dh-group': 'ecp256,modp1024' }] }),
    /^profile\[0\].dh-group: "modp1024": broken/,
  ],
  [
    'a weak hash',
    (f) => ({ ...f, proposal: [{ name: 'default', 'auth-algorithms': 'sha1' }] }),
    /^proposal\[0\].auth-algorithms: "sha1": weak/,
  ],
  [
    'a weak pseudo-random function',
    (f) => ({ ...f, profile: [{ name: 'default', 'prf-algorithm': 'sha1' }] }),
    /^profile\[0\].prf-algorithm: "sha1": weak/,
  ],
  [
    'a broken PFS group',
    (f) => ({ ...f, proposal: [{ name: 'default', 'pfs-group': 'modp768' }] }),
    /^proposal\[0\].pfs-group: "modp768": broken/,
  ],
  [
    'no encryption',
    (f) => ({ ...f, proposal: [{ name: 'default', 'enc-algorithms': 'null' }] }),
    /^proposal\[0\].enc-algorithms: "null": packets are authenticated, not encrypted$/,
  ],
  [
    'a short secret',
    (f) => ({ ...f, identity: [{ peer: 'p', secret: 'hunter2' }] }),
    /^identity\[0\].secret: \[hidden\]: shorter than 16 bytes/,
  ],
  [
    'a network that is to be called',
    (f) => ({ ...f, peer: [{ name: 'p' }] }),
    /^peer\[0\].address: 0.0.0.0\/0: a network cannot be called/,
  ],
  [
    'level=use',
    (f) => ({ ...f, policy: [{ ...f.policy![0], level: 'use' }] }),
    /^policy\[0\].level: "use": packets pass IN THE CLEAR/,
  ],
  [
    'a policy of a disabled peer',
    (f) => ({ ...f, peer: [{ ...f.peer![0], disabled: true }] }),
    /^policy\[0\].peer: "p": the peer is disabled/,
  ],
  [
    'a policy behind a wider one',
    (f) => ({
      ...f,
      policy: [
        { 'src-address': '0.0.0.0/0', 'dst-address': '0.0.0.0/0', action: 'none' },
        f.policy![0],
      ],
    }),
    /^policy\[1\]: .*: never reached: policy\[0\] matches all its packets$/,
  ],
];
for (const [title, change, expected] of warned) {
  loading(`warned of: ${title}`, () => {
    const warnings = warningsOf(change(sound()));
    assert.ok(warnings.length === 1 && expected.test(warnings[0]!), warnings.join('\n'));
  });
}

loading('a narrower policy before a wider one is no reason to warn', () => {
  const policy = [
    { 'src-address': '198.51.100.0/25', 'dst-address': '203.0.113.0/24', peer: 'p' },
    { 'src-address': '198.51.100.0/24', 'dst-address': '203.0.113.0/24', peer: 'p' },
    { 'src-address': '0.0.0.0/0', 'dst-address': '0.0.0.0/0', action: 'discard' },
    { 'src-address': '::/0', 'dst-address': '::/0', action: 'discard' },
  ];
  assert.equal(warningsOf({ ...sound(), policy }), []);
});

loading('the file: missing, a directory, readable by others', () => {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-load-'));
  try {
    const path = join(directory, 'site.json');
    const first = (name: string): string => {
      const loaded = load(name);
      return loaded.ok ? '' : formatProblem(loaded.errors[0]!);
    };
    assert.match(first(path), /site.json: not found: expected a configuration file/);
    assert.match(first(directory), /: no file: expected a configuration file in JSON/);
    writeFileSync(path, JSON.stringify(sound()), { mode: 0o600 });
    const closed = load(path);
    assert.ok(closed.ok && closed.warnings.length === 0);
    chmodSync(path, 0o644);
    const open = load(path);
    assert.ok(open.ok);
    assert.match(
      formatWarning(open.warnings[0]!),
      /mode 0644: the file holds secrets .* chmod 600/,
    );
    writeFileSync(path, '{}');
    const harmless = load(path);
    assert.ok(harmless.ok && harmless.warnings.length === 0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

loading('a thousand random changes: errors or a configuration, never a throw', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
  const junk = [null, [], {}, '', 'x', -1, 1e99, true, [null], { name: {} }, '0x', ','];
  for (let round = 0; round < 1000; round++) {
    const file = JSON.parse(JSON.stringify(sound())) as Record<string, Json[]>;
    const menus = Object.keys(file);
    const menu = menus[random(menus.length)]!;
    const entries = [file[menu]!].flat();
    const target = random(3) === 0 ? (file as Json) : (entries[0] as Json);
    const names = MENUS.flatMap((m) => [m.name, ...m.properties.map((row) => row.name)]);
    target[names[random(names.length)]!] = junk[random(junk.length)];
    const loaded = parse(JSON.stringify(file));
    if (!loaded.ok) assert.ok(loaded.errors.length > 0);
  }
});

loading.run();
