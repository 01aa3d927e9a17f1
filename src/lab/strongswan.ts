// strongSwan's charon with its ESP in user space (kernel-libipsec) at both sites: IKEv2, PSK, one
// child. libipsec pretends a NAT, so its ESP always travels in UDP. west calls.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findCommand,
  type Ground,
  type Peer,
  type Proposal,
  versionOf,
  withPrivateRun,
} from './peer.js';
import { eventually, isRunning, spawnLogged } from './processes.js';
import type { Site } from './sites.js';

const CHARON = '/usr/lib/ipsec/charon';
const PLUGINS = '/usr/lib/ipsec/plugins';
/** A file that shows the package is there, and Debian's package. */
const NEEDED = [
  [CHARON, 'strongswan-charon'],
  ['/usr/sbin/swanctl', 'strongswan-swanctl'],
  [`${PLUGINS}/libstrongswan-kernel-libipsec.so`, 'libcharon-extra-plugins'],
  [`${PLUGINS}/libstrongswan-chapoly.so`, 'libstrongswan-extra-plugins'],
  [`${PLUGINS}/libstrongswan-openssl.so`, 'libstrongswan-standard-plugins'],
] as const;
/** kernel-libipsec stands before kernel-netlink: the first one offered takes the SAs. */
const LOAD = [
  'random nonce openssl pem pkcs8 x509 pubkey constraints',
  'aes sha1 sha2 hmac kdf gcm chapoly curve25519',
  'kernel-libipsec kernel-netlink vici socket-default',
].join(' ');
const ESP: Readonly<Record<string, string>> = {
  chacha20poly1305: 'chacha20poly1305',
  'aes-128-gcm': 'aes128gcm128',
  'aes-256-gcm': 'aes256gcm128',
  'aes-128-cbc': 'aes128',
  'aes-256-cbc': 'aes256',
};

export const strongswan: Peer = {
  name: 'strongswan',
  version: () => {
    const swanctl = findCommand('swanctl') ?? 'swanctl';
    const number = versionOf(swanctl, ['--version'], /\d+\.\d+\.\d+\S*/);
    return `strongSwan ${number}, ESP in user space (kernel-libipsec)`;
  },
  missing: () => {
    const packages = NEEDED.filter(([file]) => !existsSync(file)).map(([, name]) => name);
    if (packages.length === 0) return undefined;
    return `apt-get install --no-install-recommends ${packages.join(' ')}`;
  },
  carries: ({ enc }) => enc in ESP,
  start,
};

async function start(ground: Ground, proposal: Proposal): Promise<ChildProcess[]> {
  const { west, east } = ground;
  const gateways = [await startCharon(east, ground), await startCharon(west, ground)];
  configure(east, west, ground, proposal);
  configure(west, east, ground, proposal);
  const { status, output } = swanctl(west, ground, '--initiate', '--child', 'net');
  if (status !== 0) throw new Error(`strongSwan did not bring the tunnel up: ${output}`);
  return gateways;
}

type Folder = Pick<Ground, 'directory' | 'log'>;

export interface Responder extends Folder {
  /** A secret of all, or PEM files: its own certificate and key, and the CA of the clients'. */
  readonly proof:
    | { readonly secret: string }
    | { readonly keys: Readonly<Record<'certificate' | 'key' | 'ca', string>> };
  readonly dpdSeconds: number;
}

/** A charon that waits for clients at `from`, each with an address of its network. */
export async function startResponder(
  site: Site,
  from: Site,
  responder: Responder,
): Promise<ChildProcess> {
  // Its limits for strangers are off: all clients come from one address.
  const charon = await startCharon(site, responder, 'dos_protection = no');
  const { proof } = responder;
  if ('keys' in proof) copyKeys(site, responder, proof.keys);
  const [auth, own] = 'keys' in proof ? ['pubkey', 'certs = gateway.pem'] : ['psk', ''];
  load(
    site,
    responder,
    `connections { gw {
    version = 2
    local_addrs = ${site.outer}
    remote_addrs = ${from.outer}
    proposals = aes128gcm128-prfsha256-curve25519
    dpd_delay = ${responder.dpdSeconds}s
    local { auth = ${auth}
      ${own}
      id = gateway.example }
    remote { auth = ${auth}
      id = %any }
    children { net {
      local_ts = ${site.network}
      remote_ts = ${from.network}
      esp_proposals = aes128gcm128 } } } }
${'secret' in proof ? `secrets { ike-1 { secret = "${proof.secret}" } }` : ''}
`,
  );
  return charon;
}

