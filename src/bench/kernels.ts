// One batch of a case, sealed twice: by our kernels and by node:crypto one packet at a time. Both
// do the whole of it: cipher, authentication, and the tag or digest in place.
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { MAC_HMAC_SHA1, MAC_HMAC_SHA256, MAC_HMAC_SHA512 } from '../contract/ids.js';
import type { Module } from '../dataplane/module.js';
import type { Case } from './cases.js';
import {
  CIPHER_JOBS_AT,
  HEADER,
  KEY_AT,
  layOut,
  MAC_JOBS_AT,
  MAC_KEY_AT,
  NONCE_AT,
  type Packets,
  view,
} from './packets.js';

export interface Kernel {
  /** Seals the batch in WebAssembly. */
  ours(): void;
  /** Seals the batch in node:crypto and returns the last packet: its text, its tag or digest. */
  node(): Buffer;
  /** The last packet as ours() left it. */
  last(): Buffer;
}

const MACS = { sha1: MAC_HMAC_SHA1, sha256: MAC_HMAC_SHA256, sha512: MAC_HMAC_SHA512 } as const;
const DIGESTS = { sha1: 20, sha256: 32, sha512: 64 } as const;
const TAG = 16;
/** cbcEncryptLanes takes sixteen jobs at most. */
const CBC_LANES = 16;

const NEEDED = {
  'aes-gcm': ['gcmSetKey', 'gcmSeal'],
  'aes-cbc': ['aesExpandKey', 'cbcEncryptLanes'],
  'chacha20-poly1305': ['chachaPolySeal'],
  null: [],
} as const;

/** What the case needs and this build of culvert.wasm does not export. */
export function missing(module: Module, row: Case): string[] {
  return NEEDED[row.cipher].filter((name) => module.exports[name] === undefined);
}

export function prepare(module: Module, row: Case, bytes: number): Kernel {
  return row.hash === undefined ? aead(module, row, bytes) : withHmac(module, row, row.hash, bytes);
}

function aead(module: Module, row: Case, bytes: number): Kernel {
  const packets = layOut(module, bytes, 4, 8);
  const { src, esp, text, length } = packets;
  const { exports } = module;
  const key = view(module, KEY_AT, row.keyBytes);
  const nodeKey = randomBytes(row.keyBytes);
  const gcm = row.cipher === 'aes-gcm';
  const keyed = gcm ? [KEY_AT, row.keyBytes] : [KEY_AT];
  const seal = gcm ? exports.gcmSeal! : exports.chachaPolySeal!;
  key.set(nodeKey);
  if (gcm) exports.gcmSetKey!(KEY_AT, putKey(module, nodeKey), row.keyBytes);
  const nonce = Buffer.from(view(module, NONCE_AT, 12));
  const name = gcm ? `aes-${8 * row.keyBytes}-gcm` : 'chacha20-poly1305';
  return {
    ours() {
      src.forEach((from, i) => {
        const to = text[i]!;
        seal(...keyed, NONCE_AT, esp[i]!, HEADER, from, to, length, to + length);
      });
    },
    node() {
      let last = Buffer.alloc(0);
      src.forEach((from, i) => {
        const options = { authTagLength: TAG };
        const cipher = createCipheriv(name as 'chacha20-poly1305', nodeKey, nonce, options);
        cipher.setAAD(view(module, esp[i]!, HEADER), { plaintextLength: length });
        const sealed = cipher.update(view(module, from, length));
        cipher.final();
        const tag = cipher.getAuthTag();
        if (i === src.length - 1) last = Buffer.concat([sealed, tag]);
      });
      return last;
    },
    last: () => Buffer.from(view(module, text.at(-1)!, length + TAG)),
  };
}

function withHmac(
  module: Module,
  row: Case,
  hash: NonNullable<Case['hash']>,
  bytes: number,
): Kernel {
  const cbc = row.cipher === 'aes-cbc';
  const packets = layOut(module, bytes, cbc ? 16 : 4, cbc ? 16 : 0);
  const { exports } = module;
  const { src, esp, text, length } = packets;
  const [key, macKey] = [randomBytes(row.keyBytes), randomBytes(DIGESTS[hash])];
  const count = src.length;
  if (cbc) exports.aesExpandKey!(KEY_AT, putKey(module, key), row.keyBytes);
  exports.hmacSetKey!(MAC_KEY_AT, MACS[hash], putKey(module, macKey), macKey.length);
  writeJobs(module, packets);
  // a null cipher leaves the packet where it was received
  const from = cbc ? esp : src;
  const authenticated = cbc ? HEADER + packets.ivBytes + length : length;
  return {
    ours() {
      for (let i = 0; cbc && i < count; i += CBC_LANES) {
        exports.cbcEncryptLanes!(KEY_AT, row.keyBytes, CIPHER_JOBS_AT + 16 * i, CBC_LANES);
      }
      exports.hmacLanes!(MAC_KEY_AT, MACS[hash], MAC_JOBS_AT, count);
    },
    node() {
      let last = Buffer.alloc(0);
      src.forEach((plain, i) => {
        let sealed = view(module, plain, length);
        const mac = createHmac(hash, macKey);
        if (cbc) {
          const header = view(module, esp[i]!, HEADER + packets.ivBytes);
          const name = `aes-${8 * row.keyBytes}-cbc`;
          const cipher = createCipheriv(name, key, header.subarray(HEADER)).setAutoPadding(false);
          sealed = cipher.update(sealed);
          cipher.final();
          mac.update(header);
        }
        const digest = mac.update(sealed).digest();
        if (i === count - 1) last = Buffer.concat([sealed, digest]);
      });
      return last;
    },
    last: () =>
      Buffer.concat([
        view(module, (cbc ? text : src).at(-1)!, length),
        view(module, from.at(-1)! + authenticated, DIGESTS[hash]),
      ]),
  };
}

function writeJobs(module: Module, packets: Packets): void {
  const memory = new DataView(module.memory.buffer);
  const { src, esp, text, length, ivBytes } = packets;
  src.forEach((plain, i) => {
    const cipher = [plain, text[i]!, length, esp[i]! + HEADER];
    cipher.forEach((word, field) => {
      memory.setUint32(CIPHER_JOBS_AT + 16 * i + 4 * field, word, true);
    });
    const [data, bytes] = ivBytes > 0 ? [esp[i]!, HEADER + ivBytes + length] : [plain, length];
    [data, bytes, data + bytes, 0, 0].forEach((word, field) => {
      memory.setUint32(MAC_JOBS_AT + 32 * i + 4 * field, word, true);
    });
  });
}

/** A raw key, where the set-key calls can read it: the jobs' place, which is written afterwards. */
function putKey(module: Module, key: Buffer): number {
  view(module, CIPHER_JOBS_AT, key.length).set(key);
  return CIPHER_JOBS_AT;
}
