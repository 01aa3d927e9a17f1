// RouterOS's names for menus, properties and values, of all its ages, as ours.

/** RouterOS's path → our menu. */
export const MENU_OF: Readonly<Record<string, string>> = {
  'ip ipsec policy': 'policy',
  'ip ipsec policy group': 'group',
  'ip ipsec proposal': 'proposal',
  'ip ipsec peer': 'peer',
  // 6.43 alone.
  'ip ipsec peer profile': 'profile',
  'ip ipsec profile': 'profile',
  'ip ipsec identity': 'identity',
  'ip ipsec mode-config': 'mode-config',
  // Up to 6.39.
  'ip ipsec mode-cfg': 'mode-config',
  'ip ipsec key': 'key',
  'ip ipsec key rsa': 'key',
  'ip ipsec key psk': 'key-psk',
  'ip ipsec settings': 'settings',
  'ip ipsec user': 'user',
  'ip ipsec user settings': 'settings',
  'ip pool': 'pool',
  radius: 'radius',
  'radius incoming': 'radius-incoming',
  'ip firewall address-list': 'address-list',
};

/** Our menu → the path RouterOS 7 has for it. */
export const PATH_OF: Readonly<Record<string, string>> = {
  'mode-config': 'ip ipsec mode-config',
  group: 'ip ipsec policy group',
  profile: 'ip ipsec profile',
  peer: 'ip ipsec peer',
  proposal: 'ip ipsec proposal',
  identity: 'ip ipsec identity',
  policy: 'ip ipsec policy',
  settings: 'ip ipsec settings',
  'key-psk': 'ip ipsec key psk',
  user: 'ip ipsec user',
  pool: 'ip pool',
  radius: 'radius',
  'radius-incoming': 'radius incoming',
  'address-list': 'ip firewall address-list',
};

/** Menus whose commands make IPsec peers behind the back of /ip ipsec. */
export const MAKES_PEERS: readonly string[] = ['use-ipsec', 'ipsec-secret'];

/** Names of older RouterOS. */
export const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  peer: { 'policy-group': 'policy-template-group', 'mode-cfg': 'mode-config' },
  identity: { 'policy-group': 'policy-template-group', 'mode-cfg': 'mode-config' },
  'mode-config': { 'send-dns': 'system-dns' },
};

/** Up to RouterOS 6.42 a peer held its profile … */
export const OF_PROFILE: readonly string[] = [
  'dh-group',
  'enc-algorithm',
  'hash-algorithm',
  'lifetime',
  'lifebytes',
  'nat-traversal',
  'dpd-interval',
  'dpd-maximum-failures',
  'proposal-check',
];
/** … and up to 6.43 its identity. */
export const OF_IDENTITY: readonly string[] = [
  'auth-method',
  'secret',
  'certificate',
  'remote-certificate',
  'key',
  'remote-key',
  'my-id',
  'remote-id',
  'match-by',
  'eap-methods',
  'username',
  'password',
  'generate-policy',
  'policy-template-group',
  'mode-config',
  'notrack-chain',
];

/** What RouterOS gave up, and why nothing is lost. */
export const GONE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  policy: { priority: 'the order of the policies decides (RouterOS 6.40 and later)' },
  peer: { 'compatibility-options': 'there is nothing here that it would change' },
};

/** Values of older RouterOS: menu, property, old, new. */
export const OLD_VALUES: readonly (readonly [string, string, string, string])[] = [
  ['peer', 'exchange-mode', 'main-l2tp', 'main'],
  ['identity', 'auth-method', 'rsa-signature', 'digital-signature'],
  ['identity', 'generate-policy', 'yes', 'port-override'],
  ['proposal', 'enc-algorithms', 'aes-128', 'aes-128-cbc'],
  ['proposal', 'enc-algorithms', 'aes-192', 'aes-192-cbc'],
  ['proposal', 'enc-algorithms', 'aes-256', 'aes-256-cbc'],
  ['proposal', 'enc-algorithms', 'aes-128gcm', 'aes-128-gcm'],
];

/** Properties that name an entry. Here a name has no spaces, commas or quotes; RouterOS's may. */
export const NAMES: readonly string[] = [
  'name',
  'list',
  'peer',
  'profile',
  'proposal',
  'group',
  'policy-template-group',
  'mode-config',
  'address-pool',
  'next-pool',
  'certificate',
  'remote-certificate',
  'key',
  'remote-key',
  'src-address-list',
  'notrack-chain',
];

const KEY_SIZES = ['128', '192', '256'];
const CAMELLIA = KEY_SIZES.map((bits) => `camellia-${bits}`);
const GROUPS =
  'ecp256 ecp384 ecp521 ec2n155 ec2n185 modp768 modp1024 modp1536 modp2048 modp3072 modp4096 ' +
  'modp6144 modp8192';

/** The algorithms RouterOS takes; ours are more. */
export const KNOWN_WORDS: Readonly<Record<string, readonly string[]>> = {
  'profile.enc-algorithm': [
    ...KEY_SIZES.map((bits) => `aes-${bits}`),
    ...CAMELLIA,
    '3des',
    'des',
    'blowfish',
  ],
  'profile.hash-algorithm': ['md5', 'sha1', 'sha256', 'sha384', 'sha512'],
  'profile.dh-group': ['x25519', ...GROUPS.split(' ')],
  'proposal.enc-algorithms': [
    'chacha20poly1305',
    ...KEY_SIZES.flatMap((bits) => ['cbc', 'ctr', 'gcm'].map((mode) => `aes-${bits}-${mode}`)),
    ...CAMELLIA,
    '3des',
    'blowfish',
    'twofish',
    'des',
    'null',
  ],
  'proposal.auth-algorithms': ['sha512', 'sha256', 'sha1', 'md5', 'null'],
  'proposal.pfs-group': ['none', ...GROUPS.split(' ')],
};
