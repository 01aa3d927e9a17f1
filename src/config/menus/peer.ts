// Menu `peer`: whom to call, and who may call.
import { CLIENT_NAMES } from '../../algorithms/clients.js';
import { choice, entryName, flag, integer, optional } from '../kind.js';
import { itemsOf, peerAddress } from '../list-kind.js';
import { menu, property } from '../menu.js';
import { address, secret } from '../network-kind.js';
import { comment, disabled, IKEV1, PPK } from './common.js';

export const peerMenu = menu({
  name: 'peer',
  list: true,
  text:
    'The gateways to connect to, or to be called by. If several match, the longest address ' +
    'prefix wins.',
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name identities and policies use, and that stands in the log.',
      shown: ['e2e/properties.test.ts'],
    }),
    property({
      name: 'address',
      kind: peerAddress,
      default: '0.0.0.0/0',
      text:
        'The address of the peer, or a network of peers; we only respond to a network. ' +
        '`::/0` is every IPv6 peer. A DNS name is resolved at start and again when its time to live ' +
        'is over (at least 5 s, at most an hour), or when the peer does not answer: then its other ' +
        'addresses have their turn. Until it has an address the peer is not started.',
      shown: ['exchanges/choice.test.ts', 'e2e/tunnel.test.ts', 'e2e/names.test.ts'],
    }),
    property({
      name: 'local-address',
      kind: optional(address),
      default: '',
      text:
        'Our address towards the peer. Empty: the one its route gives, and the one that is called. ' +
        'Entries of one address that differ in it are peers of their own.',
      shown: ['exchanges/choice.test.ts', 'exchanges/sa-init.test.ts'],
    }),
    property({
      name: 'port',
      kind: integer(1, 65535),
      default: 500,
      text: 'The UDP port an initiator calls.',
      shown: ['exchanges/sa-init.test.ts'],
    }),
    property({
      name: 'exchange-mode',
      kind: choice(['ike2', 'main', 'base', 'aggressive']),
      default: 'ike2',
      routeros: 'main',
      because: 'IKEv1 is not there yet, and IKEv2 is the better protocol.',
      text: 'The IKE version, and with IKEv1 the kind of its first exchange.',
      later: { what: IKEV1, meanwhile: 'peer' },
      shown: ['exchanges/forged.test.ts'],
    }),
    property({
      name: 'passive',
      kind: flag,
      default: false,
      text:
        'Wait for the peer. With no, we connect at start and again whenever the connection ' +
        'is lost.',
      shown: ['exchanges/create-child.test.ts', 'e2e/tunnel.test.ts'],
    }),
    property({
      name: 'profile',
      kind: entryName,
      default: 'default',
      text: 'The profile for phase 1.',
      shown: ['e2e/properties.test.ts'],
    }),
    property({
      name: 'send-initial-contact',
      kind: flag,
      default: true,
      text:
        'Tell the peer that this is our only connection, so that it forgets those of ' +
        'before a restart (RFC 7296 §2.4). Say no where several gateways share one ' +
        'identity.',
      shown: ['exchanges/auth.test.ts'],
    }),
    property({
      name: 'udp-encapsulation',
      kind: flag,
      default: false,
      ours: true,
      text:
        'Put ESP into UDP even where no NAT is on the way (RFC 7296 §2.23). The kernel takes and ' +
        'gives many datagrams at once, but raw ESP packets one by one: about twice as fast with ' +
        '`offload` of `tun` at both ends. One end saying yes is enough. Needs `nat-traversal` of the ' +
        'profile.',
      shown: ['ike/engine.test.ts', 'e2e/offload.test.ts'],
    }),
    property({
      name: 'mobike',
      kind: flag,
      default: true,
      ours: true,
      text:
        'Keep the connection when either side gets another address, if the peer can do that too ' +
        '(RFC 4555). An initiator then speaks by port 4500 from IKE_AUTH on. The peer may only move ' +
        'to where `address` and `local-address` let it be.',
      shown: ['exchanges/mobike.test.ts', 'interop/strongswan-mobike.test.ts'],
    }),
    property({
      name: 'compatible-with',
      kind: itemsOf(choice(CLIENT_NAMES)),
      default: '',
      ours: true,
      text:
        'Clients whose algorithms are taken from this peer, and offered to it, behind those of the ' +
        'profile and the proposals. windows: modp1024, and sha1 in ESP; routeros: sha1, and modp1024 ' +
        'as pfs-group. windows, apple and android replace ESP SAs without a key exchange, ' +
        'so they may. docs/operating.md lists what each adds.',
      shown: ['config/clients.test.ts', 'exchanges/create-child.test.ts'],
    }),
    property({
      name: 'childless',
      kind: choice(['allow', 'prefer', 'force', 'never']),
      default: 'allow',
      ours: true,
      text:
        'Whether the IKE SA may come up without a child, which CREATE_CHILD_SA then makes with a key ' +
        'exchange of its own (RFC 6023). allow: who calls us may do so; prefer: we do so, too, where the ' +
        'peer can, also where no policy names it yet; force: and the other way is refused on both sides; ' +
        'never: it is not offered.',
      shown: ['exchanges/childless.test.ts', 'interop/strongswan-childless.test.ts'],
    }),
    property({
      name: 'ppk-secret',
      kind: secret,
      default: '',
      text: 'A post-quantum preshared key that is the same for every connection (RouterOS 7).',
      later: { what: PPK, meanwhile: 'peer' },
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
    {
      name: 'responder',
      notation: 'yes | no',
      text: 'Whether we only wait for this peer: it is passive, or a network; flag `R`.',
      shown: ['cli/menu.test.ts'],
    },
    {
      name: 'current-address',
      notation: 'IP address',
      text: 'What the DNS name in address resolved to last (RouterOS 7).',
      shown: ['e2e/names.test.ts'],
    },
  ],
});
