// strongSwan's charon as a peer, in a namespace: with its ESP in user space (kernel-libipsec). Each
// gets a private /run (the pid file's path is compiled in), its own settings and vici socket.
//   start → load(connection) → initiate / listSas / rekey / terminate → stop | kill
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { background, eventually, type Finished, isRunning, run, stop } from './command.js';

export interface Child {
  readonly name: string;
  readonly localTs: string;
  readonly remoteTs: string;
  readonly mode?: 'tunnel' | 'transport';
  /** Instead of the connection's ESP proposals. */
  readonly ahProposals?: string;
  /** Seconds; undefined: not within a test. */
  readonly rekeySeconds?: number | undefined;
  /** Pads what is inside ESP to so many bytes (RFC 4303 §2.7). */
  readonly tfcPadding?: number | undefined;
}

export interface Connection {
  readonly localAddress: string;
  /** `%any` for a peer whose address a NAT decides. */
  readonly remoteAddress: string;
  readonly localId: string;
  readonly remoteId: string;
  readonly secret: string;
  /** The secret is for everybody, whoever they say they are. */
  readonly secretForAll?: boolean;
  /** strongSwan's spelling, e.g. `aes128-sha256-modp2048` and `aes128gcm128-modp2048`. */
  readonly proposals: string;
  readonly espProposals: string;
  readonly children: readonly Child[];
  readonly rekeySeconds?: number | undefined;
  readonly dpdSeconds?: number | undefined;
  /** How long each side takes the other for who it is. */
  readonly reauthSeconds?: number;
  /** Off unless said: with it charon speaks by port 4500 and tells all its addresses. */
  readonly mobike?: boolean;
  /** Whether IKE_AUTH goes without a child (RFC 6023). */
  readonly childless?: 'allow' | 'prefer' | 'force' | 'never';
}

