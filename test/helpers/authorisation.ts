// What an authentication server grants with its yes, in tests: nothing but what they name.
import type { Authorisation } from '../../src/ike/authorisation.js';

type Named = Pick<Authorisation, 'user' | 'session' | 'server'> & Partial<Authorisation>;

export const grant = (named: Named): Authorisation => ({
  userProved: true,
  framedAddress: undefined,
  framedPool: undefined,
  framedAddress6: undefined,
  framedPrefix6: undefined,
  framedPool6: undefined,
  dns: [],
  sessionTimeout: undefined,
  reauthenticate: false,
  idleTimeout: undefined,
  interimInterval: undefined,
  classes: [],
  ...named,
});
