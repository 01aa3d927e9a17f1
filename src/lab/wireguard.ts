// wireguard-go at both sites, configured over its own socket, so that wireguard-tools are not
// needed.
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { prefixOf } from '../net/addressing.js';
import { linkIndex, setLink } from '../net/links.js';
import { addRoute } from '../net/routes.js';
import { findCommand, type Ground, type Peer, versionOf, withPrivateRun } from './peer.js';
import { eventually, isRunning, spawnLogged } from './processes.js';
import { MAIN_TABLE, type Site } from './sites.js';

const DEVICE = 'wg0';
const PORT = 51820;
const MTU = 1420; // what wg-quick(8) sets on an Ethernet path

export const wireguardGo: Peer = {
  name: 'wireguard-go',
  version: () => `wireguard-go ${versionOf('wireguard-go', ['--version'], /v?\d+\.\d+\.\d+\S*/)}`,
  missing: () =>
    findCommand('wireguard-go')
      ? undefined
      : 'apt-get install --no-install-recommends wireguard-go',
  // It has one cipher suite and no other.
  carries: ({ enc }) => enc === 'chacha20poly1305',
  start: async (ground) => {
    const { west, east } = ground;
    const keys = [generateKeyPairSync('x25519'), generateKeyPairSync('x25519')] as const;
    const gateways = [await startOne(west, ground), await startOne(east, ground)];
    await configure(gateways[0]!, keys[0].privateKey, keys[1].publicKey, east);
    await configure(gateways[1]!, keys[1].privateKey, keys[0].publicKey, west);
    for (const [site, remote] of [
      [west, east],
      [east, west],
    ] as const) {
      site.gateway.configure((netlink) => {
        setLink(netlink, DEVICE, { mtu: MTU, up: true });
        for (const network of [remote.network, remote.network6]) {
          addRoute(netlink, {
            destination: prefixOf(network),
            table: MAIN_TABLE,
            type: 'unicast',
            interface: linkIndex(netlink, DEVICE),
          });
        }
      });
    }
    return gateways;
  },
};

/** Its socket, seen through the private /run of the process. */
const socketOf = (child: ChildProcess): string =>
  `/proc/${child.pid}/root/run/wireguard/${DEVICE}.sock`;

async function startOne(site: Site, ground: Ground): Promise<ChildProcess> {
  const argv = withPrivateRun(`wireguard-go --foreground ${DEVICE}`);
  const child = spawnLogged(site.gateway, argv, ground.log, { LOG_LEVEL: 'error' });
  await eventually('wireguard-go to answer', () => {
    if (!isRunning(child)) throw new Error('wireguard-go did not start');
    return existsSync(socketOf(child));
  });
  return child;
}

const hex = (key: KeyObject, part: 'd' | 'x'): string =>
  Buffer.from(key.export({ format: 'jwk' })[part]!, 'base64url').toString('hex');

/** The interface's set operation: lines of key=value, an empty line, then an errno comes back. */
function configure(
  child: ChildProcess,
  ours: KeyObject,
  theirs: KeyObject,
  remote: Site,
): Promise<void> {
  const lines = [
    'set=1',
    `private_key=${hex(ours, 'd')}`,
    `listen_port=${PORT}`,
    `public_key=${hex(theirs, 'x')}`,
    `endpoint=${remote.outer}:${PORT}`,
    `allowed_ip=${remote.network}`,
    `allowed_ip=${remote.network6}`,
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(socketOf(child), () => socket.write(`${lines.join('\n')}\n\n`));
    socket.setEncoding('utf8').on('error', reject);
    socket.on('data', (answer: string) => {
      socket.destroy();
      if (answer.includes('errno=0')) resolve();
      else reject(new Error(`wireguard-go refuses its settings: ${answer.trim()}`));
    });
  });
}
