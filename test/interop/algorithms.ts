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
];
