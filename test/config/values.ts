// For every property of every menu: values that are taken, and values that are refused with a word
// of what was expected. test/config/properties.test.ts fails where a property is missing here.

export interface Values {
  readonly good: readonly unknown[];
  /** Value, and a part of "expected …". */
  readonly bad: readonly (readonly [value: unknown, expected: string])[];
}

const FLAG: Values = {
  good: [true, false, 'yes', 'no', 'true', 'false'],
  bad: [
    ['maybe', 'yes or no'],
    [1, 'yes or no'],
    [null, 'yes or no'],
    ['', 'yes or no'],
  ],
};
const COMMENT: Values = {
  good: ['', 'branch office', 'Büro „Süd“'],
  bad: [
    [7, 'text without control characters'],
    ['two\nlines', 'text without control characters'],
    ['\u001b[31m', 'text without control characters'],
  ],
};
const NAME: Values = {
  good: ['west', 'a', 'site-1.example', 'x'.repeat(64)],
  bad: [
    ['', 'a name of 1 to 64 characters'],
    ['two words', 'without spaces'],
    ['a,b', 'commas'],
    ['x'.repeat(65), '64'],
    [5, 'a name'],
  ],
};
const LIFETIME: Values = {
  good: ['30m', '1d', '1h30m', '00:30:00', '1d00:30:00', '45s', '90', 90, '2w'],
  bad: [
    ['soon', 'a time such as 30m'],
    ['', 'a time'],
    [0, 'from 1 s'],
    ['0s', 'from 1 s'],
    [1.5, 'a time'],
    [-1, 'a time'],
    ['30x', 'a time'],
    ['m30', 'a time'],
    ['00:99:00', 'a time'],
    ['5000w', 'to 31536000 s'],
    [null, 'a time'],
  ],
};
const GROUPS = ['x25519', 'ecp256', 'modp2048', 'modp1024', 'ec2n155'];
const PORT: Values = {
  good: ['any', 0, 80, '443', 65535],
  bad: [
    [65536, '0 to 65535, or any'],
    [-1, 'a port'],
    ['http', 'a port'],
    [8.5, 'a port'],
    ['', 'a port'],
  ],
};
const PREFIX: Values = {
  good: ['192.0.2.0/24', '192.0.2.7', '0.0.0.0/0', '198.51.100.0/25'],
  bad: [
    ['192.0.2.1/24', 'host bits are zero: 192.0.2.0/24'],
    ['192.0.2.0/33', 'prefix'],
    ['192.0.2', 'prefix'],
    ['192.0.02.1', 'prefix'],
    ['west.example', 'prefix'],
    ['192.0.2.0/24/2', 'prefix'],
    ['192.0.2.0/', 'prefix'],
    [3221225985, 'prefix'],
    ['', 'prefix'],
  ],
};
const ID: Values = {
  good: [
    'auto',
    'address:192.0.2.1',
    'address:2001:db8::1',
    'fqdn:west.example',
    'user-fqdn:op@west.example',
    'key-id:office',
    'key-id:0x00ff',
  ],
  bad: [
    ['west', 'auto, address:ADDRESS'],
    ['address:west', 'address: followed by an IPv4 or IPv6 address'],
    ['fqdn:', 'auto, address:ADDRESS'],
    ['fqdn:a b', 'a domain name'],
    ['user-fqdn:west', 'user@domain'],
    ['key-id:0xabc', 'key-id: followed by'],
    ['dn:CN=west', 'auto, address:ADDRESS'],
    [7, 'auto, address:ADDRESS'],
  ],
};
const oneOf = (good: readonly string[], bad: readonly (readonly [unknown, string])[]): Values => ({
  good,
  bad: [...bad, ['', good[0]!], [1, good[0]!], [null, good[0]!]],
});
const listOf = (good: readonly unknown[], word: string): Values => ({
  good,
  bad: [
    ['', 'a list that is not empty'],
    [[], 'a list that is not empty'],
    [`${word},${word}`, `a list in which "${word}" stands once`],
    [[word, 'rot13'], 'instead of "rot13"'],
    [`${word},`, 'instead of ""'],
    [7, 'a list of'],
    [[7], 'instead of 7'],
  ],
});

