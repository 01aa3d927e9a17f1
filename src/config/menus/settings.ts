// Menu `settings`: what belongs to no single peer.
import { choice, duration, flag, integer } from '../kind.js';
import { httpFolder, itemsOf } from '../list-kind.js';
import { menu, property } from '../menu.js';
import { DAY, RADIUS, XAUTH } from './common.js';

export const settingsMenu = menu({
  name: 'settings',
  list: false,
  text: 'What belongs to no single peer.',
  properties: [
    property({
      name: 'accounting',
      kind: flag,
      default: true,
      text: 'Report the sessions of users that a RADIUS server let in to that server.',
      shown: ['daemon/accounting.test.ts'],
    }),
    property({
      name: 'interim-update',
      kind: duration(0, DAY),
      default: '0s',
      text: 'How often a session that goes on is reported; 0s: never.',
      shown: ['daemon/accounting.test.ts', 'interop/radius.test.ts'],
    }),
    property({
      name: 'xauth-use-radius',
      kind: flag,
      default: false,
      text: 'Ask a RADIUS server, not the menu user, about XAuth users.',
      later: { what: `${XAUTH} with ${RADIUS}`, meanwhile: 'entry' },
    }),
    property({
      name: 'certificate-revocation',
      kind: choice(['strict', 'if-present', 'off']),
      default: 'if-present',
      ours: true,
      text:
        'Whether peers may have revoked certificates. The CRLs of crl-file, the OCSP responder and the ' +
        'CRL that a certificate names are asked. strict: all of its chain must be known not to be ' +
        'revoked; if-present: it is refused if it is known to be; off: nobody is asked.',
      shown: ['certificates/revocation.test.ts', 'interop/strongswan-certificates.test.ts'],
    }),
    property({
      name: 'certificate-recheck',
      kind: duration(0, DAY),
      default: '1h',
      ours: true,
      text:
        'How often the certificates of peers that are connected are checked again: the path to a ' +
        'trusted CA, validity, certificate-revocation. Who fails is disconnected, with the cause in the ' +
        'log; with strict, who cannot be asked about for an hour. Every reload checks them, too; 0s: ' +
        'nothing else does.',
      shown: ['exchanges/recheck.test.ts', 'interop/strongswan-certificates.test.ts'],
    }),
    property({
      name: 'hash-and-url',
      kind: itemsOf(httpFolder),
      default: '',
      ours: true,
      text:
        'Where peers may have their certificates: URLs such as http://pki.example.org/certs/, which ends ' +
        'with a slash. With one, peers are told that they may send the hash and the URL of a certificate ' +
        'in its place (RFC 7296 §3.6); what lies below is fetched, at most 64 KiB in 3 s without ' +
        'redirects, and nothing else. Without one nothing is fetched for strangers.',
      shown: ['exchanges/hash-and-url.test.ts', 'interop/strongswan-hash-and-url.test.ts'],
    }),
    property({
      name: 'ddos-cookie-threshold',
      kind: integer(0, 1000, 'half-open IKE SAs'),
      default: 30,
      text:
        'With so many half-open IKE SAs a first message must bring a cookie (RFC 7296 §2.6; ' +
        'RouterOS 7.22). 0: always.',
      shown: ['exchanges/sa-init.test.ts', 'e2e/properties.test.ts'],
    }),
  ],
});
