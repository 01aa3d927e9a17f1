// Menu `profile`: what IKE SAs (phase 1) are negotiated with.
import { DH_GROUPS, HASHES, IKE_ENCRYPTION } from '../algorithms.js';
import { choice, duration, entryName, flag, integer, listOf, orWord } from '../kind.js';
import { menu, property } from '../menu.js';
import { comment, DAY, IKEV1, isDefaultEntry, PPK } from './common.js';

export const profileMenu = menu({
  name: 'profile',
  list: true,
  builtin: 'default',
  text:
    'What IKE SAs (phase 1) are negotiated with. Peers name a profile. The profile ' +
    '`default` exists without being written; an entry of that name replaces it.',
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name peers use.',
      shown: ['e2e/properties.test.ts'],
    }),
    property({
      name: 'dh-group',
      kind: listOf(DH_GROUPS),
      default: 'x25519,ecp256,modp2048',
      routeros: 'modp1024,modp2048',
      because:
        'modp1024 is within reach of an attacker with large means (RFC 8247 §2.4: SHOULD ' +
        'NOT).',
      text:
        'Diffie-Hellman groups, the most wanted first. The first is the one an initiator ' +
        'guesses.',
      shown: ['exchanges/sa-init.test.ts', 'interop/strongswan-algorithms.test.ts'],
    }),
    property({
      name: 'enc-algorithm',
      kind: listOf(IKE_ENCRYPTION),
      default: 'aes-256-gcm,aes-128-gcm,aes-256,aes-128',
      routeros: 'aes-128',
      because: 'AES-GCM needs no separate integrity algorithm; AES-CBC stays for peers without it.',
      text:
        'Encryption of IKE messages, the most wanted first. `aes-256` and its like are ' +
        'CBC; the `-gcm` names are ours, RouterOS has no AES-GCM in phase 1.',
      shown: ['exchanges/sa-init.test.ts', 'interop/strongswan-algorithms.test.ts'],
    }),
    property({
      name: 'hash-algorithm',
      kind: listOf(HASHES),
      default: 'sha256',
      routeros: 'sha1',
      because: 'SHA-1 is on its way out (RFC 8247 §2.2, §2.3: MUST- for old peers only).',
      text:
        'Pseudo-random function and, with CBC, integrity of IKE messages. RouterOS takes ' +
        'one; a list is ours.',
      shown: ['exchanges/sa-init.test.ts', 'interop/strongswan-algorithms.test.ts'],
    }),
    property({
      name: 'lifetime',
      kind: duration(1, 365 * DAY),
      default: '1d',
      text: 'After this time an IKE SA is deleted; it is rekeyed before.',
      shown: ['exchanges/rekey-ike.test.ts'],
    }),
    property({
      name: 'nat-traversal',
      kind: flag,
      default: true,
      text:
        'Detect NAT and put ESP into UDP where there is one. With no, ESP is always sent ' +
        'as IP protocol 50.',
      shown: ['exchanges/nat.test.ts'],
    }),
    property({
      name: 'dpd-interval',
      kind: orWord(duration(1, 3600), 'disable-dpd'),
      default: '2m',
      text: 'A peer that has been silent for this long is asked whether it lives.',
      shown: ['exchanges/informational.test.ts', 'interop/strongswan-dead-peer.test.ts'],
    }),
    property({
      name: 'dpd-maximum-failures',
      kind: integer(1, 100),
      default: 5,
      text:
        'A peer that leaves this many questions in a row unanswered is dead: its SAs are ' +
        'deleted.',
      shown: ['exchanges/informational.test.ts', 'exchanges/lossy.test.ts'],
    }),
    property({
      name: 'proposal-check',
      kind: choice(['obey', 'claim', 'exact', 'strict']),
      default: 'obey',
      only: 'IKEv1',
      later: { what: IKEV1, values: () => false, meanwhile: 'peer' },
      text:
        'How an IKEv1 responder judges the lifetime it is offered. IKEv2 does not ' +
        'negotiate lifetimes and ignores it, as RouterOS does.',
    }),
    property({
      name: 'lifebytes',
      kind: integer(0, 4_294_967_295, 'bytes, 0: none'),
      default: 0,
      only: 'IKEv1',
      text:
        'A number of bytes that an IKEv1 initiator writes into its proposal for peers that insist ' +
        'on one; nothing is counted. IKEv2 does not negotiate lifetimes and ignores it, as ' +
        'RouterOS does.',
      later: { what: IKEV1, values: () => false, meanwhile: 'peer' },
    }),
    property({
      name: 'prf-algorithm',
      kind: orWord(choice(['sha1', 'sha256', 'sha384', 'sha512']), 'auto'),
      default: 'auto',
      text:
        'Pseudo-random function of IKEv2 where it is to differ from hash-algorithm; auto: the same ' +
        '(RouterOS 7).',
      shown: ['exchanges/sa-init.test.ts'],
    }),
    property({
      name: 'fragment-size',
      kind: integer(576, 9000, 'bytes'),
      default: 1280,
      ours: true,
      text:
        'Largest IP packet that an encrypted IKE message makes: larger messages, such as those with ' +
        'certificates, go in several if the peer takes them so (RFC 7383). Paths that drop IP ' +
        'fragments carry them.',
      shown: ['exchanges/fragments.test.ts', 'interop/strongswan-fragments.test.ts'],
    }),
    property({
      name: 'ppk',
      kind: choice(['no', 'psk', 'psk-ike-initial'], ['qkd']),
      default: 'no',
      text:
        'Post-quantum preshared keys (RouterOS 7). psk: one-time keys of the menu key-psk; ' +
        'psk-ike-initial: the same, for the first IKE SA only.',
      later: { what: PPK, meanwhile: 'peer' },
    }),
    comment,
  ],
  computed: [isDefaultEntry],
});
