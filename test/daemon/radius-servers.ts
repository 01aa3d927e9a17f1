// A RADIUS server as the settings have it, for tests: ports and times as the menu's defaults are.
import type { RadiusServerSettings } from '../../src/config/settings.js';
import { parseAddress } from '../../src/policy/address.js';

export const radiusServer = (address: string, secret: Uint8Array): RadiusServerSettings => ({
  address: parseAddress(address)!,
  secret,
  authenticationPort: 1812,
  accountingPort: 1813,
  timeoutMs: 300,
  deadTime: 60,
  srcAddress: undefined,
  radsec: undefined,
});
