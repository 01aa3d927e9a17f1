// What the commands that ask a running daemon have in common: --socket, --json, the terminal's width.
import type { Command } from 'commander';
import type { ControlCommand, ControlHandlers, ControlResult } from '../daemon/control.js';
import { ask, findSocket } from './socket.js';

interface Options {
  readonly socket?: string;
  readonly json?: boolean;
}

interface Question<C extends ControlCommand> {
  /** What the daemon is asked; its last word is the verb on the command line. */
  readonly command: C;
  readonly description: string;
  readonly example: string;
  /** The answer as text; `width` is 0 where the output is no terminal. */
  readonly format: (answer: ControlResult<C>, width: number) => string;
  /** Further options, and what they mean to the daemon. */
  readonly options?: readonly (readonly [flags: string, description: string])[];
  readonly args?: (given: Readonly<Record<string, unknown>>) => Parameters<ControlHandlers[C]>[0];
}

/** The noun a verb belongs to, made at its first verb. */
export function noun(program: Command, name: string, description: string): Command {
  return (
    program.commands.find((command) => command.name() === name) ??
    program
      .command(name)
      .description(description)
      .addHelpText('after', `\nExample:\n  culvert ${name} print`)
  );
}

/** Adds a verb that asks the daemon and prints its answer. */
export function addQuestion<C extends ControlCommand>(parent: Command, q: Question<C>): void {
  const verb = parent
    .command(q.command.split(' ').at(-1)!)
    .description(q.description)
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .option('--json', 'print JSON: times in seconds, RouterOS property names')
    .addHelpText('after', `\nExample:\n  ${q.example}`);
  for (const [flags, description] of q.options ?? []) verb.option(flags, description);
  verb.action(async (options: Options & Record<string, unknown>) => {
    const answer = await ask(await findSocket(options.socket), q.command, q.args?.(options));
    const width = process.stdout.isTTY ? process.stdout.columns : 0;
    const text = options.json ? `${JSON.stringify(answer, null, 2)}\n` : q.format(answer, width);
    process.stdout.write(text);
  });
}
