// Menu `peer`: whom to call, and who may call.
import { choice, entryName, flag, integer, optional } from '../kind.js';
import { menu, property } from '../menu.js';
import { address, prefix } from '../network-kind.js';
import { comment, disabled } from './common.js';

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
