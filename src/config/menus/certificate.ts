// Menu `certificate`: certificates and their keys as files, by the names identities use.
import { entryName, flag, optional } from '../kind.js';
import { filePath, httpUrl } from '../list-kind.js';
import { menu, property } from '../menu.js';
import { comment } from './common.js';

export const certificateMenu = menu({
  name: 'certificate',
  list: true,
  text:
    'Certificates and their keys, as files on this host (RouterOS: /certificate). Relative paths are ' +
    'below the directory of the configuration. `culvert reload` reads the files again.',
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name identities use.',
      shown: ['exchanges/certificates.test.ts'],
    }),
    property({
      name: 'file',
      kind: filePath,
      ours: true,
      text: 'The file with the certificate, PEM or DER. Further certificates in it are its chain.',
      shown: ['certificates/files.test.ts', 'interop/strongswan-certificates.test.ts'],
    }),
    property({
      name: 'key-file',
      kind: optional(filePath),
      default: '',
      ours: true,
      text: 'The file with its private key, where it is ours; not encrypted, so mode 0600.',
      shown: ['certificates/files.test.ts', 'interop/strongswan-certificates.test.ts'],
    }),
    property({
      name: 'crl-file',
      kind: optional(filePath),
      default: '',
      ours: true,
      text: 'A file with CRLs, of this CA or of others.',
      shown: ['certificates/revocation.test.ts', 'interop/strongswan-certificates.test.ts'],
    }),
    property({
      name: 'url',
      kind: optional(httpUrl),
      default: '',
      ours: true,
      text:
        'Where others find this certificate, as DER over HTTP. A peer that looks certificates up gets the ' +
        'hash and this URL in place of the certificate (RFC 7296 §3.6), which saves it a kilobyte.',
      shown: ['exchanges/hash-and-url.test.ts', 'interop/strongswan-hash-and-url.test.ts'],
    }),
    property({
      name: 'trusted',
      kind: flag,
      default: false,
      text: 'Whether it may vouch for peers: a CA, or an intermediate CA that is to be trusted alone.',
      shown: ['exchanges/certificates.test.ts'],
    }),
    comment,
  ],
});