export const VALUES: Readonly<Record<string, Readonly<Record<string, Values>>>> = {
  peer: {
    name: NAME,
    address: { good: [...PREFIX.good, '::/0', '2001:db8::1'], bad: PREFIX.bad },
    'local-address': {
      good: ['', '192.0.2.9'],
      bad: [
        ['192.0.2.0/24', 'an IPv4 or IPv6 address'],
        ['eth0', 'an IPv4 or IPv6 address'],
        ['fe80::1%eth0', 'an IPv4 or IPv6 address'],
        ['2001:db8::1', 'an IPv4 address, as the peer'],
      ],
    },
    port: {
      good: [500, '4500', 1, 65535],
      bad: [
        [0, 'from 1 to 65535'],
        [65536, 'from 1 to 65535'],
        ['ike', 'a whole number'],
        [500.5, 'a whole number'],
      ],
    },
    'exchange-mode': oneOf(
      ['ike2'],
      [
        ['main', "ike2: RouterOS's main is not there yet"],
        ['aggressive', 'not there yet'],
        ['base', 'not there yet'],
        ['ike3', 'did you mean "ike2"'],
      ],
    ),
    passive: FLAG,
    profile: {
      good: ['default'],
      bad: [...NAME.bad.slice(0, 2), ['strong', 'a profile: default']],
    },
    'send-initial-contact': FLAG,
    disabled: FLAG,
    comment: COMMENT,
  },
  identity: {
    peer: { good: ['p'], bad: [['q', 'the name of a peer: p'], ...NAME.bad] },
    'auth-method': oneOf(
      ['pre-shared-key'],
      [
        ['digital-signature', 'not there yet'],
        ['eap', 'not there yet'],
        ['psk', 'pre-shared-key'],
      ],
    ),
    secret: {
      good: ['a long and random secret', '0x00112233445566778899aabbccddeeff', 'Ünïcode-Geheimnis'],
      bad: [
        ['', 'a secret: auth-method=pre-shared-key needs one'],
        ['0x123', 'an even number of hexadecimal digits'],
        ['0x', 'an even number of hexadecimal digits'],
        ['0xgg', 'hexadecimal digits'],
        [42, 'text, or 0x'],
      ],
    },
    'my-id': ID,
    'remote-id': {
      good: [...ID.good, 'ignore'],
      bad: ID.bad.map(([v, e]) => [v, e.startsWith('auto') ? 'or ignore' : e] as const),
    },
    disabled: FLAG,
    comment: COMMENT,
  },
  profile: {
    name: NAME,
    'dh-group': listOf(
      [...GROUPS, 'ecp256,modp2048', ['x25519', 'ecp384'], 'ecp256, modp2048'],
      'ecp256',
    ),
    'enc-algorithm': listOf(['aes-256', 'aes-128,aes-256', ['aes-256-gcm'], '3des'], 'aes-128'),
    'hash-algorithm': listOf(['sha256', 'sha1', 'md5', ['sha512', 'sha384']], 'sha256'),
    lifetime: LIFETIME,
    'nat-traversal': FLAG,
    'dpd-interval': {
      good: ['2m', 'disable-dpd', 10, '1h'],
      bad: [
        ['2h', 'to 3600 s, or disable-dpd'],
        [0, 'from 1 s'],
        ['never', 'disable-dpd'],
      ],
    },
    'dpd-maximum-failures': {
      good: [1, 5, '100'],
      bad: [
        [0, 'from 1 to 100'],
        [101, 'from 1 to 100'],
        ['x', 'a whole number'],
      ],
    },
    'proposal-check': oneOf(
      ['obey', 'claim', 'exact', 'strict'],
      [['obay', 'did you mean "obey"']],
    ),
    comment: COMMENT,
  },
  proposal: {
    name: NAME,
    'enc-algorithms': listOf(
      ['aes-256-gcm', 'chacha20poly1305,aes-256-cbc', ['aes-128-cbc'], 'null'],
      'aes-128-gcm',
    ),
    'auth-algorithms': listOf(['sha256', 'sha1', ['sha512', 'sha256']], 'sha256'),
    lifetime: LIFETIME,
    lifebytes: {
      good: [0, 1_000_000_000_000, '1000000'],
      bad: [
        [-1, 'a whole number'],
        ['1G', 'a whole number'],
      ],
    },
    'pfs-group': oneOf([...GROUPS, 'none'], [['modp2047', 'did you mean "modp2048"']]),
    esn: oneOf(['yes', 'no', 'require'], [['maybe', 'yes, no, require']]),
    disabled: { good: ['no', false], bad: FLAG.bad },
    comment: COMMENT,
  },
  policy: {
    action: oneOf(['encrypt', 'discard', 'none'], [['drop', 'encrypt, discard, none']]),
    'src-address': { ...PREFIX, bad: [...PREFIX.bad, ['2001:db8::/32', 'an IPv6 prefix']] },
    'src-port': PORT,
    'dst-address': { ...PREFIX, bad: [...PREFIX.bad, ['2001:db8::/32', 'an IPv4 prefix']] },
    'dst-port': PORT,
    protocol: {
      good: ['tcp', 'udp', 6, '17', 'sctp'],
      bad: [
        ['tcpp', 'all, a protocol'],
        [256, 'from 1 to 255'],
        [0, 'from 1 to 255'],
        ['constructor', 'all, a protocol'],
      ],
    },
    tunnel: { good: ['yes', true], bad: [...FLAG.bad, ['no', 'transport mode is not there yet']] },
    level: oneOf(['require', 'unique', 'use'], [['requires', 'did you mean "require"']]),
    'ipsec-protocols': oneOf(['esp'], [['ah', "RouterOS's ah is not there yet"]]),
    peer: {
      good: ['p'],
      bad: [
        ['', 'action=encrypt needs one'],
        ['P2', 'the name of a peer: p'],
        [5, 'a name'],
      ],
    },
    proposal: {
      good: ['default'],
      bad: [
        ['defualt', 'did you mean "default"'],
        ['', 'a name'],
      ],
    },
    disabled: FLAG,
    comment: COMMENT,
  },
  tun: {
    name: {
      good: ['culvert0', 'tun_1', 'a'],
      bad: [
        ['', 'an interface name'],
        ['a/b', 'an interface name'],
        ['..', 'an interface name'],
        ['sixteen-letters0', 'an interface name'],
        [7, 'an interface name'],
      ],
    },
    mtu: {
      good: [576, 1400, '9000'],
      bad: [
        [575, 'from 576 to 9000'],
        [9001, 'from 576 to 9000'],
      ],
    },
    workers: {
      good: [0, 1, 8],
      bad: [
        [9, 'from 0 to 8'],
        ['auto', 'a whole number'],
      ],
    },
    table: {
      good: [256, 2030, '4294966000'],
      bad: [
        [254, 'from 256'],
        ['main', 'a whole number'],
      ],
    },
    'rule-priority': {
      good: [1, 31000],
      bad: [
        [0, 'from 1 to 31000'],
        [32766, 'from 1 to 31000'],
      ],
    },
    'fail-closed': FLAG,
    'refuse-plain': FLAG,
    'mss-clamp': FLAG,
  },
  log: {
    level: oneOf(['debug', 'info', 'warning', 'error'], [['warn', 'debug, info, warning, error']]),
    format: oneOf(['text', 'json'], [['xml', 'text, json']]),
  },
};
