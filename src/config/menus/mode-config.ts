// Menu `mode-config`: the addresses and routes a responder hands out, or an initiator asks for.
import { choice, entryName, flag, integer, optional, orWord } from '../kind.js';
import { domain, filePath, itemsOf } from '../list-kind.js';
import { connectionMark } from '../mark-kind.js';
import { menu, property } from '../menu.js';
import { address, prefix } from '../network-kind.js';
import { comment, isDefaultEntry } from './common.js';

const ASKS = ['interop/strongswan-mode-config-client.test.ts', 'daemon/resolver.test.ts'];
const SHOWN = ['exchanges/mode-config.test.ts', 'interop/strongswan-mode-config.test.ts'];
const MARKED = ['e2e/marked.test.ts', 'interop/strongswan-mode-config-client.test.ts'];
const RESPONDER = 'responder=yes';
const INITIATOR = 'responder=no';

export const modeConfigMenu = menu({
  name: 'mode-config',
  list: true,
  builtin: 'request-only',
  text:
    'What a responder gives a road warrior (address, DNS, networks), and what an initiator does ' +
    'with it. The entry `request-only` exists without being written: an initiator that takes all.',
  properties: [
    property({ name: 'name', kind: entryName, text: 'The name identities use.', shown: SHOWN }),
    property({
      name: 'responder',
      kind: flag,
      default: false,
      text: 'yes: we give; no: we ask.',
      shown: SHOWN,
    }),
    property({
      name: 'address',
      kind: optional(address),
      default: '',
      only: RESPONDER,
      text: 'The one address to give, instead of a pool (RouterOS 7).',
      shown: ['exchanges/mode-config.test.ts', 'interop/imports.test.ts'],
    }),
    property({
      name: 'address-pool',
      kind: orWord(optional(entryName), 'none'),
      default: '',
      only: RESPONDER,
      text: 'The pool from which addresses are given.',
      shown: SHOWN,
    }),
    property({
      name: 'address-prefix-length',
      kind: optional(integer(1, 32)),
      default: '',
      only: RESPONDER,
      text: 'Prefix length of the given address.',
      shown: SHOWN,
    }),
    property({
      name: 'split-include',
      kind: itemsOf(prefix),
      default: '',
      only: RESPONDER,
      text: 'The networks the peer is to send through the tunnel; none: all.',
      shown: SHOWN,
    }),
    property({
      name: 'split-dns',
      kind: itemsOf(domain),
      default: '',
      only: RESPONDER,
      text: 'The domains that are resolved by the given DNS servers (RouterOS 7).',
      shown: ['exchanges/mode-config.test.ts'],
    }),
    property({
      name: 'static-dns',
      kind: itemsOf(address),
      default: '',
      only: RESPONDER,
      text: 'DNS servers to give. Not together with system-dns.',
      shown: SHOWN,
    }),
    property({
      name: 'system-dns',
      kind: flag,
      default: false,
      only: RESPONDER,
      text: "Give the host's own DNS servers.",
      shown: ['exchanges/mode-config.test.ts'],
    }),
    property({
      name: 'src-address-list',
      kind: optional(entryName),
      default: '',
      only: INITIATOR,
      text:
        'The address-list whose sources are translated to the address we are given, so that networks ' +
        'behind us use the tunnel. Packets among them stay away from it.',
      shown: ['interop/strongswan-mode-config-client.test.ts'],
    }),
    property({
      name: 'connection-mark',
      kind: orWord(optional(connectionMark), 'no-mark'),
      default: '',
      only: INITIATOR,
      text:
        'Connections with this mark go into the tunnel, translated to the address we are given, whatever ' +
        'their source; with src-address-list those of its sources (RouterOS 7). A name of menu ' +
        'connection-mark, or the number (`ct mark`) itself. Marking is the business of a mangle rule: see ' +
        'operating.md.',
      shown: MARKED,
    }),
    property({
      name: 'use-responder-dns',
      kind: choice(['yes', 'no', 'exclusively']),
      default: 'yes',
      only: INITIATOR,
      text: 'Whether the DNS servers we are given are used, or used alone (RouterOS 7).',
      shown: ['interop/strongswan-mode-config-client.test.ts'],
    }),
    property({
      name: 'resolv-conf',
      kind: optional(filePath),
      default: '',
      only: INITIATOR,
      ours: true,
      text:
        'A file that gets the DNS servers we are given, as resolv.conf(5); it is ours alone and goes ' +
        'when they go. Without one resolvconf(8) gets them.',
      shown: ASKS,
    }),
    comment,
  ],
  computed: [isDefaultEntry],
});
