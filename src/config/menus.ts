// Every menu and property of the configuration file, one row each. RouterOS's names, values and
// defaults (spec: /ip ipsec); where our default differs, `routeros` and `because` say so.
import {
  DH_GROUPS,
  ESP_ENCRYPTION,
  ESP_INTEGRITY,
  HASHES,
  IKE_ENCRYPTION,
  LATER_ESP_ENCRYPTION,
  LATER_ESP_INTEGRITY,
  LATER_IKE_ENCRYPTION,
} from './algorithms.js';
import {
  choice,
  duration,
  entryName,
  flag,
  integer,
  listOf,
  optional,
  orWord,
  text,
} from './kind.js';
import { logMenu, tunMenu } from './menus-own.js';
import { type Menu, menu, property } from './menu.js';
import {
  address,
  identification,
  port,
  prefix,
  protocol,
  remoteIdentification,
  secret,
} from './network-kind.js';

const disabled = property({
  name: 'disabled',
  kind: flag,
  default: false,
  text: 'The entry is read and checked, and then not used.',
});
const comment = property({
  name: 'comment',
  kind: text,
  default: '',
  text: 'A note for people; tables print it above the entry.',
});

const DAY = 86_400;

export const profileMenu = menu({
  name: 'profile',
  list: true,
  builtin: 'default',
  text:
    'What IKE SAs (phase 1) are negotiated with. Peers name a profile. The profile ' +
    '`default` exists without being written; an entry of that name replaces it.',
  later: ['lifebytes', 'prf-algorithm', 'ppk'],
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name peers use.',
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
    }),
    property({
      name: 'enc-algorithm',
      kind: listOf(IKE_ENCRYPTION, LATER_IKE_ENCRYPTION),
      default: 'aes-256-gcm,aes-128-gcm,aes-256,aes-128',
      routeros: 'aes-128',
      because: 'AES-GCM needs no separate integrity algorithm; AES-CBC stays for peers without it.',
      text:
        'Encryption of IKE messages, the most wanted first. `aes-256` and its like are ' +
        'CBC; the `-gcm` names are ours, RouterOS has no AES-GCM in phase 1.',
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
    }),
    property({
      name: 'lifetime',
      kind: duration(1, 365 * DAY),
      default: '1d',
      text: 'After this time an IKE SA is deleted; it is rekeyed before.',
    }),
    property({
      name: 'nat-traversal',
      kind: flag,
      default: true,
      text:
        'Detect NAT and put ESP into UDP where there is one. With no, ESP is always sent ' +
        'as IP protocol 50.',
    }),
    property({
      name: 'dpd-interval',
      kind: orWord(duration(1, 3600), 'disable-dpd'),
      default: '2m',
      text: 'A peer that has been silent for this long is asked whether it lives.',
    }),
    property({
      name: 'dpd-maximum-failures',
      kind: integer(1, 100),
      default: 5,
      text:
        'A peer that leaves this many questions in a row unanswered is dead: its SAs are ' +
        'deleted.',
    }),
    property({
      name: 'proposal-check',
      kind: choice(['obey', 'claim', 'exact', 'strict']),
      default: 'obey',
      text:
        'How an IKEv1 responder judges the lifetime it is offered. IKEv2 does not ' +
        'negotiate lifetimes and ignores it, as RouterOS does.',
    }),
    comment,
  ],
});

