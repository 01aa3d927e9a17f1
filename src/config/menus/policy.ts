// Menu `policy`: which packets are protected, dropped or passed.
import { choice, entryName, flag } from '../kind.js';
import { names } from '../list-kind.js';
import { menu, property } from '../menu.js';
import { port, prefix, protocol } from '../network-kind.js';
import { comment, disabled, isDefaultEntry } from './common.js';

const PRINTED = ['e2e/properties.test.ts'];

export const policyMenu = menu({
  name: 'policy',
  list: true,
  text:
    'Which packets are encrypted, dropped or passed. They are asked from top to bottom, ' +
    'the first that matches decides. A packet that none matches is left alone.',
  properties: [
    property({
      name: 'action',
      kind: choice(['encrypt', 'discard', 'none']),
      default: 'encrypt',
      text: 'encrypt: carry the packet in an ESP SA; discard: drop it; none: pass it unchanged.',
      shown: ['assembly/flow.test.ts', 'e2e/levels.test.ts', 'e2e/properties.test.ts'],
    }),
    property({
      name: 'src-address',
      kind: prefix,
      routeros: '0.0.0.0/32',
      because: 'No packet has the address 0.0.0.0: a policy without networks is a slip.',
      text:
        'Source addresses of outbound packets: our side. Inbound packets match the other ' +
        'way round. `::/0` in a template is every network of either family.',
      shown: ['assembly/policy.test.ts', 'e2e/tunnel.test.ts'],
    }),
    property({
      name: 'src-port',
      kind: port,
      default: 'any',
      text: 'Source port of outbound packets. Needs a protocol with ports.',
      shown: ['assembly/policy.test.ts', 'e2e/properties.test.ts'],
    }),
    property({
      name: 'dst-address',
      kind: prefix,
      routeros: '0.0.0.0/32',
      because: 'As for src-address.',
      text: "Destination addresses of outbound packets: the peer's side.",
      shown: ['assembly/policy.test.ts', 'e2e/tunnel.test.ts'],
    }),
    property({
      name: 'dst-port',
      kind: port,
      default: 'any',
      text: 'Destination port of outbound packets. Needs a protocol with ports.',
      shown: ['assembly/policy.test.ts', 'e2e/properties.test.ts'],
    }),
    property({
      name: 'protocol',
      kind: protocol,
      default: 'all',
      text: 'IP protocol, by name or number.',
      shown: ['assembly/policy.test.ts', 'e2e/properties.test.ts'],
    }),
    property({
      name: 'tunnel',
      kind: flag,
      default: true,
      routeros: 'no',
      because: 'Between networks, which is what most policies are for, nothing else works.',
      text:
        'Tunnel mode: whole packets are carried inside others, between networks. no is ' +
        'transport mode: what the two hosts themselves send each other, under its own IP ' +
        "header; then src-address is this host's own address, dst-address the peer's. The " +
        'peer must say the same. Not in a template, where the peer chooses.',
      shown: ['e2e/transport.test.ts'],
    }),
    property({
      name: 'level',
      kind: choice(['require', 'unique', 'use']),
      default: 'require',
      text:
        'When there is no SA. require: ask for one, hold the first packets until it is there and ' +
        'drop the others; unique: the same, and the SA serves this policy only (here every SA ' +
        'does); use: pass the packet IN THE CLEAR and ask for none.',
      shown: ['assembly/flow.test.ts', 'e2e/levels.test.ts'],
    }),
    property({
      name: 'ipsec-protocols',
      kind: choice(['esp', 'ah'], ['ah,esp', 'esp,ah'], () => {
        // RFC 7296 §3.3, RFC 4301 §4.3; the data plane has both (assembly/bundle.ts)
        return 'an IKEv2 proposal has one protocol; both at once can be agreed by IKEv1 only';
      }),
      default: 'esp',
      text:
        'esp: encrypted and authentic. ah: authentic only, the IP header with it; the proposal ' +
        'needs auth-algorithms, and AH never passes a NAT. IKEv2 makes an SA of one protocol, so ' +
        "RouterOS's ah,esp (both at once) is refused.",
      shown: ['e2e/transport.test.ts'],
    }),
    property({
      name: 'peer',
      kind: names,
      default: '',
      text:
        'The peer at the other end of the tunnel. Must be set with action=encrypt. Of several ' +
        '(RouterOS 7) the first that works has the SA of the policy: a peer that is lost, does not ' +
        'answer or refuses makes way for the next at once, and has it again when it is back.',
      shown: ['exchanges/failover.test.ts', 'interop/strongswan-failover.test.ts'],
    }),
    property({
      name: 'proposal',
      kind: entryName,
      default: 'default',
      text: 'The proposal for phase 2.',
      shown: ['e2e/properties.test.ts', 'interop/strongswan-algorithms.test.ts'],
    }),
    property({
      name: 'template',
      kind: flag,
      default: false,
      text:
        'No policy, but a pattern from which generate-policy makes policies, in the place ' +
        'where this entry stands.',
      shown: ['exchanges/generate-policy.test.ts', 'interop/strongswan-road-warrior.test.ts'],
    }),
    property({
      name: 'group',
      kind: entryName,
      default: 'default',
      only: 'template=yes',
      text: 'The group a template belongs to; identities name the group they take templates from.',
      shown: ['exchanges/generate-policy.test.ts'],
    }),
    disabled('e2e/properties.test.ts'),
    comment,
  ],
  computed: [
    {
      name: 'active',
      notation: 'yes | no',
      text: 'Whether the policy has an SA; flag `A`.',
      shown: PRINTED,
    },
    isDefaultEntry,
    {
      name: 'dynamic',
      notation: 'yes | no',
      text: 'Whether it was made from a template, above it in the list; flag `D`. It has no number.',
      shown: ['exchanges/generate-policy.test.ts', 'interop/strongswan-road-warrior.test.ts'],
    },
    {
      name: 'invalid',
      notation: 'yes | no',
      text:
        'Whether another policy that matches the same packets is in force in its place; flag `I`. ' +
        'Among those that are written that is an error of the file.',
      shown: ['exchanges/generate-policy.test.ts'],
    },
    {
      name: 'backup',
      notation: 'yes | no',
      text:
        'Whether it has its SA with another than the first of its peers; flag `B` (RouterOS 7). ' +
        '`culvert doctor` says why.',
      shown: ['exchanges/failover.test.ts'],
    },
    {
      name: 'current-peer',
      notation: 'string',
      ours: true,
      text: 'Of several peers the one that has the SA of the policy.',
      shown: ['exchanges/failover.test.ts', 'interop/strongswan-failover.test.ts'],
    },
    {
      name: 'ph2-count',
      notation: 'integer',
      text: 'Phase 2 SAs of the policy, each with both directions.',
      shown: PRINTED,
    },
    {
      name: 'ph2-state',
      notation:
        'spawning | starting | ready-to-send | getspi-sent | getspi-done | msg1-sent | ' +
        'ready-to-establish | commiting | adding-sa | established | expired | no-phase2',
      text: 'How far the negotiation is.',
      shown: PRINTED,
    },
    {
      name: 'sa-src-address',
      notation: 'IP address',
      text: 'Our end of the SA. RouterOS 7 lets it be set; here it follows from peer.',
      shown: PRINTED,
    },
    {
      name: 'sa-dst-address',
      notation: 'IP address',
      text: "The peer's end of the SA. RouterOS 7 lets it be set; here it follows from peer.",
      shown: PRINTED,
    },
  ],
});

export const groupMenu = menu({
  name: 'group',
  list: true,
  builtin: 'default',
  text:
    'Groups of policy templates (RouterOS: policy group). The group `default` exists without ' +
    'being written.',
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The name templates and identities use.',
      shown: ['exchanges/generate-policy.test.ts'],
    }),
    comment,
  ],
  computed: [isDefaultEntry],
});
