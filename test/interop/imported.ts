// RouterOS exports and strongSwan as what was at the other end: for every export whose protocol exists,
// which addresses of it become those of the laboratory, what an engineer still does after the import, and
// how charon is set up. Everything else stays as the router wrote it, secrets with their escapes among it.
import type { Family } from './traffic.js';
import { RADIUS_SECRET } from './freeradius.js';
import { type Connection, connectionSettings } from './strongswan.js';
import { OUTER6 } from './topology.js';

export interface Case {
  readonly name: string;
  /** In the export, in this order: as the router had it, as it is here. */
  readonly replaced: readonly (readonly [string, string])[];
  /** What is done to the file after the import, a command of culvert each. */
  readonly commands?: readonly (readonly string[])[];
  /** And on the host itself, by a shell. */
  readonly onHost?: string;
  /** Of charon. */
  readonly settings: string;
  /** What charon calls; culvert calls it all where this is empty. */
  readonly calls: readonly string[];
  /** Policies that must be in force with an SA, dynamic ones among them. */
  readonly policies: number;
  /** Whether one protected host reaches the other. */
  readonly carries?: Family;
  /** What our pools give: by the identity of who called. */
  readonly given?: Readonly<Record<string, string>>;
}

const hex = (text: string): string => `0x${Buffer.from(text).toString('hex')}`;
const V4 = { localAddress: '192.0.2.2', remoteAddress: '192.0.2.1' };
/** libipsec does ESP in UDP only. */
const INSIDE_UDP = ['nat-traversal=no', 'nat-traversal=yes'] as const;
const TRUST = ['certificate', 'import', 'file-name=PKI/ca.pem', 'name=ca', 'trusted=yes'];

/** Site to site: we call, and charon asks for the children that we did not. */
const site = (connection: Omit<Connection, 'dpdSeconds'>): Pick<Case, 'settings' | 'calls'> => ({
  settings: connectionSettings(connection),
  calls: connection.children.map(({ name }) => name),
});

/** A connection of charon with users: `auth` is what each side proves itself by. */
const road = (name: string, local: string, remote: string, more: string, child: string): string =>
  `${name} {
    version = 2
    local_addrs = 192.0.2.2
    unique = no
    ${more}
    local { ${local} }
    remote { ${remote} }
    children { ${name} {
      ${child} } } }`;

const CALLER = 'remote_addrs = 192.0.2.1\n vips = 0.0.0.0\n send_cert = always';
const POOL = 'pools { rw { addrs = 10.66.0.0/24\n dns = 192.0.2.53 } }';

