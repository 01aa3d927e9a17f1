// A Linux kernel with ESP of its own as sun: Debian's user-mode-linux boots a 6.1 kernel as an
// ordinary process over this machine's files, on sun's two interfaces. Inside runs a shell that
// takes scripts from a folder one by one; strongSwan's charon does IKE there, the kernel does ESP.
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { background, eventually, type Finished, isRunning, stop } from './command.js';
import {
  type Connection,
  charonSettings,
  connectionSettings,
  type IkeState,
  parseSas,
  readOr,
} from './strongswan.js';
import type { Topology } from './topology.js';

export interface KernelPeer {
  /** Runs a shell script inside; standard output and error in one text. */
  inside(script: string): Promise<Finished>;
  /** Starts charon with the kernel's ESP and loads the connection. */
  startCharon(connection: Connection): Promise<void>;
  /** Gives charon, which runs, this connection in place of the one it has. */
  load(connection: Connection): Promise<void>;
  swanctl(...args: string[]): Promise<Finished>;
  listSas(): Promise<readonly IkeState[]>;
  log(): string;
  /** Powers off. */
  stop(): Promise<void>;
}

/** Booting and each command inside take long on a slow machine. */
const BOOT_SECONDS = 120;

/** On `/var/tmp`, since /tmp and /run are private inside; a command is seen once it is whole. */
const initScript = (folder: string): string => `#!/bin/bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys
mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /tmp; mkdir -p /run/lock
mkdir -p /run/mods/lib/modules
ln -s /usr/lib/uml/modules/$(uname -r) /run/mods/lib/modules/$(uname -r)
printf '#!/bin/sh\\nexec /sbin/modprobe -d /run/mods "$@"\\n' >/run/modprobe
chmod +x /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
for m in af_packet xfrm_user esp4 esp6 ah4 ah6 xfrm4_tunnel tun drbg; do /run/modprobe -q $m; done
ip link set lo up; ip link set vec0 up; ip link set vec1 up
ip addr add 192.0.2.2/24 dev vec0; ip addr add 198.19.0.1/16 dev vec1
ip addr add 2001:db8:ff::2/64 dev vec0 nodad; ip addr add 2001:db8:b::1/64 dev vec1 nodad
ip route add default via 192.0.2.1; ip route add default via 2001:db8:ff::1
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
echo booted >${folder}/booted
n=1
while :; do
  if [ -e ${folder}/command-$n ]; then
    bash ${folder}/command-$n >${folder}/output-$n 2>&1 </dev/null
    echo $? >${folder}/status-$n
    n=$((n + 1))
  else sleep 0.1; fi
done
`;

export async function startKernelPeer(topology: Topology): Promise<KernelPeer> {
  const folder = join(topology.folder, 'kernel');
  mkdirSync(join(folder, 'swanctl', 'x509'), { recursive: true });
  const init = join(folder, 'init');
  const console = join(folder, 'console');
  writeFileSync(init, initScript(folder));
  chmodSync(init, 0o755);
  const nic = (index: number, device: string): string =>
    `vec${index}:transport=raw,ifname=${device},depth=128`;
  const child = background(
    topology.namespace('sun'),
    [
      'linux.uml',
      'mem=384M',
      'rootfstype=hostfs',
      'rootflags=/',
      'rw',
      `init=${init}`,
      'con=null',
      'con0=null,fd:1',
      'quiet',
      'loglevel=3',
      nic(0, 'eth0'),
      nic(1, 'eth1'),
    ],
    console,
  );
  const log = (): string => `${readOr(console)}\n${readOr(join(folder, 'charon.out'))}`;
  const booted = () => !isRunning(child) || readOr(join(folder, 'booted')) !== '';
  await eventually('the kernel to boot', booted, BOOT_SECONDS, log);
  if (!isRunning(child)) throw new Error(`user-mode-linux did not boot:\n${log()}`);

  let number = 0;
  const inside = async (script: string): Promise<Finished> => {
    const n = ++number;
    writeFileSync(join(folder, `new-${n}`), script);
    renameSync(join(folder, `new-${n}`), join(folder, `command-${n}`));
    const status = () => readOr(join(folder, `status-${n}`)).trim();
    await eventually(`the kernel peer to run\n${script}`, status, BOOT_SECONDS, log);
    return { status: Number(status()), output: readOr(join(folder, `output-${n}`)) };
  };
  const environment = `export STRONGSWAN_CONF=${folder}/strongswan.conf SWANCTL_DIR=${folder}/swanctl`;
  // Unix sockets do not pass between the kernels: swanctl runs inside too.
  const swanctl = (...args: string[]): Promise<Finished> =>
    inside(`${environment}\nswanctl ${args.join(' ')} --uri unix:///run/charon.vici`);

  const file = join(folder, 'swanctl', 'swanctl.conf');
  const load = async (connection: Connection): Promise<Finished> => {
    writeFileSync(file, connectionSettings(connection));
    return swanctl('--load-all', '--noprompt', '--file', file);
  };

  return {
    inside,
    swanctl,
    log,
    load: async (connection) => {
      const { status, output } = await load(connection);
      if (status !== 0) throw new Error(`charon does not load the connection: ${output}`);
    },
    startCharon: async (connection) => {
      const settings = charonSettings('/run', 'kernel', '/dev/console');
      writeFileSync(join(folder, 'strongswan.conf'), settings);
      await inside(`${environment}\nsetsid /usr/lib/ipsec/charon >/run/charon.out 2>&1 &`);
      const loaded = async () => (await load(connection)).status === 0;
      await eventually('charon in the kernel peer to load', loaded, BOOT_SECONDS, log);
    },
    listSas: async () => parseSas((await swanctl('--list-sas')).output),
    stop: async () => {
      const n = ++number;
      writeFileSync(join(folder, `command-${n}`), 'echo o >/proc/sysrq-trigger');
      await eventually('the kernel peer to power off', () => !isRunning(child), BOOT_SECONDS, log);
      await stop(child, 'SIGKILL', 'user-mode-linux');
    },
  };
}
