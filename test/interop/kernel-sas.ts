// SAs by hand with the Linux kernel peer: what suites that drive our data plane without IKE share.
import type { Test } from 'uvu';
import { encryptionNamed } from '../../src/algorithms/encryption.js';
import { integrityNamed } from '../../src/algorithms/integrity.js';
import type { AssociationKeys } from '../../src/dataplane/association.js';
import { check, close, open, setns } from '../../src/net/libc.js';
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY } from '../../src/net/linux.js';
import { checksum, ipv4, ipv6, upperChecksum } from '../assembly/packets.js';
import type { Suite } from '../assembly/site.js';
import { type KernelPeer, startKernelPeer } from './kernel-peer.js';
import { makeTopology, type Topology } from './topology.js';

const ICMP = { 4: 1, 6: 58 };
/** Type of an echo request and of its reply: RFC 792, RFC 4443 §4. */
export const ECHO = { 4: [8, 0], 6: [128, 129] } as const;

export interface Ends {
  readonly src: string;
  readonly dst: string;
}

/** An echo request of `data`. */
export function echoRequest(family: 4 | 6, ends: Ends, data: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from([ECHO[family][0], 0, 0, 0, 0x43, 0x03, 0, 1]), data]);
  const fields = { ...ends, protocol: ICMP[family] };
  const sum = family === 4 ? checksum(message) : upperChecksum(message, 58, fields.src, fields.dst);
  message.writeUInt16BE(sum, 2);
  return family === 4 ? ipv4(message, fields) : ipv6(message, fields);
}

const CIPHERS: readonly (readonly [RegExp, string])[] = [
  [/^aes-\d+-cbc$/, 'cbc(aes)'],
  [/^aes-\d+-ctr$/, 'rfc3686(ctr(aes))'],
  [/^aes-\d+-gcm$/, 'rfc4106(gcm(aes))'],
  [/^aes-\d+-ccm/, 'rfc4309(ccm(aes))'],
  [/^aes-\d+-gmac$/, 'rfc4543(gcm(aes))'],
  [/^chacha20poly1305$/, 'rfc7539esp(chacha20,poly1305)'],
  [/^camellia-/, 'cbc(camellia)'],
  [/^3des$/, 'cbc(des3_ede)'],
  [/^des$/, 'cbc(des)'],
  [/^blowfish/, 'cbc(blowfish)'],
  [/^twofish/, 'cbc(twofish)'],
  [/^null$/, 'ecb(cipher_null)'],
];

/** The algorithms of one ESP SA in iproute2's words. */
export function words(
  { encryption, integrity }: Pick<Suite, 'encryption' | 'integrity'>,
  keys: AssociationKeys,
): string {
  const row = encryptionNamed(encryption);
  const [, name] = CIPHERS.find(([pattern]) => pattern.test(encryption))!;
  const key = hex(keys.encryptionKey, keys.salt);
  if (row.aead) return `aead "${name}" ${key} ${row.icvBytes * 8}`;
  return `enc "${name}" ${key} ${integrityWords(integrity, keys)}`;
}

/** Of AH this is all. */
export function integrityWords(integrity: string, { integrityKey }: AssociationKeys): string {
  const bits = integrityNamed(integrity).icvBytes * 8;
  return `auth-trunc "hmac(${integrity})" ${hex(integrityKey)} ${bits}`;
}

function hex(...parts: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(parts);
  return bytes.length === 0 ? '""' : `0x${bytes.toString('hex')}`;
}

/** Runs `work`, which must be synchronous, in a namespace of iproute2's. */
export function inside<T>(name: string, work: () => T): T {
  const openPath = (path: string): number => check(open(path, O_RDONLY | O_CLOEXEC), 'open', path);
  const [home, there] = [openPath('/proc/thread-self/ns/net'), openPath(`/run/netns/${name}`)];
  try {
    check(setns(there, CLONE_NEWNET), 'setns', name);
    try {
      return work();
    } finally {
      check(setns(home, CLONE_NEWNET), 'setns', 'the home namespace');
    }
  } finally {
    close(home);
    close(there);
  }
}

interface Booted {
  readonly kernel: KernelPeer;
  readonly topology: Topology;
}

/** One kernel for all tests of a suite. */
export function withKernel(tests: Pick<Test, 'before' | 'after'>): () => Booted {
  let booted: Booted | undefined;
  tests.before(async () => {
    const topology = await makeTopology({ bareSun: true });
    try {
      booted = { topology, kernel: await startKernelPeer(topology) };
    } catch (error) {
      topology.remove();
      throw error;
    }
  });
  tests.after(async () => {
    await booted?.kernel.stop();
    booted?.topology.remove();
  });
  return () => booted!;
}
