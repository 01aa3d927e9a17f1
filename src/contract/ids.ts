// Numbers that the control plane writes into shared memory and the WASM module acts on.
// Integers only, read by tsc and asc alike (docs/architecture.md, "The contract").

// Cipher kernels (SA_CIPHER). A number is an identity of ours, never a wire value.
export const CIPHER_NULL = 1;
export const CIPHER_AES_CBC = 2;
export const CIPHER_AES_GCM = 3;
export const CIPHER_CHACHA20_POLY1305 = 4;
export const CIPHER_AES_CTR = 5;
export const CIPHER_AES_CCM = 6;
export const CIPHER_AES_GMAC = 7;
export const CIPHER_DES_CBC = 8; // with 24 bytes of key Triple DES
export const CIPHER_CAMELLIA_CBC = 9;
export const CIPHER_BLOWFISH_CBC = 10;
export const CIPHER_TWOFISH_CBC = 11;

// Integrity kernels (SA_MAC). MAC_NONE goes with an AEAD cipher.
export const MAC_NONE = 0;
export const MAC_HMAC_SHA1 = 1;
export const MAC_HMAC_SHA256 = 2;
export const MAC_HMAC_SHA384 = 3;
export const MAC_HMAC_SHA512 = 4;
export const MAC_HMAC_MD5 = 5;

// SA_STATE: the four states of PF_KEY (RFC 2367 §1.5) and a free slot.
export const SA_FREE = 0;
export const SA_LARVAL = 1;
export const SA_MATURE = 2;
export const SA_DYING = 3;
export const SA_DEAD = 4;

// SA_FLAGS, bits.
export const SA_FLAG_OUTBOUND = 1;
export const SA_FLAG_ESN = 2;
export const SA_FLAG_UDP = 4; // UDP encapsulation, RFC 3948
export const SA_FLAG_OUTER_V6 = 8;
export const SA_FLAG_TRANSPORT = 16;
export const SA_FLAG_ANTI_REPLAY = 32;
export const SA_FLAG_SOFT_SENT = 64; // the soft-expire event was raised
export const SA_FLAG_HARD_SENT = 128;
export const SA_FLAG_AH = 256; // RFC 4302; without it ESP, RFC 4303
export const SA_FLAG_INNER = 512; // ESP that travels within an AH and never without it

// POLICY_ACTION and POLICY_LEVEL, in RouterOS's words.
export const ACTION_NONE = 1;
export const ACTION_DISCARD = 2;
export const ACTION_ENCRYPT = 3;
export const ACTION_TEMPLATE = 4; // the place where policies made from the template POLICY_ID stand
export const LEVEL_REQUIRE = 1;
export const LEVEL_UNIQUE = 2;
export const LEVEL_USE = 3;

// Sockets a worker owns: where a received batch came from and where a packet leaves.
export const PORT_TUN = 0;
export const PORT_UDP4_4500 = 1;
export const PORT_UDP6_4500 = 2;
export const PORT_ESP4 = 3;
export const PORT_ESP6 = 4;
export const PORT_UDP4_500 = 5;
export const PORT_UDP6_500 = 6;
export const PORT_BYPASS4 = 7; // send only: raw socket for packets that pass in the clear
export const PORT_BYPASS6 = 8;
export const PORT_AH4 = 9; // receive only: AH goes out as a whole packet, since it covers the header
export const PORT_AH6 = 10;
export const PORT_COUNT = 11;

// What a worker tells the control plane (MAIL_TYPE).
export const MAIL_PADDING = 0; // no record: skip MAIL_LENGTH bytes
export const MAIL_IKE = 1; // an IKE message
export const MAIL_ACQUIRE = 2; // a packet wants an SA its policy does not have
export const MAIL_SOFT_EXPIRE = 3; // bytes or sequence numbers used up to the soft limit
export const MAIL_HARD_EXPIRE = 4;
export const MAIL_FIRST_USE = 5; // the first authentic packet on an inbound SA
export const MAIL_MOVED = 6; // an authentic packet came from another address or port (NAT rebinding)
