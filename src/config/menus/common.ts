// Properties that several menus have.
import { flag, text } from '../kind.js';
import { type Computed, property } from '../menu.js';

/** `shown`: the test of each menu's own. */
export const disabled = (...shown: readonly string[]) =>
  property({
    name: 'disabled',
    kind: flag,
    default: false,
    text: 'The entry is read and checked, and then not used.',
    shown,
  });
export const comment = property({
  name: 'comment',
  kind: text,
  default: '',
  text: 'A note for people; tables print it above the entry.',
  shown: ['cli/menu.test.ts', 'cli/tables.test.ts'],
});

/** Of the menus with an entry that is there without being written. */
export const isDefaultEntry: Computed = {
  name: 'default',
  notation: 'yes | no',
  text: 'The entry is the one that exists without being written; flag `*`.',
  shown: ['cli/menu.test.ts'],
};

/** Seconds. */
export const DAY = 86_400;

export const IKEV1 = 'IKEv1';
export const CERTIFICATES = 'authentication by certificate';
export const EAP = 'EAP';
export const RADIUS = 'RADIUS';
export const XAUTH = 'XAuth';
export const PPK = 'post-quantum preshared keys (RFC 8784, RFC 9867)';
