// What clients that people have offer for IKE and for the first child, in their order. Numbers are
// IANA's for IKEv2. Sources: Windows: docs.strongswan.org "Windows Clients", trailofbits/algo issue 9;
// Apple: RouterOS manual (older), libreswan issue 1450 (macOS 14); Android: AOSP's IkeSessionParams and
// ChildSessionParams of packages/modules/IPsec; RouterOS: its manual and defaults of /ip ipsec.
import type { Transform, TransformProposal } from '../../src/algorithms/transform.js';

/** One transform: its type, number and key length. */
const T: Readonly<Record<string, readonly [number, number, number?]>> = {
  des: [1, 2],
  '3des': [1, 3],
  null: [1, 11],
  cbc128: [1, 12, 128],
  cbc192: [1, 12, 192],
  cbc256: [1, 12, 256],
  ctr128: [1, 13, 128],
  ctr192: [1, 13, 192],
  ctr256: [1, 13, 256],
  gcm8_128: [1, 18, 128],
  gcm8_256: [1, 18, 256],
  gcm12_128: [1, 19, 128],
  gcm12_256: [1, 19, 256],
  gcm128: [1, 20, 128],
  gcm192: [1, 20, 192],
  gcm256: [1, 20, 256],
  chacha: [1, 28],
  prf1: [2, 2],
  prfXcbc: [2, 4],
  prf256: [2, 5],
  prf384: [2, 6],
  prf512: [2, 7],
  prfCmac: [2, 8],
  sha1: [3, 2],
  xcbc: [3, 5],
  cmac: [3, 8],
  sha256: [3, 12],
  sha384: [3, 13],
  sha512: [3, 14],
  modp1024: [4, 2],
  modp1536: [4, 5],
  modp2048: [4, 14],
  modp3072: [4, 15],
  modp4096: [4, 16],
  ecp256: [4, 19],
  ecp384: [4, 20],
  x25519: [4, 31],
  noEsn: [5, 0],
  esn: [5, 1],
};

const transform = (name: string): Transform => {
  const [type, id, keyBits] = T[name]!;
  return { type, id, keyBits };
};
const proposal =
  (protocol: number) =>
  (text: string): TransformProposal => ({ protocol, transforms: text.split(' ').map(transform) });

export interface Client {
  readonly name: string;
  readonly ike: readonly TransformProposal[];
  readonly esp: readonly TransformProposal[];
  /** The group it wants where it replaces a child; undefined: none. */
  readonly pfs?: string;
}

const client = (name: string, ike: string[], esp: string[], pfs?: string): Client => ({
  name,
  ike: ike.map(proposal(1)),
  esp: esp.map((text) => proposal(3)(`${text} noEsn`)),
  ...(pfs === undefined ? {} : { pfs }),
});

/** Windows offers every cipher with every hash as a proposal of its own. */
const each = (ciphers: string[], hashes: [string, string][], group: string): string[] =>
  ciphers.flatMap((cipher) => hashes.map(([prf, mac]) => `${cipher} ${prf} ${mac} ${group}`));
const WINDOWS_HASHES: [string, string][] = [
  ['prf1', 'sha1'],
  ['prf256', 'sha256'],
  ['prf384', 'sha384'],
];
const WINDOWS_ESP = ['cbc256 sha1', 'cbc128 sha1', '3des sha1', 'des sha1', 'null sha1'];

const ANDROID_SIZES = ['256', '192', '128'];
const ANDROID_GROUPS = 'modp4096 x25519 modp3072 modp2048';
const ANDROID_PRFS = 'prf512 prf384 prf256 prfXcbc prfCmac prf1';
const ANDROID_MACS = 'sha512 sha384 sha256 xcbc cmac';
const ANDROID_BLOCK = ['ctr', 'cbc'].flatMap((kind) => ANDROID_SIZES.map((bits) => kind + bits));
const ANDROID_AEAD = 'chacha gcm256 gcm192 gcm128 gcm12_256 gcm12_128 gcm8_256 gcm8_128';

const ROUTEROS_ESP = ['cbc256 cbc192 cbc128 sha1'];

export const CLIENTS: readonly Client[] = [
  client(
    'Windows 10',
    each(['3des', 'cbc256', 'cbc128', 'cbc192'], WINDOWS_HASHES, 'modp1024'),
    WINDOWS_ESP,
  ),
  client(
    'Windows 11',
    [
      ...each(['3des', 'cbc256', 'cbc128', 'cbc192'], WINDOWS_HASHES, 'modp1024'),
      ...['gcm128', 'gcm256'].flatMap((cipher) =>
        ['prf1', 'prf256', 'prf384'].map((prf) => `${cipher} ${prf} modp1024`),
      ),
    ],
    WINDOWS_ESP,
  ),
  client(
    'Windows with NegotiateDH2048_AES256=2',
    each(['cbc256'], WINDOWS_HASHES, 'modp2048'),
    WINDOWS_ESP,
  ),
  client(
    'iOS and macOS before 14',
    [
      'cbc256 prf256 sha256 modp2048',
      'cbc256 prf256 sha256 ecp256',
      'cbc256 prf256 sha256 modp1536',
      'cbc128 prf1 sha1 modp1024',
      '3des prf1 sha1 modp1024',
    ],
    ['cbc256 sha256', 'cbc128 sha1', '3des sha1'],
  ),
  client(
    'iOS 17, macOS 14 and later',
    [
      'gcm256 prf256 ecp256',
      'gcm256 prf256 modp2048',
      'cbc256 prf256 sha256 ecp256',
      'cbc256 prf256 sha256 modp2048',
    ],
    ['gcm256', 'cbc256 sha256'],
  ),
  client(
    'Android 11 and later',
    [
      `${ANDROID_BLOCK.join(' ')} ${ANDROID_PRFS} ${ANDROID_MACS} ${ANDROID_GROUPS}`,
      `${ANDROID_AEAD} ${ANDROID_PRFS} ${ANDROID_GROUPS}`,
    ],
    [ANDROID_AEAD, `${ANDROID_BLOCK.join(' ')} ${ANDROID_MACS}`],
  ),
  client('RouterOS 6', ['cbc128 3des prf1 sha1 modp2048 modp1024'], ROUTEROS_ESP, 'modp1024'),
  client('RouterOS 7', ['cbc128 3des prf1 sha1 modp2048 modp1024'], ROUTEROS_ESP, 'modp1024'),
];
