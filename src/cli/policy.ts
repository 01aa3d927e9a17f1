// culvert policy print: the policies with the state of their negotiation; the other verbs are those of
// every menu (menu.ts).
import type { Command } from 'commander';
import { readFile } from '../config/file.js';
import { policyMenu } from '../config/menus.js';
import { printMenu } from './menu.js';
import { addQuestion, noun } from './question.js';
import { formatPolicies, POLICIES } from './tables.js';

export function registerPolicy(program: Command): void {
  addQuestion(noun(program, 'policy', policyMenu.text), {
    command: 'policy print',
    description: 'Print the policies and the state of their negotiation.',
    example: 'culvert policy print detail where peer=west',
    format: formatPolicies,
    table: POLICIES,
    ofFile: (path, words, options) => printMenu(policyMenu, readFile(path), words, options),
  });
}
