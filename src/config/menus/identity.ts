// Menu `identity`: how each side of a peer proves who it is.
import { choice, entryName, listOf, optional, orWord, text } from '../kind.js';
import { domain, hiddenText, itemsOf, names } from '../list-kind.js';
import { menu, property } from '../menu.js';
import { identification, remoteIdentification, secret } from '../network-kind.js';
import { comment, disabled, IKEV1, XAUTH } from './common.js';

/** What each method other than the pre-shared key waits for. */
export const METHOD_WAITS: Readonly<Record<string, string>> = {
  'pre-shared-key-xauth': `${IKEV1} with ${XAUTH}`,
  'rsa-key': `${IKEV1} with RSA keys`,
  'rsa-signature-hybrid': `${IKEV1} with ${XAUTH}`,
};

/** Said by the auth-method that needs the property: without it the property is refused. */
const withMethod = (what: string) => ({ what, values: () => false, meanwhile: 'peer' }) as const;

export const identityMenu = menu({
  name: 'identity',
  list: true,
  text:
    'How a peer proves who it is, and how we do. Every peer needs at least one. Of several, who calls is ' +
    'met by the one that names it most closely; where we call, the first is used that has a certificate ' +
    'the peer asks for, and after a refusal the next one.',
  properties: [
    property({
      name: 'peer',
      kind: entryName,
      text: 'The peer this is for.',
      shown: ['exchanges/auth.test.ts'],
    }),
    property({
      name: 'auth-method',
      kind: choice([
        'pre-shared-key',
        'digital-signature',
        'eap',
        'eap-radius',
        'eap-local',
        'pre-shared-key-xauth',
        'rsa-key',
        'rsa-signature-hybrid',
      ]),
      default: 'pre-shared-key',
      text:
        'How both sides prove who they are. rsa-key, pre-shared-key-xauth and ' +
        'rsa-signature-hybrid are of IKEv1, eap, eap-radius and eap-local of IKEv2. eap: we call and ' +
        'log in as a user, the peer shows a certificate, or proves itself by EAP alone (RFC 5998). ' +
        'eap-local (ours): the peer calls and logs in as one of the menu user.',
      later: {
        what: 'every method of IKEv1 but pre-shared-key and digital-signature',
        values: (method) => Object.hasOwn(METHOD_WAITS, method as string),
        meanwhile: 'peer',
      },
      shown: ['exchanges/auth.test.ts', 'exchanges/eap-methods.test.ts', 'interop/radius.test.ts'],
    }),
    property({
      name: 'secret',
      kind: secret,
      default: '',
      only: 'auth-method=pre-shared-key or pre-shared-key-xauth',
      text:
        'The pre-shared key: text, or bytes as 0x and hexadecimal digits. Must be set with ' +
        'auth-method=pre-shared-key and pre-shared-key-xauth.',
      shown: ['exchanges/auth.test.ts'],
    }),
    property({
      name: 'my-id',
      kind: identification,
      default: 'auto',
      text:
        'Who we say we are. auto: our address; with a certificate its subject alternative name, or ' +
        'its subject. key-id takes text, or 0x and hexadecimal digits; dn is the subject of our ' +
        'certificate.',
      shown: ['exchanges/auth.test.ts', 'exchanges/certificates.test.ts'],
    }),
    property({
      name: 'remote-id',
      kind: remoteIdentification,
      default: 'auto',
      text:
        'Who the peer must say it is. auto: any identity that knows the secret, or that its ' +
        'certificate vouches for: a name against the subject, all else against the alternative ' +
        'names, without wildcards. dn: the subject. ignore: any, and the certificate need not ' +
        'vouch for it (dangerous).',
      shown: ['exchanges/auth.test.ts', 'exchanges/certificates.test.ts'],
    }),
    property({
      name: 'match-by',
      kind: choice(['remote-id', 'certificate']),
      default: 'remote-id',
      only: 'auth-method=digital-signature',
      text:
        'What the peer is recognised by: remote-id, or remote-certificate, which must then be ' +
        'exactly the certificate it shows.',
      shown: ['exchanges/certificates.test.ts'],
    }),
    property({
      name: 'certificate',
      kind: names,
      default: '',
      only: 'auth-method=digital-signature, eap, eap-radius, eap-local or rsa-signature-hybrid',
      text:
        'Our certificate, by its name in the menu certificate, with its private key; further ' +
        'names are its chain. Must be set with auth-method=digital-signature, and with eap-tls. ' +
        'Without one, eap-radius and eap-local take only callers who do without (RFC 5998).',
      shown: ['exchanges/certificates.test.ts'],
    }),
    property({
      name: 'rsa-padding',
      kind: choice(['pkcs1', 'pss']),
      default: 'pkcs1',
      ours: true,
      only: 'auth-method=digital-signature, eap-radius or eap-local',
      text:
        'How signatures of an RSA key are padded where the peer knows RFC 7427: pkcs1 (v1.5), which ' +
        'every peer verifies, or pss. Both are accepted from a peer.',
      shown: ['exchanges/certificates.test.ts'],
    }),
    property({
      name: 'remote-certificate',
      kind: optional(entryName),
      default: '',
      only: 'auth-method=digital-signature or eap',
      text: "The peer's certificate. Without one, what it shows must lead to a trusted CA.",
      shown: ['exchanges/certificates.test.ts'],
    }),
    property({
      name: 'eap-methods',
      kind: listOf(['eap-tls', 'eap-mschapv2', 'eap-peap', 'eap-ttls']),
      default: 'eap-tls',
      only: 'auth-method=eap or eap-local',
      text:
        'EAP methods, the most wanted first; the side that is called offers, the caller chooses. ' +
        'eap-local has eap-tls and eap-mschapv2. The EAP server must show a certificate of a trusted ' +
        'CA: see eap-server-name.',
      shown: ['exchanges/eap-methods.test.ts', 'interop/strongswan-eap.test.ts'],
    }),
    property({
      name: 'ttls-inner',
      kind: choice(['mschapv2', 'pap', 'eap-mschapv2']),
      default: 'mschapv2',
      ours: true,
      only: 'auth-method=eap',
      text:
        'How eap-ttls proves the password within TLS. pap shows it to the server, as some stores of ' +
        'passwords need it.',
      shown: ['interop/strongswan-eap.test.ts'],
    }),
    property({
      name: 'username',
      kind: text,
      default: '',
      only: 'auth-method=eap, pre-shared-key-xauth or rsa-signature-hybrid',
      text: 'The user name for EAP or XAuth. With eap-tls, without one: what my-id says.',
      shown: ['exchanges/eap-methods.test.ts'],
    }),
    property({
      name: 'password',
      kind: hiddenText,
      default: '',
      only: 'auth-method=eap, pre-shared-key-xauth or rsa-signature-hybrid',
      text: 'The password for EAP or XAuth.',
      shown: ['exchanges/eap-methods.test.ts'],
    }),
    property({
      name: 'outer-identity',
      kind: text,
      default: '',
      ours: true,
      only: 'auth-method=eap',
      text:
        'What the EAP server is told in the clear, before TLS, instead of the user name: ' +
        'anonymous@example.org, say, by whose domain RADIUS servers find the right one. Not with ' +
        'eap-mschapv2, which has no TLS to say the name in.',
      shown: ['exchanges/eap-methods.test.ts', 'interop/strongswan-eap.test.ts'],
    }),
    property({
      name: 'eap-server-name',
      kind: itemsOf(domain),
      default: '',
      ours: true,
      only: 'auth-method=eap',
      text:
        'Names of which the certificate of the EAP server must hold one, as an alternative name ' +
        '(strongSwan: aaa_id). Empty: any certificate of a trusted CA that is for TLS servers; where ' +
        'EAP alone proves who the peer is, one that vouches for its identity.',
      shown: ['exchanges/eap-methods.test.ts', 'interop/strongswan-eap.test.ts'],
    }),
    property({
      name: 'key',
      kind: optional(entryName),
      default: '',
      only: 'auth-method=rsa-key',
      text: 'Our private key, by its name in the menu key.',
      later: withMethod(IKEV1),
    }),
    property({
      name: 'remote-key',
      kind: optional(entryName),
      default: '',
      only: 'auth-method=rsa-key',
      text: "The peer's public key, by its name in the menu key.",
      later: withMethod(IKEV1),
    }),
    property({
      name: 'mode-config',
      kind: orWord(entryName, 'none'),
      default: 'none',
      text:
        'The entry of the menu mode-config by which the peer gets its address from us, or we ours ' +
        'from it.',
      shown: ['exchanges/mode-config.test.ts', 'interop/strongswan-mode-config.test.ts'],
    }),
    property({
      name: 'generate-policy',
      kind: choice(['no', 'port-override', 'port-strict']),
      default: 'no',
      text:
        'Whether the peer may have SAs that no policy names, made from a template of ' +
        'policy-template-group. port-strict: with the ports it proposes; port-override: for all ' +
        'ports.',
      shown: ['exchanges/generate-policy.test.ts', 'interop/strongswan-road-warrior.test.ts'],
    }),
    property({
      name: 'policy-template-group',
      kind: orWord(entryName, 'none'),
      default: 'default',
      only: 'generate-policy other than no',
      text: 'The group whose templates generate-policy uses; none: nothing is made.',
      shown: ['exchanges/generate-policy.test.ts'],
    }),
    property({
      name: 'notrack-chain',
      kind: optional(entryName),
      default: '',
      only: 'generate-policy other than no',
      text:
        'A chain, in an nf_tables table of ours, that keeps the packets of made policies from being ' +
        'tracked, in both directions.',
      shown: ['interop/strongswan-road-warrior.test.ts'],
    }),
    disabled('e2e/properties.test.ts'),
    comment,
  ],
  computed: [
    {
      name: 'dynamic',
      notation: 'yes | no',
      text: 'Whether another service made the entry (on RouterOS: L2TP). Never, here.',
      shown: ['cli/menu.test.ts'],
    },
  ],
});
