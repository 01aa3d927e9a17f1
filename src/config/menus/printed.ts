// The menus that are only printed: what is computed while the daemon runs.
import type { Computed, PrintedMenu } from '../menu.js';
import { PPK } from './common.js';

const TABLES = ['e2e/properties.test.ts'];
const row = (name: string, notation: string, text: string): Computed => ({
  name,
  notation,
  text,
  shown: TABLES,
});
const ours = (computed: Computed): Computed => ({ ...computed, ours: true });

export const activePeersMenu: PrintedMenu = {
  name: 'active-peers',
  text: 'The peers we are connected to, or are connecting to: IKE SAs (phase 1).',
  commands: ['kill-connections', 'remove'],
  computed: [
    ours(row('peer', 'string', 'The name of the configured peer.')),
    row('id', 'string', 'The identity the peer proved (RouterOS 7).'),
    ours(row('user', 'string', 'The user that EAP proved, where one did.')),
    row('local-address', 'IP address', 'Our address towards the peer.'),
    row('remote-address', 'IP address', "The peer's address."),
    row('port', 'integer', "The peer's UDP port (RouterOS 7)."),
    row(
      'state',
      'spawning | starting | message-1-sent | message-1-received | message-2-sent | ' +
        'message-2-received | message-3-sent | message-3-received | message-4-received | eap | ' +
        'crypto | established | expired | no-phase1',
      'How far the negotiation is.',
    ),
    row('side', 'initiator | responder', 'Which side began, whoever rekeyed since.'),
    row('responder', 'yes | no', 'Whether the peer began; flag `R`.'),
    row('natt-peer', 'yes | no', 'Whether NAT-T is used: packets travel in UDP; flag `N`.'),
    row('dynamic-address', 'IP address', 'What mode-config gave the peer, of each family.'),
    row('uptime', 'time', 'How long it has been established; a rekey changes nothing.'),
    row('last-seen', 'time', 'Time since the last authentic message of the peer.'),
    row('ph2-total', 'integer', 'Its phase 2 SAs.'),
    row('spii', 'string', "The initiator's SPI (RouterOS 7)."),
    row('spir', 'string', "The responder's SPI (RouterOS 7)."),
    row('rx-bytes', 'integer', 'Bytes received in its SAs, replaced ones too.'),
    row('rx-packets', 'integer', 'Packets received in its SAs, replaced ones too.'),
    row('tx-bytes', 'integer', 'Bytes sent in its SAs, replaced ones too.'),
    row('tx-packets', 'integer', 'Packets sent in its SAs, replaced ones too.'),
    {
      name: 'ppk',
      notation: 'yes | no',
      text: 'Whether a post-quantum key is in use; flag `P` (RouterOS 7).',
      later: PPK,
    },
  ],
};

const installedSaMenu: PrintedMenu = {
  name: 'installed-sa',
  text: 'The SAs that carry packets (phase 2), one row for each direction.',
  commands: ['flush'],
  computed: [
    row('spi', 'string', 'The number that stands in each packet.'),
    ours(row('peer', 'string', 'The name of the configured peer.')),
    ours(row('direction', 'in | out', 'Whether the SA is for packets to us or from us.')),
    row('src-address', 'IP address', 'Outer source; with its port under UDP encapsulation.'),
    row('dst-address', 'IP address', 'Outer destination; with its port under UDP encapsulation.'),
    row('state', 'larval | mature | dying | dead', 'dying: being replaced.'),
    row('AH', 'yes | no', 'Whether it is an AH SA; flag `A`.'),
    row('ESP', 'yes | no', 'Whether it is an ESP SA; flag `E`.'),
    row('auth-algorithm', 'none | md5 | sha1 | sha256 | …', 'Integrity; none with an AEAD.'),
    row('auth-key', 'string', 'Its key, with --show-secrets alone.'),
    row('enc-algorithm', 'none | aes-cbc | aes-gcm | …', 'Encryption.'),
    row('enc-key', 'string', 'Its key (and salt), with --show-secrets alone.'),
    row('enc-key-size', 'integer: bits', 'Length of the key.'),
    row('addtime', 'time', 'When the SA was made.'),
    row('add-lifetime', 'time/time', 'Soft limit (it is replaced) and hard limit (it is deleted).'),
    row('expires-in', 'time', 'Time until the hard limit.'),
    row('current-bytes', 'integer', 'Bytes it carried.'),
    row('current-packets', 'integer', 'Packets it carried (RouterOS 7).'),
    row('invalid-packets', 'integer', 'Packets that failed their check (RouterOS 7).'),
    row('replay', 'integer: packets', 'Size of the replay window.'),
    {
      name: 'hw-aead',
      notation: 'yes | no',
      text: 'Whether hardware encrypts. Never: this gateway runs in user space.',
      shown: TABLES,
    },
    ours(row('esn', 'yes | no', 'Whether sequence numbers have 64 bits.')),
    row('seen-traffic', 'yes | no', 'Whether it carried a packet; flag `S` (RouterOS 7).'),
  ],
};

/** RouterOS's 25 counters; docs/operating.md says what raises each. */
const COUNTERS =
  'in-errors in-buffer-errors in-header-errors in-no-states in-state-protocol-errors ' +
  'in-state-mode-errors in-state-sequence-errors in-state-expired in-state-mismatches ' +
  'in-state-invalid in-template-mismatches in-no-policies in-policy-blocked in-policy-errors ' +
  'out-errors out-bundle-errors out-bundle-check-errors out-no-states out-state-protocol-errors ' +
  'out-state-mode-errors out-state-sequence-errors out-state-expired out-policy-blocked ' +
  'out-policy-dead out-policy-errors';

const statisticsMenu: PrintedMenu = {
  name: 'statistics',
  text: 'Counters of packets that went wrong; docs/operating.md says what raises each.',
  commands: [],
  computed: COUNTERS.split(' ').map((name) => ({
    name,
    notation: 'integer',
    text: name.startsWith('in-') ? 'Inbound packets.' : 'Outbound packets.',
    shown: ['dataplane/statistics.test.ts'],
  })),
};

export const PRINTED_MENUS: readonly PrintedMenu[] = [
  activePeersMenu,
  installedSaMenu,
  statisticsMenu,
];