export const proposalMenu = menu({
  name: 'proposal',
  list: true,
  builtin: 'default',
  text:
    'What ESP SAs (phase 2) are negotiated with. Policies name a proposal. The proposal ' +
    '`default` exists without being written; an entry of that name replaces it.',
  later: [],
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name policies use.',
    }),
    property({
      name: 'enc-algorithms',
      kind: listOf(ESP_ENCRYPTION, LATER_ESP_ENCRYPTION),
      default: 'chacha20poly1305,aes-256-gcm,aes-128-gcm,aes-256-cbc',
      routeros: 'aes-256-cbc,aes-192-cbc,aes-128-cbc',
      because:
        'The AEAD algorithms are faster and need no second pass; aes-256-cbc stays for ' +
        "peers with RouterOS's default.",
      text: 'Encryption of packets, the most wanted first.',
    }),
    property({
      name: 'auth-algorithms',
      kind: listOf(ESP_INTEGRITY, LATER_ESP_INTEGRITY),
      default: 'sha256,sha512',
      routeros: 'sha1',
      because: 'RFC 8221 §6 keeps SHA-1 for old peers only (MUST-).',
      text:
        'Integrity of packets, for the algorithms of enc-algorithms that are not AEAD. ' +
        'With AEAD alone leave it out, or say null.',
    }),
    property({
      name: 'lifetime',
      kind: duration(1, 365 * DAY),
      default: '30m',
      text: 'After this time an ESP SA is deleted; it is rekeyed at about 80 % of it.',
    }),
    property({
      name: 'lifebytes',
      kind: integer(0, Number.MAX_SAFE_INTEGER, 'bytes, 0: no limit'),
      default: 0,
      ours: true,
      text:
        'After this many inner bytes in one direction an ESP SA is deleted; it is rekeyed ' +
        'before. 0: no limit.',
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
    }),
    property({
      name: 'esn',
      kind: choice(['yes', 'no', 'require']),
      default: 'yes',
      ours: true,
      text:
        '64-bit sequence numbers (RFC 4303 §2.2.1): offered and taken, refused, or ' +
        'insisted on.',
    }),
    disabled,
    comment,
  ],
});

export const peerMenu = menu({
  name: 'peer',
  list: true,
  text:
    'The gateways to connect to, or to be called by. If several match, the longest address ' +
    'prefix wins.',
  later: ['ppk-secret'],
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name identities and policies use, and that stands in the log.',
    }),
    property({
      name: 'address',
      kind: prefix,
      default: '0.0.0.0/0',
      text:
        'The address of the peer, or a network of peers; we only respond to a network. ' +
        '`::/0` is every IPv6 peer.',
    }),
    property({
      name: 'local-address',
      kind: optional(address),
      default: '',
      text: 'Our address towards the peer. Empty: the one its route gives.',
    }),
    property({
      name: 'port',
      kind: integer(1, 65535),
      default: 500,
      text: 'The UDP port an initiator calls.',
    }),
    property({
      name: 'exchange-mode',
      kind: choice(['ike2'], ['main', 'base', 'aggressive']),
      default: 'ike2',
      routeros: 'main',
      because: 'IKEv1 is not there yet, and IKEv2 is the better protocol.',
      text: 'The IKE version.',
    }),
    property({
      name: 'passive',
      kind: flag,
      default: false,
      text:
        'Wait for the peer. With no, we connect at start and again whenever the connection ' +
        'is lost.',
    }),
    property({
      name: 'profile',
      kind: entryName,
      default: 'default',
      text: 'The profile for phase 1.',
    }),
    property({
      name: 'send-initial-contact',
      kind: flag,
      default: true,
      text:
        'Tell the peer that this is our only connection, so that it forgets those of ' +
        'before a restart (RFC 7296 §2.4). Say no where several gateways share one ' +
        'identity.',
    }),
    disabled,
    comment,
  ],
});

