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
    'dn',
  ],
  bad: [
    ['west', 'auto, address:ADDRESS'],
    ['address:west', 'address: followed by an IPv4 or IPv6 address'],
    ['fqdn:', 'auto, address:ADDRESS'],
    ['fqdn:a b', 'a domain name'],
    ['user-fqdn:west', 'user@domain'],
    ['key-id:0xabc', 'key-id: followed by'],
    ['dn:CN=west', 'auto, address:ADDRESS'],
    ['asn1:x', 'key-id:TEXT'],
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

const SECRET: Values = {
  good: ['a long and random secret', '0x00112233445566778899aabbccddeeff', 'Ünïcode-Geheimnis'],
  bad: [
    ['0x123', 'an even number of hexadecimal digits'],
    ['0x', 'an even number of hexadecimal digits'],
    ['0xgg', 'hexadecimal digits'],
    [42, 'text, or 0x'],
  ],
};
const KEY_NAME = [
  ['yours', 'the name of a key: mine, theirs'],
  [1, 'a name'],
] as const;
/** One name or none. */
const OPTIONAL_NAME: Values = {
  good: ['', 'lan'],
  bad: [
    ['two words', 'a name'],
    [3, 'a name'],
  ],
};
const ADDRESS: Values = {
  good: ['192.0.2.9', '2001:db8::9'],
  bad: [
    ['192.0.2.0/24', 'an IPv4 or IPv6 address'],
    ['host.example', 'an IPv4 or IPv6 address'],
    [1, 'an IPv4 or IPv6 address'],
  ],
};
const FILE: Values = {
  good: ['/etc/culvert/east.pem', 'east.pem'],
  bad: [
    ['', 'the path of a file'],
    [1, 'the path of a file'],
  ],
};
const UDP_PORT: Values = {
  good: [1812, '1', 65535],
  bad: [
    [0, 'from 1 to 65535'],
    [65536, 'from 1 to 65535'],
    ['radius', 'a whole number'],
  ],
};

export const VALUES: Readonly<Record<string, Readonly<Record<string, Values>>>> = {
  peer: {
    name: NAME,
    address: {
      good: [...PREFIX.good, '::/0', '2001:db8::1', 'vpn.example.org', 'a.example.'],
      bad: [
        ...PREFIX.bad.filter(([value]) => value !== 'west.example'),
        ['192.0.2.300', 'or a DNS name'],
        ['host', 'or a DNS name'],
      ],
    },
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
      ['ike2', 'main', 'aggressive', 'base'],
      [
        ['ike3', 'did you mean "ike2"'],
        ['main-l2tp', 'one of ike2, main'],
      ],
    ),
    passive: FLAG,
    profile: {
      good: ['default'],
      bad: [...NAME.bad.slice(0, 2), ['strong', 'a profile: default']],
    },
    'send-initial-contact': FLAG,
    'udp-encapsulation': FLAG,
    mobike: FLAG,
    childless: oneOf(['allow', 'prefer', 'force', 'never'], [['yes', 'allow, prefer']]),
    'compatible-with': {
      good: ['', 'windows', 'windows,apple,android', ['routeros']],
      bad: [
        ['win', 'one of windows, apple, android, routeros'],
        ['windows,windows', 'stands once'],
      ],
    },
    'ppk-secret': SECRET,
    disabled: FLAG,
    comment: COMMENT,
  },
  identity: {
    peer: { good: ['p'], bad: [['q', 'the name of a peer: p'], ...NAME.bad] },
    'auth-method': oneOf(
      ['pre-shared-key', 'digital-signature', 'eap', 'eap-radius', 'eap-local'],
      [
        ['psk', 'pre-shared-key'],
        ['rsa-key', 'a method of IKEv2: peer p has exchange-mode=ike2'],
        ['rsa-signature', 'digital-signature'],
      ],
    ),
    secret: {
      ...SECRET,
      bad: [['', 'a secret: auth-method=pre-shared-key needs one'], ...SECRET.bad],
    },
    'my-id': ID,
    'remote-id': {
      good: [...ID.good, 'ignore'],
      bad: ID.bad.map(([v, e]) => [v, e.startsWith('auto') ? 'or ignore' : e] as const),
    },
    'rsa-padding': oneOf(['pkcs1', 'pss'], [['v1.5', 'pkcs1, pss']]),
    'match-by': oneOf(['remote-id', 'certificate'], [['cert', 'remote-id, certificate']]),
    certificate: {
      good: ['cert', 'cert,ca', ['cert', 'ca']],
      bad: [
        ['', 'auth-method=digital-signature needs one'],
        ['crt', 'the name of a certificate: cert, ca'],
        ['cert,cert', 'stands once'],
        [7, 'a list of'],
      ],
    },
    'remote-certificate': {
      good: ['', 'cert'],
      bad: [
        ['crt', 'the name of a certificate'],
        ['a b', 'a name'],
      ],
    },
    'eap-methods': {
      good: ['eap-tls', 'eap-mschapv2,eap-tls', ['eap-peap', 'eap-ttls']],
      bad: [
        ['eap-md5', 'eap-tls, eap-mschapv2'],
        ['', 'a list that is not empty'],
        ['eap-tls,eap-tls', 'stands once'],
      ],
    },
    'ttls-inner': oneOf(['mschapv2', 'pap', 'eap-mschapv2'], [['chap', 'mschapv2, pap']]),
    'outer-identity': {
      good: ['', 'anonymous@example.org', '@example.org'],
      bad: [
        [7, 'text'],
        ['a\nb', 'text without control characters'],
      ],
    },
    'eap-server-name': {
      good: ['', 'aaa.example', ['aaa.example', 'bbb.example']],
      bad: [
        ['*.example', 'a DNS name'],
        ['192.0.2.1', 'a DNS name'],
        ['aaa.example,aaa.example', 'stands once'],
      ],
    },
    username: {
      good: ['alice', 'alice@example.org', 'Alice Smith'],
      bad: [
        [7, 'text'],
        ['a\nb', 'text without control characters'],
      ],
    },
    password: {
      good: ['secret word', ''],
      bad: [
        [7, 'text'],
        ['a\u0000', 'text without control characters'],
      ],
    },
    key: { good: ['mine'], bad: [['', 'auth-method=rsa-key needs one'], ...KEY_NAME] },
    'remote-key': { good: ['theirs'], bad: [['', 'auth-method=rsa-key needs one'], ...KEY_NAME] },
    'mode-config': {
      good: ['none', 'request-only'],
      bad: [
        ['rw', 'the name of a mode-config: m, request-only'],
        [5, 'a name'],
      ],
    },
    'generate-policy': oneOf(
      ['no', 'port-override', 'port-strict'],
      [['yes', 'no, port-override, port-strict']],
    ),
    'policy-template-group': {
      good: ['default', 'none'],
      bad: [
        ['rw', 'the name of a group: default'],
        ['', 'a name'],
      ],
    },
    'notrack-chain': {
      good: ['', 'prerouting'],
      bad: [
        ['two words', 'a name'],
        [1, 'a name'],
      ],
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
    lifebytes: {
      good: [0, 4_294_967_295, '1000'],
      bad: [
        [-1, 'a whole number'],
        [4_294_967_296, 'from 0 to 4294967295'],
      ],
    },
    'fragment-size': {
      good: [576, 1280, '9000'],
      bad: [
        [575, 'from 576 to 9000'],
        [9001, 'from 576 to 9000'],
        ['no', 'a whole number'],
      ],
    },
    'prf-algorithm': oneOf(
      ['auto', 'sha256', 'sha512'],
      [['md5', 'one of sha1, sha256, sha384, sha512, or auto']],
    ),
    ppk: oneOf(
      ['no', 'psk', 'psk-ike-initial'],
      [
        ['qkd', "RouterOS's qkd is not there yet"],
        ['yes', 'no, psk, psk-ike-initial'],
      ],
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
    'replay-window': {
      good: [32, 1024, 8192, '64'],
      bad: [
        [0, '32'],
        [31, '32'],
        [8193, '8192'],
        ['off', 'a whole number'],
      ],
    },

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
    tunnel: FLAG,
    level: oneOf(['require', 'unique', 'use'], [['requires', 'did you mean "require"']]),
    'ipsec-protocols': oneOf(['esp', 'ah'], [['ah,esp', 'an IKEv2 proposal has one protocol']]),
    peer: {
      good: ['p'],
      bad: [
        ['', 'action=encrypt needs one'],
        ['P2', 'the name of a peer: p'],
        [5, 'a list of'],
        ['p,p', 'stands once'],
        ['p,q', 'the name of a peer: p'],
      ],
    },
    template: FLAG,
    group: {
      good: ['default'],
      bad: [
        ['rw', 'the name of a group: default'],
        ['', 'a name'],
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
  group: { name: NAME, comment: COMMENT },
  'mode-config': {
    name: NAME,
    responder: FLAG,
    address: { good: ['', '192.0.2.9'], bad: ADDRESS.bad },
    'address-pool': {
      good: ['', 'none', 'rw'],
      bad: [
        ['pool9', 'the name of a pool: rw'],
        [1, 'a name'],
      ],
    },
    'address-prefix-length': {
      good: ['', 32, '24', 1],
      bad: [
        [0, 'from 1 to 32'],
        [33, 'from 1 to 32'],
        ['/24', 'a whole number'],
      ],
    },
    'split-include': {
      good: ['', '192.0.2.0/24', '192.0.2.0/24,198.51.100.0/24', ['2001:db8::/32']],
      bad: [
        ['192.0.2.1/24', 'host bits are zero'],
        ['192.0.2.0/24,192.0.2.0/24', 'stands once'],
        ['lan', 'instead of "lan"'],
        [7, 'a list of'],
      ],
    },
    'split-dns': {
      good: ['', 'example.org', ['a.example', 'b.example']],
      bad: [
        ['exa mple', 'a DNS name'],
        ['a.example,', 'instead of ""'],
      ],
    },
    'static-dns': {
      good: ['', '192.0.2.53', ['192.0.2.53', '192.0.2.54']],
      bad: [
        ['192.0.2.53/32', 'an IPv4 or IPv6 address'],
        ['dns.example', 'instead of "dns.example"'],
      ],
    },
    'system-dns': FLAG,
    'src-address-list': OPTIONAL_NAME,
    'connection-mark': {
      good: ['', 'no-mark', 'marked', 16, '0x10/0xff'],
      bad: [
        ['nowhere', 'the name of a connection-mark: marked'],
        ['a b', 'without spaces'],
        ['0', 'a number from 1'],
        ['0x1/0xzz', 'with a mask'],
        ['0x110/0xff', 'no bit outside the mask'],
        [-1, 'a number from 1'],
      ],
    },
    'resolv-conf': { good: ['', '/run/culvert/resolv.conf'], bad: [[7, 'the path of a file']] },
    'use-responder-dns': oneOf(['yes', 'no', 'exclusively'], [['never', 'yes, no, exclusively']]),
    comment: COMMENT,
  },
  'connection-mark': {
    name: NAME,
    mark: {
      good: [1, '4294967295', '0xffffffff', '0x10/0xff', '16/240'],
      bad: [
        ['', 'a number from 1'],
        ['vpn', 'a number from 1'],
        ['4294967296', 'to 0xffffffff'],
        ['1/0', 'no bit outside the mask'],
      ],
    },
    comment: COMMENT,
  },
  key: { name: NAME, file: FILE, comment: COMMENT },
  'key-psk': {
    peer: { good: ['p'], bad: [['q', 'the name of a peer: p'], ...NAME.bad] },
    id: {
      good: ['0123456789abcdef'],
      bad: [
        ['short', 'a name of 16 to 64 characters'],
        [7, 'a name'],
      ],
    },
    key: {
      good: ['00'.repeat(32), `0x${'aB'.repeat(64)}`],
      bad: [
        ['00'.repeat(31), 'at least 32 bytes in hexadecimal'],
        ['0'.repeat(65), 'two digits a byte'],
        ['zz'.repeat(32), 'in hexadecimal'],
        [7, 'in hexadecimal'],
      ],
    },
    comment: COMMENT,
  },
  settings: {
    accounting: FLAG,
    'interim-update': {
      good: ['0s', 0, '00:05:00'],
      bad: [
        ['2d', 'to 86400 s'],
        ['often', 'a time'],
      ],
    },
    'xauth-use-radius': FLAG,
    'certificate-revocation': oneOf(
      ['strict', 'if-present', 'off'],
      [['yes', 'strict, if-present']],
    ),
    'certificate-recheck': {
      good: ['1h', '0s', '15m'],
      bad: [
        ['often', 'a time'],
        ['2d', 'to 86400 s'],
      ],
    },
    'hash-and-url': {
      good: [
        '',
        'http://pki.example.org/certs/',
        ['http://192.0.2.1:8080/', 'http://[2001:db8::1]/a/'],
      ],
      bad: [
        ['https://pki.example.org/', 'a URL that ends with a slash'],
        ['http://pki.example.org/certs', 'a URL that ends with a slash'],
        ['http://user:word@pki.example.org/', 'a URL that ends with a slash'],
        ['/etc/', 'a URL that ends with a slash'],
      ],
    },
    'ddos-cookie-threshold': {
      good: [0, 30, '1000'],
      bad: [
        [-1, 'a whole number'],
        [1001, 'from 0 to 1000'],
      ],
    },
  },
  certificate: {
    name: NAME,
    file: FILE,
    'key-file': { good: ['', ...FILE.good], bad: [[1, 'the path of a file']] },
    url: {
      good: ['', 'http://pki.example.org/gw.der'],
      bad: [
        ['ftp://pki.example.org/gw.der', 'a URL such as'],
        ['gw.der', 'a URL such as'],
      ],
    },
    'crl-file': { good: ['', ...FILE.good], bad: [[1, 'the path of a file']] },
    trusted: FLAG,
    comment: COMMENT,
  },
  pool: {
    name: NAME,
    ranges: {
      good: ['192.0.2.10-192.0.2.20', '192.0.2.0/28', '192.0.2.7', ['192.0.2.1', '192.0.2.4/31']],
      bad: [
        ['192.0.2.20-192.0.2.10', 'not behind its last'],
        ['192.0.2.1-2001:db8::1', 'not behind its last'],
        ['192.0.2.1-9', 'a range such as'],
        ['192.0.2.1,192.0.2.1', 'stands once'],
        [7, 'a list of'],
      ],
    },
    'next-pool': {
      good: ['none'],
      bad: [
        ['nowhere', 'the name of a pool'],
        ['rw', 'a pool that does not lead back to this one'],
        ['', 'a name'],
      ],
    },
    comment: COMMENT,
  },
  radius: {
    protocol: oneOf(['udp'], [['tcp', 'udp, radsec']]),
    certificate: {
      good: [''],
      bad: [
        ['crt', 'the name of a certificate'],
        ['cert', 'nothing: protocol=udp'],
      ],
    },
    'server-name': {
      good: [''],
      bad: [['radius.example', 'nothing: protocol=udp has no use for it']],
    },
    service: listOf(['ipsec', 'ipsec,ppp', ['login', 'ipsec']], 'ipsec'),
    address: { good: ADDRESS.good, bad: [['', 'an IPv4 or IPv6 address'], ...ADDRESS.bad] },
    secret: SECRET,
    'authentication-port': UDP_PORT,
    'accounting-port': UDP_PORT,
    timeout: {
      good: ['300ms', '3s', '1s500ms', 2, '00:00:05'],
      bad: [
        ['2h', 'from 10 ms to 60 s'],
        ['none', 'a time such as 300ms'],
        ['99s99ms', 'from 10 ms to 60 s'],
        ['soon', 'a time such as 300ms'],
        [0, 'a time such as 300ms'],
      ],
    },
    'dead-time': {
      good: ['1m', 0, '1h'],
      bad: [
        ['2h', 'from 0 s to 3600 s'],
        ['long', 'a time'],
      ],
    },
    'src-address': {
      good: ['', '192.0.2.1'],
      bad: [['2001:db8::1', 'an IPv4 address, as address is'], ...ADDRESS.bad],
    },
    disabled: FLAG,
    comment: COMMENT,
  },
  'radius-incoming': { accept: FLAG, port: UDP_PORT, 'require-timestamp': FLAG },
  'address-list': { list: NAME, address: PREFIX, disabled: FLAG, comment: COMMENT },
  user: {
    name: NAME,
    password: {
      good: ['secret word', ''],
      bad: [[7, 'text without control characters']],
    },
    certificate: {
      good: ['', 'cert'],
      bad: [
        ['crt', 'the name of a certificate'],
        ['a b', 'a name'],
      ],
    },
    address: { good: ['', ...ADDRESS.good], bad: ADDRESS.bad },
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
    'lease-file': {
      good: ['', '/var/lib/culvert/x.leases'],
      bad: [
        [7, 'the path of a file'],
        ['a\nb', 'the path of a file'],
      ],
    },
    'mss-clamp': FLAG,
    'mtu-probe': FLAG,
    offload: FLAG,
  },
  metrics: {
    address: {
      good: ['127.0.0.1', '127.8.0.1', '::1', ''],
      bad: [
        ['0.0.0.0', 'a loopback address'],
        ['192.0.2.1', 'a loopback address'],
        ['::', 'a loopback address'],
        ['localhost', 'a loopback address'],
      ],
    },
    port: {
      good: [1, 9516, '65535'],
      bad: [
        [0, 'from 1 to 65535'],
        [65_536, 'from 1 to 65535'],
        ['any', 'a whole number'],
      ],
    },
  },
  log: {
    level: oneOf(['debug', 'info', 'warning', 'error'], [['warn', 'debug, info, warning, error']]),
    format: oneOf(['text', 'json'], [['xml', 'text, json']]),
  },
};
