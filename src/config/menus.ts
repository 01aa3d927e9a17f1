// Every menu and property of the configuration file: one file per menu, one row per property.
// RouterOS's names, values and defaults (spec: /ip ipsec); where our default differs, `routeros` and
// `because` say so.
import type { Menu } from './menu.js';
import { addressListMenu, connectionMarkMenu, poolMenu } from './menus/beside.js';
import { certificateMenu } from './menus/certificate.js';
import { identityMenu } from './menus/identity.js';
import { keyMenu, keyPskMenu } from './menus/key.js';
import { modeConfigMenu } from './menus/mode-config.js';
import { logMenu, metricsMenu, tunMenu } from './menus/own.js';
import { peerMenu } from './menus/peer.js';
import { groupMenu, policyMenu } from './menus/policy.js';
import { profileMenu } from './menus/profile.js';
import { proposalMenu } from './menus/proposal.js';
import { radiusIncomingMenu, radiusMenu } from './menus/radius.js';
import { settingsMenu } from './menus/settings.js';
import { userMenu } from './menus/user.js';

/** In the order in which the reference page shows them, and in which the file is read. */
export const TABLE = [
  peerMenu,
  identityMenu,
  profileMenu,
  proposalMenu,
  policyMenu,
  groupMenu,
  modeConfigMenu,
  keyMenu,
  keyPskMenu,
  settingsMenu,
  certificateMenu,
  poolMenu,
  radiusMenu,
  radiusIncomingMenu,
  addressListMenu,
  connectionMarkMenu,
  userMenu,
  tunMenu,
  logMenu,
  metricsMenu,
] as const;

/** The same, without the types of their rows. */
export const MENUS: readonly Menu[] = TABLE;

export const menuNamed = (name: string): Menu | undefined =>
  MENUS.find((menu) => menu.name === name);

export { certificateMenu, identityMenu, logMenu, peerMenu, policyMenu };
export { modeConfigMenu, poolMenu, profileMenu, proposalMenu, tunMenu, userMenu };
export { PRINTED_MENUS } from './menus/printed.js';