export const identityMenu = menu({
  name: 'identity',
  list: true,
  text: 'How a peer proves who it is, and how we do. Every peer needs at least one.',
  later: [
    'certificate',
    'eap-methods',
    'generate-policy',
    'key',
    'match-by',
    'mode-config',
    'notrack-chain',
    'password',
    'policy-template-group',
    'remote-certificate',
    'remote-key',
    'username',
  ],
  properties: [
    property({
      name: 'peer',
      kind: entryName,
      text: 'The peer this is for.',
    }),
    property({
      name: 'auth-method',
      kind: choice(
        ['pre-shared-key'],
        [
          'digital-signature',
          'eap',
          'eap-radius',
          'pre-shared-key-xauth',
          'rsa-key',
          'rsa-signature-hybrid',
        ],
      ),
      default: 'pre-shared-key',
      text: 'How both sides prove who they are.',
    }),
    property({
      name: 'secret',
      kind: secret,
      default: '',
      text:
        'The pre-shared key: text, or bytes as 0x and hexadecimal digits. Must be set with ' +
        'auth-method=pre-shared-key.',
    }),
    property({
      name: 'my-id',
      kind: identification,
      default: 'auto',
      text:
        'Who we say we are. auto: our address. key-id takes text, or 0x and hexadecimal ' +
        'digits.',
    }),
    property({
      name: 'remote-id',
      kind: remoteIdentification,
      default: 'auto',
      text:
        'Who the peer must say it is. auto: any identity that knows the secret; ignore: ' +
        'the same here, where no certificate is checked.',
    }),
    disabled,
    comment,
  ],
});

export const policyMenu = menu({
  name: 'policy',
  list: true,
  text:
    'Which packets are encrypted, dropped or passed. They are asked from top to bottom, ' +
    'the first that matches decides. A packet that none matches is left alone.',
  later: ['group', 'template', 'sa-src-address', 'sa-dst-address', 'priority'],
  properties: [
    property({
      name: 'action',
      kind: choice(['encrypt', 'discard', 'none']),
      default: 'encrypt',
      text: 'encrypt: carry the packet in an ESP SA; discard: drop it; none: pass it unchanged.',
    }),
    property({
      name: 'src-address',
      kind: prefix,
      text:
        'Source addresses of outbound packets: our side. Inbound packets match the other ' +
        'way round.',
    }),
    property({
      name: 'src-port',
      kind: port,
      default: 'any',
      text: 'Source port of outbound packets. Needs a protocol with ports.',
    }),
    property({
      name: 'dst-address',
      kind: prefix,
      text: "Destination addresses of outbound packets: the peer's side.",
    }),
    property({
      name: 'dst-port',
      kind: port,
      default: 'any',
      text: 'Destination port of outbound packets. Needs a protocol with ports.',
    }),
    property({
      name: 'protocol',
      kind: protocol,
      default: 'all',
      text: 'IP protocol, by name or number.',
    }),
    property({
      name: 'tunnel',
      kind: flag,
      default: true,
      routeros: 'no',
      because:
        'Transport mode is not there yet, and between networks it is tunnel mode that is ' +
        'meant.',
      text: 'Tunnel mode. tunnel=no is refused for now.',
    }),
    property({
      name: 'level',
      kind: choice(['require', 'unique', 'use']),
      default: 'require',
      text:
        'When there is no SA. require: drop the packet and ask for one; unique: the same, ' +
        'and the SA serves this policy only; use: pass the packet IN THE CLEAR and ask for ' +
        'none.',
    }),
    property({
      name: 'ipsec-protocols',
      kind: choice(['esp'], ['ah']),
      default: 'esp',
      text: 'The IPsec protocol.',
    }),
    property({
      name: 'peer',
      kind: optional(entryName),
      default: '',
      text: 'The peer at the other end of the tunnel. Must be set with action=encrypt.',
    }),
    property({
      name: 'proposal',
      kind: entryName,
      default: 'default',
      text: 'The proposal for phase 2.',
    }),
    disabled,
    comment,
  ],
});

/** In the order in which the reference page shows them. */
export const MENUS: readonly Menu[] = [
  peerMenu,
  identityMenu,
  profileMenu,
  proposalMenu,
  policyMenu,
  tunMenu,
  logMenu,
];

/** RouterOS's menus that this gateway does not have yet. */
export const LATER_MENUS: readonly string[] = [
  'group',
  'mode-config',
  'key',
  'settings',
  'certificate',
  'pool',
  'radius',
  'address-list',
];