export const CASES: readonly Case[] = [
  {
    name: 'v6.43-profile-of-peer',
    replaced: [
      // The third policy names the address of no peer: an import says so, and an engineer corrects it.
      ['sa-dst-address=198.51.100.99', 'sa-dst-address=198.51.100.8'],
      ['198.51.100.7', '192.0.2.2'],
      ['10.7.0.0/24', '198.19.0.0/16'],
      ['10.0.0.0/24', '198.18.0.0/16'],
    ],
    ...site({
      ...V4,
      localId: '192.0.2.2',
      remoteId: '192.0.2.1',
      secret: '0x6f1d8e0a5b7c42d39a1e4f608b2c7d5e',
      proposals: 'aes256-sha512-modp4096',
      espProposals: 'aes256-sha1-modp1024',
      children: [{ name: 'berlin', localTs: '198.19.0.0/16', remoteTs: '198.18.0.0/16' }],
    }),
    policies: 1,
    carries: 'v4',
  },
  {
    name: 'v6.48-multiple-subnets',
    replaced: [
      INSIDE_UDP,
      ['192.0.2.20', '192.0.2.2'],
      ['192.0.2.10', '192.0.2.1'],
      ['192.168.10.5/24', '198.18.0.5/24'],
      ['192.168.10.', '198.18.0.'],
      ['192.168.11.', '198.18.11.'],
      ['192.168.20.', '198.19.0.'],
      ['192.168.21.', '198.19.21.'],
    ],
    ...site({
      ...V4,
      localId: '192.0.2.2',
      remoteId: '192.0.2.1',
      secret: hex('k$8 \\ q?;x and long enough'),
      proposals: 'aes256-sha256-ecp256',
      espProposals: 'aes256-sha256-ecp256',
      children: [
        { name: 'office', localTs: '198.19.0.0/24', remoteTs: '198.18.0.0/24' },
        { name: 'printers', localTs: '198.19.21.0/24', remoteTs: '198.18.0.0/24' },
        { name: 'cellar', localTs: '198.19.0.0/24', remoteTs: '198.18.11.0/24' },
      ],
    }),
    policies: 3,
    carries: 'v4',
  },
  {
    // Road warriors by certificate: one by our CA, and one whose very certificate is named.
    name: 'v7.6-road-warrior-certificates',
    // A pool of one address, so that the next one has to serve.
    replaced: [
      ['10.5.8.0/24,10.5.9.0/24', '198.18.0.0/24,198.18.9.0/24'],
      ['10.77.0.10-10.77.0.99', '10.77.0.10'],
    ],
    commands: [TRUST],
    settings: `connections {
      ${road(
        'anna',
        'auth = pubkey\n certs = anna.pem\n id = anna@example.org',
        'auth = pubkey\n id = gw.example',
        `${CALLER}\n proposals = aes256-sha256-ecp256`,
        'remote_ts = 0.0.0.0/0\n esp_proposals = aes256-sha512',
      )}
      ${road(
        'boss',
        'auth = pubkey\n certs = boss.pem\n id = boss.example',
        'auth = pubkey\n id = gw.example',
        `${CALLER}\n proposals = aes128-sha256-modp2048`,
        'remote_ts = 0.0.0.0/0\n esp_proposals = aes128gcm128',
      )}
      ${road(
        'carl',
        'auth = pubkey\n certs = carl.pem\n id = carl@example.org',
        'auth = pubkey\n id = gw.example',
        `${CALLER}\n proposals = aes256-sha256-ecp256`,
        'remote_ts = 0.0.0.0/0\n esp_proposals = aes256gcm128',
      )} }`,
    calls: ['anna', 'boss', 'carl'],
    policies: 3,
    given: {
      'user-fqdn:anna@example.org': '10.77.0.10',
      'fqdn:boss.example': '10.77.0.9',
      'user-fqdn:carl@example.org': '10.77.1.0',
    },
  },
  {
    // The other side of it: we are the laptop.
    name: 'v7.10-certificate-client',
    replaced: [['203.0.113.5', '192.0.2.2']],
    commands: [TRUST],
    settings: `connections { ${road(
      'office',
      'auth = pubkey\n certs = office.pem\n id = vpn.office.example',
      'auth = pubkey\n id = eva@office.example',
      'proposals = aes256-sha256-ecp256\n pools = rw\n send_cert = always',
      'local_ts = 198.19.0.0/16\n esp_proposals = aes256-sha256',
    )} }\n${POOL}`,
    calls: [],
    policies: 1,
  },
  {
    // A provider's client, who translates the networks behind it.
    name: 'v7.12-split-tunnel-client',
    replaced: [
      ['gw.vpn-provider.example', '192.0.2.2'],
      ['192.168.88.0/24', '198.18.0.0/16'],
    ],
    commands: [TRUST, ['mode-config', 'set', 'provider', 'resolv-conf=PKI/resolv.conf']],
    // The mangle rule of the router, as the note of the import says it.
    onHost: `nft add table ip mangle
      nft 'add chain ip mangle pre { type filter hook prerouting priority mangle; }'
      nft add rule ip mangle pre ip daddr 198.19.0.0/16 ct mark set 1`,
    settings: `connections { ${road(
      'provider',
      'auth = pubkey\n certs = office.pem\n id = vpn.office.example',
      'auth = eap-mschapv2\n eap_id = %any',
      'proposals = aes128-sha1-modp2048\n pools = rw\n send_cert = always',
      'local_ts = 0.0.0.0/0\n esp_proposals = aes256-sha1',
    )} }\n${POOL}
    secrets { eap-user { id = user@example.com\n secret = my-pass } }`,
    calls: [],
    policies: 1,
    carries: 'v4',
  },
  {
    // What an export of RouterOS 7 hides is written in; all algorithms are RouterOS's defaults.
    name: 'v7.14-hidden-secrets',
    replaced: [
      ['add peer=hub\n', 'add peer=hub secret="shown with show-sensitive"\n'],
      ['192.0.2.77', '192.0.2.2'],
      ['10.1.0.0/16', '198.19.0.0/16'],
      ['10.2.0.0/16', '198.18.0.0/16'],
    ],
    ...site({
      ...V4,
      localId: '192.0.2.2',
      remoteId: '192.0.2.1',
      secret: 'shown with show-sensitive',
      proposals: 'aes128-sha1-modp1024',
      espProposals: 'aes256-sha1-modp1024',
      children: [{ name: 'hub', localTs: '198.19.0.0/16', remoteTs: '198.18.0.0/16' }],
    }),
    policies: 1,
    carries: 'v4',
  },
  {
    // GRE between the two routers themselves; what runs inside it is no matter to IPsec.
    name: 'v7.16-gre-over-ipsec',
    replaced: [],
    ...site({
      ...V4,
      localId: '"@#7269676874"',
      remoteId: '"@#6c656674"',
      secret: '0x00112233445566778899aabbccddeeff',
      proposals: 'aes256-sha384-x25519',
      espProposals: 'aes128gcm128',
      children: [{ name: 'gre', localTs: '192.0.2.2/32[47]', remoteTs: '192.0.2.1/32[47]' }],
    }),
    policies: 1,
  },
  {
    name: 'v7.18-one-line-ipv6',
    replaced: [
      ['2001:db8:0:b::1', OUTER6.sun],
      ['2001:db8:a::/48', '2001:db8:a::/64'],
      ['2001:db8:b::/48', '2001:db8:b::/64'],
    ],
    ...site({
      localAddress: OUTER6.sun,
      remoteAddress: OUTER6.moon,
      localId: OUTER6.sun,
      remoteId: 'ops@a.example',
      secret: hex('a secret that is long'),
      proposals: 'aes256-sha512-ecp521',
      espProposals: 'aes256-sha512-ecp521',
      children: [{ name: 'six', localTs: '2001:db8:b::/64', remoteTs: '2001:db8:a::/64' }],
    }),
    policies: 1,
    carries: 'v6',
  },
  {
    // Users of a RADIUS server.
    name: 'v7.20-eap-radius',
    replaced: [
      ['10.0.0.5 secret=radius-secret', `198.18.0.10 secret="${RADIUS_SECRET}"`],
      ['certificate=letsencrypt', 'certificate=server'],
    ],
    settings: `connections { ${road(
      'carol',
      'auth = eap-mschapv2\n id = carol@example.org\n eap_id = carol',
      'auth = pubkey\n id = gw.example',
      `${CALLER}\n proposals = aes256-sha256-modp2048`,
      'remote_ts = 198.18.0.0/16\n esp_proposals = aes256-sha256',
    )} }
    secrets { eap-carol { id = carol\n secret = Ar3etTnp } }`,
    calls: ['carol'],
    policies: 1,
    given: { carol: '10.60.0.2' },
  },
];
