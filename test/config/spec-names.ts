// The names of ../spec/routeros-ipsec.txt: per menu its properties with the words they take and their
// default, and its read-only properties; then what RouterOS 7 added to these menus. The spec's three
// slips are put right: the second aes-128-cbc is aes-128-ctr, aes-128gcm has its dash, and `replay`
// and `expires-in` have their kinds elsewhere.

export interface SpecMenu {
  /** Name → words it must take (none: free), default ('' where the spec leaves it empty). */
  readonly properties: Readonly<Record<string, readonly [words: string, fallback: string]>>;
  readonly computed: string;
  readonly commands?: string;
  /** RouterOS 7's. */
  readonly newer?: string;
  readonly newerComputed?: string;
  readonly newerCommands?: string;
}

const YES_NO = 'yes no';
const GROUPS =
  'modp768 modp1024 ec2n155 ec2n185 modp1536 modp2048 modp3072 modp4096 modp6144 modp8192 ' +
  'ecp256 ecp384 ecp521';

export const SPEC: Readonly<Record<string, SpecMenu>> = {
  policy: {
    properties: {
      action: ['discard encrypt none', 'encrypt'],
      comment: ['', ''],
      disabled: [YES_NO, 'no'],
      'dst-address': ['', '0.0.0.0/32'],
      'dst-port': ['0 65535 any', 'any'],
      group: ['', 'default'],
      'ipsec-protocols': ['ah esp', 'esp'],
      level: ['require unique use', 'require'],
      peer: ['', ''],
      proposal: ['', 'default'],
      protocol: ['all egp ggp icmp igmp', 'all'],
      'src-address': ['', '0.0.0.0/32'],
      'src-port': ['any 0 65535', 'any'],
      template: [YES_NO, 'no'],
      tunnel: [YES_NO, 'no'],
    },
    computed: 'active default dynamic invalid ph2-count ph2-state sa-dst-address sa-src-address',
    newerComputed: 'backup',
  },
  statistics: {
    properties: {},
    computed:
      'in-errors in-buffer-errors in-header-errors in-no-states in-state-protocol-errors ' +
      'in-state-mode-errors in-state-sequence-errors in-state-expired in-state-mismatches ' +
      'in-state-invalid in-template-mismatches in-no-policies in-policy-blocked in-policy-errors ' +
      'out-errors out-bundle-errors out-bundle-check-errors out-no-states ' +
      'out-state-protocol-errors out-state-mode-errors out-state-sequence-errors ' +
      'out-state-expired out-policy-blocked out-policy-dead out-policy-errors',
  },
  proposal: {
    properties: {
      'auth-algorithms': ['md5 null sha1 sha256 sha512', 'sha1'],
      comment: ['', ''],
      disabled: [YES_NO, 'no'],
      'enc-algorithms': [
        'null des 3des aes-128-cbc aes-128-ctr aes-128-gcm aes-192-cbc aes-192-ctr aes-192-gcm ' +
          'aes-256-cbc aes-256-ctr aes-256-gcm blowfish camellia-128 camellia-192 camellia-256 ' +
          'twofish',
        'aes-256-cbc,aes-192-cbc,aes-128-cbc',
      ],
      lifetime: ['', '30m'],
      name: ['', ''],
      'pfs-group': [`${GROUPS} none`, 'modp1024'],
    },
    computed: 'default',
  },
  group: {
    properties: { name: ['', ''], comment: ['', ''] },
    computed: '',
    newerComputed: 'default',
  },
  peer: {
    properties: {
      address: ['', '0.0.0.0/0'],
      comment: ['', ''],
      disabled: [YES_NO, 'no'],
      'exchange-mode': ['aggressive base main ike2', 'main'],
      'local-address': ['', ''],
      name: ['', ''],
      passive: [YES_NO, 'no'],
      // Spec: from 0, to which nobody can call; here from 1.
      port: ['1 65535', '500'],
      profile: ['', 'default'],
      'send-initial-contact': [YES_NO, 'yes'],
    },
    computed: 'dynamic responder',
    newer: 'ppk-secret',
    newerComputed: 'current-address',
  },
  identity: {
    properties: {
      'auth-method': [
        'digital-signature eap eap-radius pre-shared-key pre-shared-key-xauth rsa-key ' +
          'rsa-signature-hybrid',
        'pre-shared-key',
      ],
      certificate: ['', ''],
      comment: ['', ''],
      disabled: [YES_NO, 'no'],
      'eap-methods': ['eap-mschapv2 eap-peap eap-tls eap-ttls', 'eap-tls'],
      'generate-policy': ['no port-override port-strict', 'no'],
      key: ['', ''],
      'match-by': ['remote-id certificate', 'remote-id'],
      'mode-config': ['none request-only', 'none'],
      'my-id': ['auto address:192.0.2.1 fqdn:a.example user-fqdn:u@a.example key-id:x', 'auto'],
      'notrack-chain': ['', ''],
      password: ['', ''],
      peer: ['', ''],
      'policy-template-group': ['none', 'default'],
      'remote-certificate': ['', ''],
      'remote-id': ['auto fqdn:a.example user-fqdn:u@a.example key-id:x ignore', 'auto'],
      'remote-key': ['', ''],
      secret: ['0x00ff', ''],
      username: ['', ''],
    },
    computed: 'dynamic',
  },
  profile: {
    properties: {
      'dh-group': [GROUPS, 'modp1024,modp2048'],
      'dpd-interval': ['disable-dpd 2m', '2m'],
      'dpd-maximum-failures': ['1 100', '5'],
      'enc-algorithm': [
        '3des aes-128 aes-192 aes-256 blowfish camellia-128 camellia-192 camellia-256 des',
        'aes-128',
      ],
      'hash-algorithm': ['md5 sha1 sha256 sha512', 'sha1'],
      lifebytes: ['0 4294967295', '0'],
      lifetime: ['', '1d'],
      name: ['', ''],
      'nat-traversal': [YES_NO, 'yes'],
      'proposal-check': ['claim exact obey strict', 'obey'],
    },
    computed: '',
    newer: 'prf-algorithm ppk',
    newerComputed: 'default',
  },
  'active-peers': {
    properties: {},
    computed:
      'dynamic-address last-seen local-address natt-peer ph2-total remote-address responder ' +
      'rx-bytes rx-packets side state tx-bytes tx-packets uptime',
    commands: 'kill-connections',
    newerComputed: 'id port spii spir ppk',
    newerCommands: 'remove',
  },
  'mode-config': {
    properties: {
      'address-pool': ['none', ''],
      'address-prefix-length': ['1 32', ''],
      comment: ['', ''],
      name: ['', ''],
      responder: [YES_NO, 'no'],
      'split-include': ['192.0.2.0/24,198.51.100.0/24', ''],
      'src-address-list': ['', ''],
      'static-dns': ['192.0.2.53,192.0.2.54', ''],
      'system-dns': [YES_NO, ''],
    },
    computed: 'default',
    newer: 'address split-dns connection-mark use-responder-dns',
  },
  'installed-sa': {
    properties: {},
    computed:
      'AH ESP add-lifetime addtime auth-algorithm auth-key current-bytes dst-address ' +
      'enc-algorithm enc-key enc-key-size expires-in hw-aead replay spi src-address state',
    commands: 'flush',
    newerComputed: 'current-packets invalid-packets seen-traffic',
  },
  key: { properties: { name: ['', ''] }, computed: 'key-size private-key rsa' },
  'key-psk': { properties: {}, computed: '', newer: 'peer id key' },
  settings: {
    properties: {
      accounting: [YES_NO, ''],
      'interim-update': ['', ''],
      'xauth-use-radius': [YES_NO, ''],
    },
    computed: '',
    newer: 'ddos-cookie-threshold',
  },
};
