// Shell completion. `culvert completion SHELL` prints a few lines for the shell's start file; they ask
// `culvert complete WORD …` at every Tab, so that what is offered is what this version takes: commands,
// options, properties and their values from the table of menus.
import type { Command } from 'commander';
import type { Menu } from '../config/menu.js';
import { menuNamed } from '../config/menus.js';
import { UserError } from './socket.js';

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_culvert() {
  local IFS=$'\\n' line="\${COMP_LINE:0:COMP_POINT}" word
  word="\${line##*[[:space:]]}"
  COMPREPLY=($(culvert complete -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$word" 2>/dev/null))
  # bash breaks words at = as well; what stands before it is there already.
  [[ "$word" == *=* ]] && COMPREPLY=("\${COMPREPLY[@]#*=}")
  [[ "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace
  [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
}
complete -F _culvert culvert
`,
  zsh: `#compdef culvert
_culvert() {
  local -a found
  found=("\${(@f)$(culvert complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z "\${found[1]}" ]]; then _files; return; fi
  compadd -S '' -- \${(M)found:#*=}
  compadd -- \${found:#*=}
}
compdef _culvert culvert
`,
  fish: `function __culvert
  culvert complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null
end
complete -c culvert -f -a '(__culvert)'
complete -c culvert -n '__fish_seen_subcommand_from run check import export' -F
`,
};

export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .description('Print the completion script of a shell: bash, zsh or fish.')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      '\nExample:\n  culvert completion bash > /etc/bash_completion.d/culvert' +
        '\n  culvert completion zsh > /usr/local/share/zsh/site-functions/_culvert' +
        '\n  culvert completion fish > ~/.config/fish/completions/culvert.fish',
    )
    .action((shell: string) => {
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
      if (script === undefined) {
        throw new UserError(`${shell}: expected ${Object.keys(SCRIPTS).join(', ')}`);
      }
      process.stdout.write(script);
    });
  program
    .command('complete', { hidden: true })
    .description('What may stand in the place of the last word; for the scripts of completion.')
    .argument('[words...]')
    .allowUnknownOption()
    .addHelpText('after', '\nExample:\n  culvert complete -- policy ad')
    .action((words: string[]) => {
      process.stdout.write(
        candidates(program, words)
          .map((word) => `${word}\n`)
          .join(''),
      );
    });
}

/** What the last of `words` may become. */
export function candidates(program: Command, words: readonly string[]): string[] {
  const last = words.at(-1) ?? '';
  let command = program;
  for (const word of words.slice(0, -1)) {
    command = command.commands.find((one) => one.name() === word) ?? command;
  }
  const options = command.options.flatMap(({ long }) => (long ? [long] : []));
  const verbs = command.commands.map((one) => one.name()).filter((name) => name !== 'complete');
  const menu = menuNamed(command.parent?.name() ?? '');
  const properties = menu && verbs.length === 0 ? propertiesOf(menu, command.name(), words) : [];
  const all = last.startsWith('-') ? [...options, '--help'] : [...verbs, ...properties];
  return all.filter((one) => one.startsWith(last));
}

const EDITING = ['add', 'set'];

function propertiesOf(menu: Menu, verb: string, words: readonly string[]): string[] {
  const filtering = verb === 'print' && words.includes('where');
  if (verb === 'print' && !filtering) return ['detail', 'terse', 'count-only', 'where'];
  if (!EDITING.includes(verb) && !filtering) return [];
  const [name, value] = (words.at(-1) ?? '').split(/=(.*)/s);
  if (value === undefined) return menu.properties.map((row) => `${row.name}=`);
  const row = menu.properties.find((one) => one.name === name);
  return row ? wordsOf(row.kind.schema).map((word) => `${name}=${word}`) : [];
}

/** The words that a kind's schema names, those of its items among them. */
function wordsOf(schema: Readonly<Record<string, unknown>>): string[] {
  const {
    enum: words = [],
    const: only,
    anyOf = [],
    items,
  } = schema as {
    enum?: unknown[];
    const?: unknown;
    anyOf?: Record<string, unknown>[];
    items?: Record<string, unknown>;
  };
  const own = [...words, only].filter((word) => typeof word === 'string' && word !== '');
  const inner = [...anyOf, ...(items ? [items] : [])].flatMap(wordsOf);
  const all = [...new Set([...(own as string[]), ...inner])];
  return all.includes('yes') && all.includes('true') ? ['yes', 'no'] : all;
}