function copyKeys(
  site: Site,
  responder: Responder,
  { certificate, key, ca }: Readonly<Record<'certificate' | 'key' | 'ca', string>>,
): void {
  const into = (kind: string): string =>
    join(folderOf(site, responder), 'swanctl', kind, 'gateway.pem');
  for (const [file, kind] of [
    [certificate, 'x509'],
    [key, 'private'],
    [ca, 'x509ca'],
  ] as const) {
    copyFileSync(file, into(kind));
  }
}

const folderOf = (site: Site, { directory }: Folder): string => join(directory, site.name);

async function startCharon(site: Site, ground: Folder, more = ''): Promise<ChildProcess> {
  const folder = folderOf(site, ground);
  for (const kind of ['x509', 'x509ca', 'private', 'conf.d']) {
    mkdirSync(join(folder, 'swanctl', kind), { recursive: true });
  }
  writeFileSync(join(folder, 'strongswan.conf'), settings(folder, more));
  const argv = withPrivateRun(CHARON);
  const child = spawnLogged(site.gateway, argv, ground.log, environment(folder));
  await eventually('charon to answer', () => {
    if (!isRunning(child)) throw new Error('charon did not start');
    return swanctl(site, ground, '--stats').status === 0;
  });
  return child;
}

const environment = (folder: string) => ({
  STRONGSWAN_CONF: join(folder, 'strongswan.conf'),
  SWANCTL_DIR: join(folder, 'swanctl'),
});

/** It talks over a Unix socket, so it need not stand in the namespace. */
function swanctl(site: Site, ground: Folder, verb: string, ...args: string[]) {
  const folder = folderOf(site, ground);
  const uri = `unix://${join(folder, 'charon.vici')}`;
  const { status, stdout, stderr } = spawnSync(
    findCommand('swanctl') ?? 'swanctl',
    [verb, '--uri', uri, ...args],
    { encoding: 'utf8', env: { ...process.env, ...environment(folder) } },
  );
  return { status, output: `${stdout}${stderr}` };
}

/** Its routes stand in a table of their own; the mark keeps its own packets out of that. */
const settings = (folder: string, more: string): string => `charon {
  ${more}
  load_modular = no
  load = ${LOAD}
  routing_table = 220
  plugins {
    vici { socket = unix://${folder}/charon.vici }
    kernel-netlink { fwmark = !0x42 }
    socket-default { fwmark = 0x42 }
    kernel-libipsec { allow_peer_ts = yes }
  }
}
swanctl { load = random openssl pem pkcs8 x509 }
`;

function configure(site: Site, remote: Site, ground: Ground, { enc, auth }: Proposal): void {
  const esp = auth === undefined ? ESP[enc] : `${ESP[enc]}-${auth}`;
  load(
    site,
    ground,
    `connections { gw {
    version = 2
    local_addrs = ${site.outer}
    remote_addrs = ${remote.outer}
    proposals = aes128gcm128-prfsha256-curve25519
    local { auth = psk }
    remote { auth = psk }
    children { net {
      local_ts = ${site.network}
      remote_ts = ${remote.network}
      esp_proposals = ${esp} } } } }
secrets { ike-1 { secret = "lab-secret-that-is-long-enough" } }
`,
  );
}

function load(site: Site, ground: Folder, text: string): void {
  const file = join(folderOf(site, ground), 'swanctl', 'swanctl.conf');
  writeFileSync(file, text, { mode: 0o600 });
  const { status, output } = swanctl(site, ground, '--load-all', '--noprompt', '--file', file);
  if (status !== 0) throw new Error(`swanctl --load-all: ${output}`);
}
