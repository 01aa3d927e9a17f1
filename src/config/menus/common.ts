// Properties that several menus have.
import { flag, text } from '../kind.js';
import { property } from '../menu.js';

/** Of nearly every list. */
export const disabled = property({
  name: 'disabled',
  kind: flag,
  default: false,
  text: 'The entry is read and checked, and then not used.',
});
export const comment = property({
  name: 'comment',
  kind: text,
  default: '',
  text: 'A note for people; tables print it above the entry.',
});

/** Seconds. */
export const DAY = 86_400;
