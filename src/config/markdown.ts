// The little Markdown that the printed pages need.

export const code = (text: string): string => `\`${text}\``;

/** A cell must not end its column. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
