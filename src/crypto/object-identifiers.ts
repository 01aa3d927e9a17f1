// The object identifiers of certificates, by the name each has in its standard. Signature algorithms
// stand with what they compute, in signature.ts.

/** Attributes of a distinguished name (X.520, RFC 4519, PKCS#9), by how people write them. */
export const NAME_ATTRIBUTES = {
  CN: '2.5.4.3',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
} as const;

/** Certificate extensions (RFC 5280 §4.2). */
export const EXTENSIONS = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  cRLDistributionPoints: '2.5.29.31',
  extendedKeyUsage: '2.5.29.37',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
} as const;

/** What an extended key usage may allow (RFC 5280 §4.2.1.12, RFC 4945 §5.1.3.12). */
export const KEY_PURPOSES = {
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ipsecEndSystem: '1.3.6.1.5.5.7.3.5',
  ipsecTunnel: '1.3.6.1.5.5.7.3.6',
  ipsecUser: '1.3.6.1.5.5.7.3.7',
  ipsecIKE: '1.3.6.1.5.5.7.3.17',
  /** Microsoft's and Cisco's, which never became a standard. */
  iKEIntermediate: '1.3.6.1.5.5.8.2.2',
} as const;

/** How to ask the authority (RFC 5280 §4.2.2.1), and what a request asks for (RFC 2985 §5.4.2). */
export const ACCESS_OCSP = '1.3.6.1.5.5.7.48.1';
export const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
