// What the tests of certificates and of EAP begin an identity with, beside what both methods share.
import type {
  EapIdentity,
  EapLocalIdentity,
  SignatureIdentity,
  User,
} from '../../src/policy/database.js';

/** By the certificate that the store has as `own`. */
export const BY_CERTIFICATE = {
  authMethod: 'digital-signature',
  certificate: ['own'],
  rsaPadding: 'pkcs1',
  remoteCertificate: undefined,
  matchBy: 'remote-id',
} as const satisfies Partial<SignatureIdentity>;

export const CAROL: User = {
  name: 'carol',
  password: 'Ar3etTnp',
  certificate: undefined,
  address: undefined,
};

/** Carol calls. */
export const BY_EAP = {
  authMethod: 'eap',
  eapMethods: ['eap-mschapv2'],
  username: 'carol',
  password: 'Ar3etTnp',
  ttlsInner: 'mschapv2',
  outerIdentity: '',
  serverNames: [],
  certificate: [],
  remoteCertificate: undefined,
} as const satisfies Partial<EapIdentity>;

/** Is called, by users of its own. */
export const EAP_LOCAL = {
  remoteId: { kind: 'auto' },
  authMethod: 'eap-local',
  eapMethods: ['eap-mschapv2'],
  certificate: ['own'],
  rsaPadding: 'pkcs1',
} as const satisfies Partial<EapLocalIdentity>;
