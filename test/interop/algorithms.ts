// What is negotiated in the suites, one row each: strongSwan's proposal strings beside the values of
// culvert's profile and proposal that mean the same.
import type { Entry } from './culvert.js';

export interface Algorithms {
  readonly name: string;
  readonly strongswan: { readonly ike: string; readonly esp: string };
  readonly profile: Entry;
  readonly proposal: Entry;
  /** How `swanctl --list-sas` names the ESP algorithms. */
  readonly listed: string;
}

export const AES_GCM_128: Algorithms = {
  name: 'AES-GCM-128',
  strongswan: { ike: 'aes128-sha256-modp2048', esp: 'aes128gcm128-modp2048' },
  profile: { 'enc-algorithm': 'aes-128', 'hash-algorithm': 'sha256', 'dh-group': 'modp2048' },
  proposal: { 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'modp2048' },
  listed: 'ESP:AES_GCM_16-128',
};

interface Peer {
  /** strongSwan's IKE proposal; our encryption, hash and group. */
  readonly ike: readonly [string, string];
  readonly esp: string;
  readonly listed: string;
}

/** `ours`: encryption and integrity of the proposal. Without a key exchange of the child's own. */
function row(name: string, ours: string, { ike, esp, listed }: Peer): Algorithms {
  const [encryption = '', hash = '', group = ''] = ike[1].split('/');
  const [cipher = '', integrity = ''] = ours.split('/');
  const own: Entry = integrity === 'null' ? {} : { 'auth-algorithms': integrity };
  return {
    name,
    strongswan: { ike: ike[0], esp },
    profile: { 'enc-algorithm': encryption, 'hash-algorithm': hash, 'dh-group': group },
    proposal: { 'enc-algorithms': cipher, ...own, 'pfs-group': 'none' },
    listed: `ESP:${listed}`,
  };
}

