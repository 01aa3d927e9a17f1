// A terminal that a test can read: a tmux server of its own, with one window.
import { runNow } from './command.js';

export class Tmux {
  readonly #socket: string;

  /** Runs `command` (a shell's) in a terminal of that size. */
  constructor(socket: string, columns: number, rows: number, command: string) {
    this.#socket = socket;
    const size = ['-x', `${columns}`, '-y', `${rows}`];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, command);
    this.#tmux('set-option', '-g', 'status', 'off');
  }

  #tmux(...words: string[]): string {
    return runNow(['env', 'LC_ALL=C.UTF-8', 'tmux', '-u', '-S', this.#socket, ...words]);
  }

  /** What stands on the screen, a line per row. */
  screen(): string[] {
    return this.#tmux('capture-pane', '-p').split('\n');
  }

  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** Whether a program has the alternate screen, and whether the cursor is to be seen. */
  modes(): { readonly alternate: boolean; readonly cursor: boolean } {
    const [alternate, cursor] = this.#tmux(
      'display-message',
      '-p',
      '#{alternate_on} #{cursor_flag}',
    ).split(/\s+/);
    return { alternate: alternate === '1', cursor: cursor === '1' };
  }

  close(): void {
    this.#tmux('kill-server');
  }
}
