// The numbers of RFC 7296 §3 and its extensions that a message is read with, and their names for the
// log. Transform numbers are not here but in src/algorithms.

// ---- header (RFC 7296 §3.1) ---------------------------------------------------------------------
export const IKE_SA_INIT = 34;
export const IKE_AUTH = 35;
export const CREATE_CHILD_SA = 36;
export const INFORMATIONAL = 37;

const EXCHANGES: ReadonlyMap<number, string> = new Map([
  [IKE_SA_INIT, 'IKE_SA_INIT'],
  [IKE_AUTH, 'IKE_AUTH'],
  [CREATE_CHILD_SA, 'CREATE_CHILD_SA'],
  [INFORMATIONAL, 'INFORMATIONAL'],
  [38, 'IKE_SESSION_RESUME'], // RFC 5723
  [43, 'IKE_INTERMEDIATE'], // RFC 9242
  [44, 'IKE_FOLLOWUP_KE'], // RFC 9370
]);
export const exchangeName = (type: number): string => EXCHANGES.get(type) ?? `exchange ${type}`;

// ---- protocols (§3.3.1) -------------------------------------------------------------------------
export const PROTOCOL_NONE = 0;
export const PROTOCOL_IKE = 1;
export const PROTOCOL_AH = 2;
export const PROTOCOL_ESP = 3;

const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [PROTOCOL_IKE, 'IKE'],
  [PROTOCOL_AH, 'AH'],
  [PROTOCOL_ESP, 'ESP'],
]);
export const protocolName = (id: number): string => PROTOCOLS.get(id) ?? `protocol ${id}`;

// ---- identification types (§3.5) ----------------------------------------------------------------
export const ID_IPV4_ADDR = 1;
export const ID_FQDN = 2;
export const ID_RFC822_ADDR = 3;
export const ID_IPV6_ADDR = 5;
export const ID_DER_ASN1_DN = 9;
export const ID_DER_ASN1_GN = 10;
export const ID_KEY_ID = 11;

// ---- certificate encodings (§3.6) ---------------------------------------------------------------
export const CERT_PKCS7_X509 = 1;
export const CERT_X509_SIGNATURE = 4;
export const CERT_CRL = 7;
export const CERT_HASH_AND_URL_X509 = 12;
export const CERT_HASH_AND_URL_BUNDLE = 13;
export const CERT_OCSP_CONTENT = 14; // RFC 4806
export const CERT_RAW_PUBLIC_KEY = 15; // RFC 7670

// ---- authentication methods (§3.8, RFC 4754, RFC 7427, RFC 7619) --------------------------------
export const AUTH_RSA_SIGNATURE = 1;
export const AUTH_SHARED_KEY_MIC = 2;
export const AUTH_DSS_SIGNATURE = 3;
export const AUTH_ECDSA_256 = 9;
export const AUTH_ECDSA_384 = 10;
export const AUTH_ECDSA_521 = 11;
export const AUTH_NULL = 13;
export const AUTH_DIGITAL_SIGNATURE = 14;

// ---- traffic selector types (§3.13.1) -----------------------------------------------------------
export const TS_IPV4_ADDR_RANGE = 7;
export const TS_IPV6_ADDR_RANGE = 8;

// ---- configuration (§3.15) ----------------------------------------------------------------------
export const CFG_REQUEST = 1;
export const CFG_REPLY = 2;
export const CFG_SET = 3;
export const CFG_ACK = 4;

const CONFIGURATION_TYPES = ['', 'REQUEST', 'REPLY', 'SET', 'ACK'];
export const configurationTypeName = (type: number): string =>
  CONFIGURATION_TYPES[type] || `type ${type}`;

/** §3.15.1, RFC 8598, and those of Cisco's Unity clients. */
export const CFG = {
  INTERNAL_IP4_ADDRESS: 1,
  INTERNAL_IP4_NETMASK: 2,
  INTERNAL_IP4_DNS: 3,
  INTERNAL_IP6_ADDRESS: 8,
  INTERNAL_IP6_DNS: 10,
  INTERNAL_IP4_SUBNET: 13,
  INTERNAL_IP6_SUBNET: 15,
  INTERNAL_DNS_DOMAIN: 25,
  UNITY_SPLITDNS_NAME: 28675,
  UNITY_SPLIT_INCLUDE: 28676,
} as const;

/** §3.15.1: name, and the bytes of a value that is not empty where the standard fixes them. */
export const CONFIGURATION_ATTRIBUTES: ReadonlyMap<number, { name: string; bytes?: number }> =
  new Map([
    [1, { name: 'INTERNAL_IP4_ADDRESS', bytes: 4 }],
    [2, { name: 'INTERNAL_IP4_NETMASK', bytes: 4 }],
    [3, { name: 'INTERNAL_IP4_DNS', bytes: 4 }],
    [4, { name: 'INTERNAL_IP4_NBNS', bytes: 4 }],
    [6, { name: 'INTERNAL_IP4_DHCP', bytes: 4 }],
    [7, { name: 'APPLICATION_VERSION' }],
    [8, { name: 'INTERNAL_IP6_ADDRESS', bytes: 17 }],
    [10, { name: 'INTERNAL_IP6_DNS', bytes: 16 }],
    [12, { name: 'INTERNAL_IP6_DHCP', bytes: 16 }],
    [13, { name: 'INTERNAL_IP4_SUBNET', bytes: 8 }],
    [14, { name: 'SUPPORTED_ATTRIBUTES' }],
    [15, { name: 'INTERNAL_IP6_SUBNET', bytes: 17 }],
    [25, { name: 'INTERNAL_DNS_DOMAIN' }], // RFC 8598
    [26, { name: 'INTERNAL_DNSSEC_TA' }],
  ]);
