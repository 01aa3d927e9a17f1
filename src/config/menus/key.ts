// Menus `key` and `key-psk`: raw RSA keys for IKEv1, and one-time post-quantum keys.
import { entryName, type Kind } from '../kind.js';
import { filePath, hexadecimal } from '../list-kind.js';
import { menu, property } from '../menu.js';
import { comment, IKEV1, PPK } from './common.js';

export const keyMenu = menu({
  name: 'key',
  list: true,
  text: 'RSA keys for auth-method=rsa-key (RouterOS 7: key rsa). Each is a PEM file on this host.',
  later: `${IKEV1} with RSA keys`,
  properties: [
    property({ name: 'name', kind: entryName, text: 'The name identities use.' }),
    property({
      name: 'file',
      kind: filePath,
      ours: true,
      text: 'The PEM file with the public or private key.',
      later: { what: `${IKEV1} with RSA keys`, values: () => false, meanwhile: 'peer' },
    }),
    comment,
  ],
  computed: [
    {
      name: 'key-size',
      notation: '1024 | 2048 | 4096 | 8192',
      text: 'Bits of the key.',
      shown: ['cli/certificate.test.ts'],
    },
    {
      name: 'private-key',
      notation: 'yes | no',
      text: 'Whether the file holds a private key.',
      shown: ['cli/certificate.test.ts'],
    },
    {
      name: 'rsa',
      notation: 'yes | no',
      text: 'Whether it is an RSA key.',
      shown: ['cli/certificate.test.ts'],
    },
  ],
});

/** RouterOS takes no shorter one. */
const longName: Kind<string> = {
  ...entryName,
  read(written) {
    const result = entryName.read(written);
    if ('expected' in result || result.value.length >= 16) return result;
    return { expected: 'a name of 16 to 64 characters' };
  },
};

// RFC 8784 §6: at least 256 bits of entropy.
const PPK_BYTES = 32;

export const keyPskMenu = menu({
  name: 'key-psk',
  list: true,
  text: 'One-time post-quantum keys (RouterOS 7: key psk).',
  later: PPK,
  properties: [
    property({ name: 'peer', kind: entryName, text: 'The peer the key is for.' }),
    property({
      name: 'id',
      kind: longName,
      text: 'The name under which both sides know the key: at least 16 characters.',
    }),
    property({
      name: 'key',
      kind: hexadecimal(PPK_BYTES),
      text: 'The key in hexadecimal, at least 256 bits.',
      later: { what: PPK, values: () => false, meanwhile: 'peer' },
    }),
    comment,
  ],
});