export const ALGORITHMS: readonly Algorithms[] = [
  AES_GCM_128,
  {
    name: 'AES-GCM-256',
    strongswan: { ike: 'aes256gcm128-prfsha384-ecp384', esp: 'aes256gcm128-ecp384' },
    profile: { 'enc-algorithm': 'aes-256-gcm', 'hash-algorithm': 'sha384', 'dh-group': 'ecp384' },
    proposal: { 'enc-algorithms': 'aes-256-gcm', 'pfs-group': 'ecp384' },
    listed: 'ESP:AES_GCM_16-256',
  },
  {
    name: 'AES-CBC-256 with SHA2-256',
    strongswan: { ike: 'aes256-sha256-x25519', esp: 'aes256-sha256-x25519' },
    profile: { 'enc-algorithm': 'aes-256', 'hash-algorithm': 'sha256', 'dh-group': 'x25519' },
    proposal: {
      'enc-algorithms': 'aes-256-cbc',
      'auth-algorithms': 'sha256',
      'pfs-group': 'x25519',
    },
    listed: 'ESP:AES_CBC-256/HMAC_SHA2_256_128',
  },
  {
    name: 'AES-CBC-128 with SHA1',
    strongswan: { ike: 'aes192-sha1-modp3072', esp: 'aes128-sha1' },
    profile: { 'enc-algorithm': 'aes-192', 'hash-algorithm': 'sha1', 'dh-group': 'modp3072' },
    proposal: { 'enc-algorithms': 'aes-128-cbc', 'auth-algorithms': 'sha1', 'pfs-group': 'none' },
    listed: 'ESP:AES_CBC-128/HMAC_SHA1_96',
  },
  {
    name: 'AES-CBC-256 with SHA2-512',
    strongswan: { ike: 'aes256-sha512-ecp521', esp: 'aes256-sha512-ecp521' },
    profile: { 'enc-algorithm': 'aes-256', 'hash-algorithm': 'sha512', 'dh-group': 'ecp521' },
    proposal: {
      'enc-algorithms': 'aes-256-cbc',
      'auth-algorithms': 'sha512',
      'pfs-group': 'ecp521',
    },
    listed: 'ESP:AES_CBC-256/HMAC_SHA2_512_256',
  },
  {
    name: 'ChaCha20-Poly1305',
    strongswan: { ike: 'aes128gcm128-prfsha256-ecp256', esp: 'chacha20poly1305-ecp256' },
    profile: { 'enc-algorithm': 'aes-128-gcm', 'hash-algorithm': 'sha256', 'dh-group': 'ecp256' },
    proposal: { 'enc-algorithms': 'chacha20poly1305', 'pfs-group': 'ecp256' },
    listed: 'ESP:CHACHA20_POLY1305',
  },
  row('AES-CTR-256 with SHA2-384', 'aes-256-ctr/sha384', {
    ike: ['aes256-sha384-ecp384', 'aes-256/sha384/ecp384'],
    esp: 'aes256ctr-sha384',
    listed: 'AES_CTR-256/HMAC_SHA2_384_192',
  }),
  row('AES-CCM-128', 'aes-128-ccm/null', {
    ike: ['aes128-sha256-modp2048', 'aes-128/sha256/modp2048'],
    esp: 'aes128ccm128',
    listed: 'AES_CCM_16-128',
  }),
  row('AES-CCM-256 with 8 bytes of ICV', 'aes-256-ccm-8/null', {
    ike: ['aes256-sha256-ecp256', 'aes-256/sha256/ecp256'],
    esp: 'aes256ccm64',
    listed: 'AES_CCM_8-256',
  }),
  row('Camellia-256 with SHA2-256, in IKE too', 'camellia-256/sha256', {
    ike: ['camellia256-sha256-modp2048', 'camellia-256/sha256/modp2048'],
    esp: 'camellia256-sha256',
    listed: 'CAMELLIA_CBC-256/HMAC_SHA2_256_128',
  }),
  row('Camellia-128 with SHA2-512, Camellia-192 in IKE', 'camellia-128/sha512', {
    ike: ['camellia192-sha512-ecp256', 'camellia-192/sha512/ecp256'],
    esp: 'camellia128-sha512',
    listed: 'CAMELLIA_CBC-128/HMAC_SHA2_512_256',
  }),
  row('3DES with MD5, in IKE too', '3des/md5', {
    ike: ['3des-md5-modp1024', '3des/md5/modp1024'],
    esp: '3des-md5',
    listed: '3DES_CBC/HMAC_MD5_96',
  }),
  row('DES with SHA1, in IKE too', 'des/sha1', {
    ike: ['des-md5-modp768', 'des/md5/modp768'],
    esp: 'des-sha1',
    listed: 'DES_CBC/HMAC_SHA1_96',
  }),
  row('Blowfish-128 with SHA1, in IKE too', 'blowfish/sha1', {
    ike: ['blowfish128-sha1-modp1536', 'blowfish/sha1/modp1536'],
    esp: 'blowfish128-sha1',
    listed: 'BLOWFISH_CBC-128/HMAC_SHA1_96',
  }),
  row('Blowfish-256 with SHA2-256, in IKE too', 'blowfish-256/sha256', {
    ike: ['blowfish256-sha256-modp2048', 'blowfish-256/sha256/modp2048'],
    esp: 'blowfish256-sha256',
    listed: 'BLOWFISH_CBC-256/HMAC_SHA2_256_128',
  }),
  row('Twofish-128 with SHA1', 'twofish/sha1', {
    ike: ['aes128-sha256-ecp256', 'aes-128/sha256/ecp256'],
    esp: 'twofish128-sha1',
    listed: 'TWOFISH_CBC-128/HMAC_SHA1_96',
  }),
  row('Twofish-256 with SHA2-256', 'twofish-256/sha256', {
    ike: ['aes128-sha256-ecp256', 'aes-128/sha256/ecp256'],
    esp: 'twofish256-sha256',
    listed: 'TWOFISH_CBC-256/HMAC_SHA2_256_128',
  }),
  row('no encryption with SHA2-256', 'null/sha256', {
    ike: ['aes128-sha256-ecp256', 'aes-128/sha256/ecp256'],
    esp: 'null-sha256',
    listed: 'NULL/HMAC_SHA2_256_128',
  }),
];
