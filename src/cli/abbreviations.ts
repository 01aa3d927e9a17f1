// RouterOS's habit on the command line: `culvert pol pr` is `culvert policy print`.
import type { Command } from 'commander';
import { wholeName } from '../config/abbreviation.js';
import { MENUS, PRINTED_MENUS } from '../config/menus.js';

const NOUNS = [...MENUS, ...PRINTED_MENUS].map(({ name }) => name);

/**
 * Menu and verb in full; what is no unique beginning is left for the error to name, and commands that are
 * not RouterOS's are written out.
 */
export function inFull(program: Command, words: readonly string[]): string[] {
  let command = program;
  const full: string[] = [];
  for (const word of words) {
    const names = command.commands.map((one) => one.name());
    const whole = wholeName(word, names);
    const next = command.commands.find((one) => one.name() === whole);
    if (!next || (command === program && !NOUNS.includes(whole))) break;
    full.push(whole);
    command = next;
  }
  return [...full, ...words.slice(full.length)];
}
