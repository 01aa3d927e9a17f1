// Makes of an SA's keys what the kernels work with (round keys, tables, HMAC states) and writes it to the
// SA's record.
import * as ids from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import type { AssociationKeys } from './association.js';
import type { Module } from './module.js';

/** Keys pass through the main thread's own receive slot, which is overwritten at once. */
export function writeKeys(
  { memory, exports }: Module,
  record: number,
  cipher: number,
  mac: number,
  keys: AssociationKeys,
): void {
  const at = layout.WORKERS_AT + layout.CONTROL_ROW * layout.WORKER_SIZE + layout.WORKER_RX_SLOTS;
  const give = (key: Uint8Array, use: (length: number) => void): void => {
    const bytes = new Uint8Array(memory.buffer, at, key.length);
    bytes.set(key);
    try {
      use(key.length);
    } finally {
      bytes.fill(0);
    }
  };
  const context = record + layout.SA_KEY;
  if (cipher === ids.CIPHER_CHACHA20_POLY1305) {
    new Uint8Array(memory.buffer, context, keys.encryptionKey.length).set(keys.encryptionKey);
  } else if (cipher !== ids.CIPHER_NULL) {
    const setup = SETUPS[cipher];
    if (setup === undefined) throw new RangeError(`no key setup for cipher ${cipher}`);
    give(keys.encryptionKey, (length) => exports[setup]!(context, at, length));
  }
  if (mac === ids.MAC_NONE) return;
  const states = record + layout.SA_MAC_KEY;
  give(keys.integrityKey, (length) => exports.hmacSetKey!(states, mac, at, length));
}

const SETUPS: Readonly<Record<number, string>> = {
  [ids.CIPHER_AES_GCM]: 'gcmSetKey',
  [ids.CIPHER_AES_GMAC]: 'gcmSetKey',
  [ids.CIPHER_AES_CBC]: 'aesExpandKey',
  [ids.CIPHER_AES_CTR]: 'aesExpandKey',
  [ids.CIPHER_AES_CCM]: 'aesExpandKey',
  [ids.CIPHER_DES_CBC]: 'desSetKey',
  [ids.CIPHER_CAMELLIA_CBC]: 'camelliaSetKey',
  [ids.CIPHER_BLOWFISH_CBC]: 'blowfishSetKey',
  [ids.CIPHER_TWOFISH_CBC]: 'twofishSetKey',
};
