// culvert statistics print
import type { Command } from 'commander';
import { addQuestion, noun } from './question.js';
import { formatStatistics } from './tables.js';

export function registerStatistics(program: Command): void {
  addQuestion(noun(program, 'statistics', 'Counters of packets, errors and drops.'), {
    command: 'statistics print',
    description: 'Print every counter; docs/operating.md names its cause and what to do.',
    example: 'culvert statistics print',
    format: formatStatistics,
  });
}
