// What `npm run bench` measures: the algorithms of ESP at RouterOS's three packet sizes.

export interface Case {
  readonly name: string;
  readonly cipher: 'aes-gcm' | 'chacha20-poly1305' | 'aes-cbc' | 'null';
  /** Bytes of the cipher key. */
  readonly keyBytes: number;
  /** The HMAC that goes with a cipher that authenticates nothing itself. */
  readonly hash?: 'sha1' | 'sha256' | 'sha512';
}

export const CASES: readonly Case[] = [
  { name: 'aes-128-gcm', cipher: 'aes-gcm', keyBytes: 16 },
  { name: 'aes-192-gcm', cipher: 'aes-gcm', keyBytes: 24 },
  { name: 'aes-256-gcm', cipher: 'aes-gcm', keyBytes: 32 },
  { name: 'chacha20-poly1305', cipher: 'chacha20-poly1305', keyBytes: 32 },
  { name: 'aes-128-cbc+sha1', cipher: 'aes-cbc', keyBytes: 16, hash: 'sha1' },
  { name: 'aes-128-cbc+sha256', cipher: 'aes-cbc', keyBytes: 16, hash: 'sha256' },
  { name: 'aes-128-cbc+sha512', cipher: 'aes-cbc', keyBytes: 16, hash: 'sha512' },
  { name: 'aes-256-cbc+sha1', cipher: 'aes-cbc', keyBytes: 32, hash: 'sha1' },
  { name: 'aes-256-cbc+sha256', cipher: 'aes-cbc', keyBytes: 32, hash: 'sha256' },
  { name: 'aes-256-cbc+sha512', cipher: 'aes-cbc', keyBytes: 32, hash: 'sha512' },
  { name: 'null+sha256', cipher: 'null', keyBytes: 0, hash: 'sha256' },
];

/** Bytes of inner packet. */
export const SIZES: readonly number[] = [64, 512, 1400];
