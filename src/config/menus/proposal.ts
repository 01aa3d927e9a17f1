// Menu `proposal`: what ESP SAs (phase 2) are negotiated with.
import { DH_GROUPS, ESP_ENCRYPTION, ESP_INTEGRITY } from '../algorithms.js';
import { choice, duration, entryName, integer, listOf, orWord } from '../kind.js';
import { menu, property } from '../menu.js';
import { comment, DAY, disabled, isDefaultEntry } from './common.js';

export const proposalMenu = menu({
  name: 'proposal',
  list: true,
  builtin: 'default',
  text:
    'What ESP SAs (phase 2) are negotiated with. Policies name a proposal. The proposal ' +
    '`default` exists without being written; an entry of that name replaces it.',
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name policies use.',
      shown: ['e2e/properties.test.ts'],
    }),
    property({
      name: 'enc-algorithms',
      kind: listOf(ESP_ENCRYPTION),
      default: 'chacha20poly1305,aes-256-gcm,aes-128-gcm,aes-256-cbc',
      routeros: 'aes-256-cbc,aes-192-cbc,aes-128-cbc',
      because:
        'The AEAD algorithms are faster and need no second pass; aes-256-cbc stays for ' +
        "peers with RouterOS's default.",
      text: 'Encryption of packets, the most wanted first.',
      shown: ['interop/strongswan-algorithms.test.ts'],
    }),
    property({
      name: 'auth-algorithms',
      kind: listOf(ESP_INTEGRITY),
      default: 'sha256,sha512',
      routeros: 'sha1',
      because: 'RFC 8221 §6 keeps SHA-1 for old peers only (MUST-).',
      text:
        'Integrity of packets, for the algorithms of enc-algorithms that are not AEAD. ' +
        'With AEAD alone leave it out, or say null.',
      shown: ['interop/strongswan-algorithms.test.ts'],
    }),
    property({
      name: 'lifetime',
      kind: duration(1, 365 * DAY),
      default: '30m',
      text: 'After this time an ESP SA is deleted; it is rekeyed at about 80 % of it.',
      shown: [
        'exchanges/informational.test.ts',
        'interop/strongswan-rekey.test.ts',
        'e2e/properties.test.ts',
      ],
    }),
    property({
      name: 'lifebytes',
      kind: integer(0, Number.MAX_SAFE_INTEGER, 'bytes, 0: no limit'),
      default: 0,
      ours: true,
      text:
        'After this many inner bytes in one direction an ESP SA is deleted; it is rekeyed ' +
        'before. 0: no limit.',
      shown: ['exchanges/informational.test.ts', 'interop/strongswan-rekey.test.ts'],
    }),
    property({
      name: 'pfs-group',
      kind: orWord(choice(DH_GROUPS), 'none'),
      default: 'modp2048',
      routeros: 'modp1024',
      because:
        'modp1024 is within reach of an attacker with large means; modp2048 is the nearest ' +
        'that every peer has.',
      text:
        'Diffie-Hellman group of each rekey and each further ESP SA. Both ends must agree; ' +
        'a difference shows at the first rekey, not before.',
      shown: ['exchanges/create-child.test.ts', 'interop/strongswan-rekey.test.ts'],
    }),
    property({
      name: 'esn',
      kind: choice(['yes', 'no', 'require']),
      default: 'yes',
      ours: true,
      text:
        '64-bit sequence numbers (RFC 4303 §2.2.1): offered and taken, refused, or ' +
        'insisted on.',
      shown: ['exchanges/create-child.test.ts', 'interop/culvert-pair.test.ts'],
    }),
    property({
      name: 'replay-window',
      kind: integer(32, 8192, 'packets'),
      default: 1024,
      ours: true,
      text:
        'How far behind the newest packet of an ESP SA an older one may arrive and still pass ' +
        '(RFC 4303 §3.4.3). Wider where the path or a peer with several threads reorders much. It ' +
        'cannot be switched off: without it every packet on the way could be sent again.',
      shown: ['assembly/flow.test.ts', 'e2e/properties.test.ts'],
    }),
    disabled('config/load.test.ts'),
    comment,
  ],
  computed: [isDefaultEntry],
});