export interface ChildState {
  readonly name: string;
  readonly id: number;
  readonly state: string;
  readonly algorithms: string;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface IkeState {
  readonly id: number;
  readonly state: string;
  readonly line: string;
  readonly children: readonly ChildState[];
}

export interface Strongswan {
  load(connection: Connection): Promise<void>;
  /** Connections and secrets in its own notation, and whatever stands in its folders. */
  loadText(text: string): Promise<void>;
  /** Other further settings for the charon that runs. */
  reconfigure(settings: string): Promise<void>;
  initiate(child: string): Promise<Finished>;
  /** `--ike gw`, `--child net4`, …; `--force`: the peer is gone, its answer is not waited for. */
  terminate(...what: string[]): Promise<Finished>;
  rekey(...what: string[]): Promise<Finished>;
  /** Sends the peers of what is named to another gateway. */
  redirect(gateway: string, ...what: string[]): Promise<Finished>;
  listSas(): Promise<readonly IkeState[]>;
  log(): string;
  /** Until the log has it; the text is a regular expression. */
  logged(pattern: RegExp): Promise<void>;
  stop(): Promise<void>;
  /** As a power cut would: no DELETE, nothing. */
  kill(): Promise<void>;
}

/** kernel-libipsec stands before kernel-netlink: the first one offered takes the SAs. */
const USERSPACE_ESP = 'kernel-libipsec kernel-netlink';
const CRYPTO =
  'random nonce openssl aes sha1 sha2 md5 hmac kdf gcm chapoly curve25519 gmp pem pkcs1 pkcs8 x509 pubkey';
/** What libipsec encrypts with beyond that: counter mode, CCM; DES, Blowfish, Twofish of libgcrypt. */
const MORE_CRYPTO = 'ctr ccm gcrypt';
const SERVICES = 'vici socket-default';
const CHARON = '/usr/lib/ipsec/charon';

/** libipsec's routes stand in table 220; the mark keeps charon's own packets out of it. */
const MARKS = `kernel-netlink { fwmark = !0x42 }
    socket-default { fwmark = 0x42 }
    kernel-libipsec { allow_peer_ts = yes }`;

export function charonSettings(
  folder: string,
  esp: 'libipsec' | 'kernel',
  logTo: string,
  more = '',
  plugins = '',
): string {
  const kernel = esp === 'libipsec' ? `${MORE_CRYPTO} ${USERSPACE_ESP}` : 'kernel-netlink';
  return `charon {
  load_modular = no
  load = ${CRYPTO} ${plugins} ${kernel} ${SERVICES}
  accept_private_algs = yes
  install_routes = ${esp === 'libipsec' ? 'yes' : 'no'}
  routing_table = 220
  retransmit_timeout = 1.0
  retransmit_tries = 3
  ${more}
  filelog { log { path = ${logTo}
    default = 1
    ike = 2
    cfg = 2
    flush_line = yes
    time_format = %T } }
  plugins {
    vici { socket = unix://${folder}/charon.vici }
    ${esp === 'libipsec' ? MARKS : ''}
  }
}
swanctl { load = random openssl pem pkcs1 x509 }
`;
}

/** Never 0 for a lifetime under test; strongSwan's own margins are switched off with rand_time. */
const rekeying = (seconds: number | undefined): string =>
  seconds === undefined ? 'rekey_time = 4h' : `rekey_time = ${seconds}s\n rand_time = 0s`;

export function connectionSettings(c: Connection): string {
  const children = c.children.map(
    (child) => `${child.name} {
      local_ts = ${child.localTs}
      remote_ts = ${child.remoteTs}
      ${child.ahProposals ? `ah_proposals = ${child.ahProposals}` : `esp_proposals = ${c.espProposals}`}
      mode = ${child.mode ?? 'tunnel'}
      start_action = none
      tfc_padding = ${child.tfcPadding ?? 0}
      ${rekeying(child.rekeySeconds)} }`,
  );
  return `connections { gw {
    version = 2
    mobike = ${c.mobike ? 'yes' : 'no'}
    local_addrs = ${c.localAddress}
    remote_addrs = ${c.remoteAddress}
    proposals = ${c.proposals}
    childless = ${c.childless ?? 'allow'}
    dpd_delay = ${c.dpdSeconds ?? 0}s
    ${c.reauthSeconds === undefined ? '' : `reauth_time = ${c.reauthSeconds}s\n rand_time = 0s\n over_time = 30s`}
    ${rekeying(c.rekeySeconds)}
    local { auth = psk
      id = ${c.localId} }
    remote { auth = psk
      id = ${c.remoteId} }
    children { ${children.join('\n')} } } }
secrets { ike-1 { secret = ${c.secret.startsWith('0x') ? c.secret : `"${c.secret}"`}
  ${c.secretForAll ? '' : `id-1 = ${c.localId}\n id-2 = ${c.remoteId}`} } }
`;
}

/** `more`: further settings of charon; `plugins`: further ones to load. */
export async function startStrongswan(
  namespace: string,
  folder: string,
  more = '',
  plugins = '',
): Promise<Strongswan> {
  const logPath = join(folder, 'charon.log');
  const vici = join(folder, 'charon.vici');
  rmSync(vici, { force: true });
  const environment = {
    STRONGSWAN_CONF: join(folder, 'strongswan.conf'),
    SWANCTL_DIR: join(folder, 'swanctl'),
  };
  for (const kind of ['x509', 'x509ca', 'private', 'conf.d']) {
    mkdirSync(join(folder, 'swanctl', kind), { recursive: true });
  }
  const settings = charonSettings(folder, 'libipsec', logPath, more, plugins);
  writeFileSync(environment.STRONGSWAN_CONF, settings);
  const begin = `mount -t tmpfs none /run; mkdir -p /run/lock; exec ${CHARON}`;
  const argv = ['unshare', '-m', 'sh', '-ec', begin];
  const child = background(namespace, argv, join(folder, 'charon.out'), environment);
  const log = (): string => readOr(logPath) + readOr(join(folder, 'charon.out'));

  // swanctl talks over the vici socket, so it need not stand in the namespace; its settings matter.
  const swanctl = (verb: string, ...args: string[]): Promise<Finished> =>
    run(undefined, [
      'env',
      ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      'swanctl',
      verb,
      '--uri',
      `unix://${vici}`,
      ...args,
    ]);
  await eventually(
    'charon to answer',
    async () => !isRunning(child) || (await swanctl('--stats')).status === 0,
    undefined,
    log,
  );
  if (!isRunning(child)) throw new Error(`charon did not start:\n${log()}`);
  const loadText = async (text: string): Promise<void> => {
    const file = join(folder, 'swanctl', 'swanctl.conf');
    writeFileSync(file, text);
    const { status, output } = await swanctl('--load-all', '--noprompt', '--file', file);
    if (status !== 0) throw new Error(`swanctl --load-all: ${output}`);
  };
  const listSas = async () => parseSas((await swanctl('--list-sas')).output);

  return {
    load: (connection) => loadText(connectionSettings(connection)),
    loadText,
    reconfigure: async (settings) => {
      const written = charonSettings(folder, 'libipsec', logPath, settings, plugins);
      writeFileSync(environment.STRONGSWAN_CONF, written);
      const { status, output } = await swanctl('--reload-settings');
      if (status !== 0) throw new Error(`swanctl --reload-settings: ${output}`);
    },
    initiate: (name) => swanctl('--initiate', '--child', name, '--timeout', '20'),
    terminate: (...what) =>
      swanctl('--terminate', '--timeout', what.includes('--force') ? '1' : '20', ...what),
    rekey: (...what) => swanctl('--rekey', ...what),
    redirect: (gateway, ...what) => swanctl('--redirect', '--gateway', gateway, ...what),
    listSas,
    log,
    logged: async (pattern) =>
      void (await eventually(
        `charon's log to have ${pattern}`,
        () => pattern.test(log()),
        30,
        log,
      )),
    stop: () => stop(child, 'SIGTERM', 'charon'),
    kill: () => stop(child, 'SIGKILL', 'charon'),
  };
}

export function readOr(path: string, otherwise = ''): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

/** Reads `swanctl --list-sas`: an IKE_SA starts at column 0, a CHILD_SA at column 2. */
export function parseSas(text: string): IkeState[] {
  const blocks = text.split(/^(?=\S+: #\d+, )/m).filter((block) => /^\S+: #/.test(block));
  return blocks.map((block) => {
    const [head = ''] = block.split('\n');
    const [, id, state] = /^\S+: #(\d+), (\w+)/.exec(head) ?? [];
    const children = block.split(/^ {2}(?=\S+: #\d+, reqid)/m).slice(1);
    return { id: Number(id), state: state ?? '', line: head, children: children.map(parseChild) };
  });
}

function parseChild(text: string): ChildState {
  const [, name = '', id, state = '', algorithms = ''] =
    /^(\S+): #(\d+), reqid \d+, (\w+), [^,]+, (ESP:\S+)/.exec(text) ?? [];
  const count = (way: string, what: string): number =>
    Number(new RegExp(`^ +${way} .*?(\\d+) ${what}`, 'm').exec(text)?.[1] ?? 0);
  return {
    name,
    id: Number(id),
    state,
    algorithms,
    packetsIn: count('in', 'packets'),
    packetsOut: count('out', 'packets'),
    bytesIn: count('in', 'bytes'),
    bytesOut: count('out', 'bytes'),
  };
}
