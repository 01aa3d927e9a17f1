// culvert policy print
import type { Command } from 'commander';
import { addQuestion, noun } from './question.js';
import { formatPolicies } from './tables.js';

export function registerPolicy(program: Command): void {
  addQuestion(noun(program, 'policy', 'The policies, in matching order.'), {
    command: 'policy print',
    description: 'Print the policies and the state of their negotiation.',
    example: 'culvert policy print',
    format: formatPolicies,
  });
}
