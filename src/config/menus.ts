// Every menu and property of the configuration file: one file per menu, one row per property.
// RouterOS's names, values and defaults (spec: /ip ipsec); where our default differs, `routeros` and
// `because` say so.
import type { Menu } from './menu.js';
import { identityMenu } from './menus/identity.js';
import { logMenu, tunMenu } from './menus/own.js';
import { peerMenu } from './menus/peer.js';
import { policyMenu } from './menus/policy.js';
import { profileMenu } from './menus/profile.js';
import { proposalMenu } from './menus/proposal.js';

export { identityMenu, logMenu, peerMenu, policyMenu, profileMenu, proposalMenu, tunMenu };

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
