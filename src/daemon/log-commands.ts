// `log print` and `log follow`: what of the kept lines somebody asks for.
import type { ControlHandlers, ControlStreams, LogArguments } from './commands.js';
import { type History, LEVELS, type LogFilter } from './history.js';
import type { LogLevel } from './log.js';

/** Our own choice: what fits a tall terminal. */
const USUAL_LINES = 50;

export function logCommands(history: History): {
  readonly handlers: Pick<ControlHandlers, 'log print'>;
  readonly streams: Pick<ControlStreams, 'log follow'>;
} {
  return {
    handlers: { 'log print': (args) => history.last(filterOf(args), linesOf(args)) },
    streams: {
      'log follow': (args, signal) => history.follow(filterOf(args), linesOf(args), signal),
    },
  };
}

function filterOf({ level = 'info', peer, topic }: LogArguments): LogFilter {
  if (!LEVELS.includes(level as LogLevel)) {
    throw new Error(`level ${JSON.stringify(level)}: expected one of ${LEVELS.join(', ')}`);
  }
  return {
    level: level as LogLevel,
    ...(peer === undefined ? {} : { peer }),
    ...(topic === undefined ? {} : { topic }),
  };
}

function linesOf({ lines = USUAL_LINES }: LogArguments): number {
  if (Number.isInteger(lines) && lines >= 0) return lines;
  throw new Error(`lines ${lines}: expected a whole number`);
}
