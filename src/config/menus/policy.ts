// Menu `policy`: which packets are protected, dropped or passed.
import { choice, entryName, flag, optional } from '../kind.js';
import { menu, property } from '../menu.js';
import { port, prefix, protocol } from '../network-kind.js';
import { comment, disabled } from './common.js';

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
