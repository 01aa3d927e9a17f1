// Menu `identity`: how each side of a peer proves who it is.
import { choice, entryName } from '../kind.js';
import { menu, property } from '../menu.js';
import { identification, remoteIdentification, secret } from '../network-kind.js';
import { comment, disabled } from './common.js';

export const identityMenu = menu({
  name: 'identity',
  list: true,
  text: 'How a peer proves who it is, and how we do. Every peer needs at least one.',
  later: [
    'certificate',
    'eap-methods',
    'generate-policy',
    'key',
    'match-by',
    'mode-config',
    'notrack-chain',
    'password',
    'policy-template-group',
    'remote-certificate',
    'remote-key',
    'username',
  ],
  properties: [
    property({
      name: 'peer',
      kind: entryName,
      text: 'The peer this is for.',
    }),
    property({
      name: 'auth-method',
      kind: choice(
        ['pre-shared-key'],
        [
          'digital-signature',
          'eap',
          'eap-radius',
          'pre-shared-key-xauth',
          'rsa-key',
          'rsa-signature-hybrid',
        ],
      ),
      default: 'pre-shared-key',
      text: 'How both sides prove who they are.',
    }),
    property({
      name: 'secret',
      kind: secret,
      default: '',
      text:
        'The pre-shared key: text, or bytes as 0x and hexadecimal digits. Must be set with ' +
        'auth-method=pre-shared-key.',
    }),
    property({
      name: 'my-id',
      kind: identification,
      default: 'auto',
      text:
        'Who we say we are. auto: our address. key-id takes text, or 0x and hexadecimal ' +
        'digits.',
    }),
    property({
      name: 'remote-id',
      kind: remoteIdentification,
      default: 'auto',
      text:
        'Who the peer must say it is. auto: any identity that knows the secret; ignore: ' +
        'the same here, where no certificate is checked.',
    }),
    disabled,
    comment,
  ],
});
