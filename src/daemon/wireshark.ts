// What Wireshark needs to open what we send and receive, in the notation of its tables (files of a
// profile, and Preferences → Protocols): `esp_sa` for ESP, `ikev2_decryption_table` for IKE. All of it
// is keys: it is made on demand, and printed by one command only.
import { encryptionNamed } from '../algorithms/encryption.js';
import type { InstalledSa } from '../dataplane/association.js';
import type { IkeSecrets } from '../ike/context.js';
import { formatAddress } from '../policy/address.js';

/** Lines of the two tables; those that begin with `#` say what Wireshark has no word for. */
export interface WiresharkTables {
  readonly esp_sa: readonly string[];
  readonly ikev2_decryption_table: readonly string[];
}

/** Registry name → the name in esp_sa (Wireshark 3.4 to 4.4). */
const ESP_ENCRYPTION: Readonly<Record<string, string>> = {
  null: 'NULL',
  des: 'DES-CBC [RFC2405]',
  '3des': 'TripleDES-CBC [RFC2451]',
  blowfish: 'BLOWFISH-CBC [RFC2451]',
  'blowfish-192': 'BLOWFISH-CBC [RFC2451]',
  'blowfish-256': 'BLOWFISH-CBC [RFC2451]',
  'blowfish-448': 'BLOWFISH-CBC [RFC2451]',
  twofish: 'TWOFISH-CBC',
  'twofish-192': 'TWOFISH-CBC',
  'twofish-256': 'TWOFISH-CBC',
  ...byBits((bits) => [`aes-${bits}-cbc`, 'AES-CBC [RFC3602]']),
  ...byBits((bits) => [`aes-${bits}-ctr`, 'AES-CTR [RFC3686]']),
  ...byBits((bits) => [`aes-${bits}-gcm`, 'AES-GCM with 16 octet ICV [RFC4106]']),
};
const ESP_INTEGRITY: Readonly<Record<string, string>> = {
  null: 'NULL',
  md5: 'HMAC-MD5-96 [RFC2403]',
  sha1: 'HMAC-SHA-1-96 [RFC2404]',
  sha256: 'HMAC-SHA-256-128 [RFC4868]',
  sha384: 'HMAC-SHA-384-192 [RFC4868]',
  sha512: 'HMAC-SHA-512-256 [RFC4868]',
};
const IKE_ENCRYPTION: Readonly<Record<string, string>> = {
  '3des': '3DES [RFC2451]',
  ...byBits((bits) => [`aes-${bits}-cbc`, `AES-CBC-${bits} [RFC3602]`]),
  ...byBits((bits) => [`aes-${bits}-gcm`, `AES-GCM-${bits} with 16 octet ICV [RFC5282]`]),
};
const IKE_INTEGRITY: Readonly<Record<string, string>> = {
  md5: 'HMAC_MD5_96 [RFC2403]',
  sha1: 'HMAC_SHA1_96 [RFC2404]',
  sha256: 'HMAC_SHA2_256_128 [RFC4868]',
  sha384: 'HMAC_SHA2_384_192 [RFC4868]',
  sha512: 'HMAC_SHA2_512_256 [RFC4868]',
};
const NO_INTEGRITY = 'NONE [RFC4306]';

function byBits(row: (bits: number) => readonly [string, string]): Record<string, string> {
  return Object.fromEntries([128, 192, 256].map(row));
}

export const wiresharkTables = (
  sas: readonly InstalledSa[],
  secrets: readonly IkeSecrets[],
): WiresharkTables => ({
  esp_sa: sas.flatMap(espLine),
  ikev2_decryption_table: secrets.map(ikeLine),
});

/** A line for each direction; the packets of an AH are not encrypted. */
function espLine({ association, direction }: InstalledSa): string[] {
  const { encryption, integrity, local, remote, protocol } = association;
  if (protocol === 'ah') return [];
  const keys = direction === 'in' ? association.inbound : association.outbound;
  const spi = `0x${keys.spi.toString(16).padStart(8, '0')}`;
  const cipher = look(ESP_ENCRYPTION, encryption);
  const aead = encryptionNamed(encryption).aead;
  const mac = aead ? ESP_INTEGRITY.null : look(ESP_INTEGRITY, integrity);
  if (cipher === undefined || mac === undefined) {
    return [`# ${spi}: Wireshark does not open ${encryption}${aead ? '' : ` with ${integrity}`}`];
  }
  const ends = direction === 'in' ? [remote, local] : [local, remote];
  const [source, destination] = ends.map(({ address }) => formatAddress(address));
  const family = local.address.family === 4 ? 'IPv4' : 'IPv6';
  const fields = [
    family,
    source,
    destination,
    spi,
    cipher,
    hexKey(keys.encryptionKey, keys.salt),
    mac,
    hexKey(aead ? NO_KEY : keys.integrityKey),
  ];
  return [fields.map((field) => `"${field}"`).join(',')];
}

const NO_KEY = new Uint8Array(0);

function ikeLine({ spii, spir, encryption, integrity, initiator, responder }: IkeSecrets): string {
  const { aead } = encryptionNamed(encryption);
  const cipher = look(IKE_ENCRYPTION, encryption);
  const mac = aead ? NO_INTEGRITY : look(IKE_INTEGRITY, integrity);
  if (cipher === undefined || mac === undefined) {
    return `# ${spii} ${spir}: Wireshark does not open ${encryption} with ${integrity}`;
  }
  return [
    spii,
    spir,
    hex(initiator.encryptionKey) + hex(initiator.salt),
    hex(responder.encryptionKey) + hex(responder.salt),
    `"${cipher}"`,
    hex(initiator.integrityKey),
    hex(responder.integrityKey),
    `"${mac}"`,
  ].join(',');
}

const look = (table: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

const hexKey = (key: Uint8Array, salt: Uint8Array = NO_KEY): string =>
  key.length + salt.length === 0 ? '' : `0x${hex(key)}${hex(salt)}`;

/** Of the bytes where they are: Buffer.from would leave a copy in its pool. */
const hex = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('hex');
