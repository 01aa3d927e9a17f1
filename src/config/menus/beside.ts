// The menus that stand beside /ip ipsec in RouterOS and that its properties name.
import { entryName, orWord } from '../kind.js';
import { addressRange, itemsOf } from '../list-kind.js';
import { markNumber } from '../mark-kind.js';
import { menu, property } from '../menu.js';
import { prefix } from '../network-kind.js';
import { comment, disabled } from './common.js';

const MARKED = ['e2e/marked.test.ts'];
const LISTED = ['interop/strongswan-mode-config-client.test.ts'];

export const poolMenu = menu({
  name: 'pool',
  list: true,
  text: 'Addresses that mode-config gives to road warriors (RouterOS: /ip pool).',
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name mode-config uses.',
      shown: ['policy/leases.test.ts'],
    }),
    property({
      name: 'ranges',
      kind: itemsOf(addressRange),
      text: 'The addresses: ranges, prefixes, single ones.',
      shown: ['policy/leases.test.ts', 'interop/strongswan-mode-config.test.ts'],
    }),
    property({
      name: 'next-pool',
      kind: orWord(entryName, 'none'),
      default: 'none',
      text: 'The pool that is used when this one is exhausted.',
      shown: ['policy/leases.test.ts', 'interop/imports.test.ts'],
    }),
    comment,
  ],
});

export const addressListMenu = menu({
  name: 'address-list',
  list: true,
  text:
    'Lists of addresses, one entry for each, that src-address-list of mode-config names ' +
    '(RouterOS: /ip firewall address-list).',
  properties: [
    property({
      name: 'list',
      kind: entryName,
      text: 'The list the address belongs to.',
      shown: LISTED,
    }),
    property({ name: 'address', kind: prefix, text: 'The address.', shown: LISTED }),
    disabled('interop/strongswan-mode-config-client.test.ts'),
    comment,
  ],
});

export const connectionMarkMenu = menu({
  name: 'connection-mark',
  list: true,
  text:
    'Names for marks of connections, which are numbers in Linux. RouterOS makes the names in /ip ' +
    'firewall mangle and has no such menu; mode-config uses them.',
  properties: [
    property({
      name: 'name',
      kind: entryName,
      ours: true,
      text: 'The name mode-config uses.',
      shown: MARKED,
    }),
    property({
      name: 'mark',
      kind: markNumber,
      ours: true,
      text: 'What `nft … ct mark set` gives such connections; with a mask, the bits that count.',
      shown: MARKED,
    }),
    comment,
  ],
});
