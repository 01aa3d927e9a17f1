// Menu `user`: who may log in where this gateway decides itself.
import { entryName, optional } from '../kind.js';
import { hiddenText } from '../list-kind.js';
import { menu, property } from '../menu.js';
import { address } from '../network-kind.js';
import { comment, disabled } from './common.js';

export const userMenu = menu({
  name: 'user',
  list: true,
  text:
    'Users that a responder lets in by auth-method=eap-local, without a RADIUS server (RouterOS 6: ' +
    '/ip ipsec user, for XAuth).',
  properties: [
    property({
      name: 'name',
      kind: entryName,
      text: 'The user name.',
      shown: ['exchanges/eap-methods.test.ts'],
    }),
    property({
      name: 'password',
      kind: hiddenText,
      default: '',
      text: 'The password, for eap-mschapv2. Without one the user cannot log in by it.',
      shown: ['exchanges/eap-methods.test.ts'],
    }),
    property({
      name: 'certificate',
      kind: optional(entryName),
      default: '',
      ours: true,
      text:
        "The user's certificate for eap-tls, by its name in the menu certificate. Without one, any " +
        "certificate of a trusted CA that has the user's name as its common name or as an " +
        'alternative name.',
      shown: ['exchanges/eap-methods.test.ts'],
    }),
    property({
      name: 'address',
      kind: optional(address),
      default: '',
      text: 'The address the user gets by mode-config, instead of one of a pool.',
      shown: ['exchanges/eap-methods.test.ts'],
    }),
    disabled('interop/strongswan-eap.test.ts'),
    comment,
  ],
});
