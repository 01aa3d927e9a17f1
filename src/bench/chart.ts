// Draws figures as an SVG bar chart: dark text on a light ground, a group of bars for each thing
// that was measured, every group on its own scale from zero, the figure beside its bar. The same
// figures always give the same file.

export interface Chart {
  readonly title: string;
  readonly groups: readonly Group[];
  /** Lines under the chart: machine, versions. */
  readonly notes: readonly string[];
}

export interface Group {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  /** Bars of one label have one colour in all groups. */
  readonly label: string;
  readonly value: number;
}

const WIDTH = 820;
const MARGIN = 20;
const LABELS = 240;
const FIGURES = 120;
const BAR = 16;
const STEP = 20;
const GROUP_GAP = 18;
const LINE = 18;
/** Distinct for most colour-blind readers, and dark enough beside the ground (after Paul Tol). */
const COLOURS = [
  '#225588',
  '#aa7711',
  '#447722',
  '#993355',
  '#557788',
  '#888833',
  '#774411',
  '#666666',
];
const INK = '#1a1a1a';
const GROUND = '#fcfcfa';

export function drawChart({ title, groups, notes }: Chart): string {
  const labels = [...new Set(groups.flatMap(({ bars }) => bars.map(({ label }) => label)))];
  const colour = (label: string): string => COLOURS[labels.indexOf(label) % COLOURS.length]!;
  const body: string[] = [];
  let y = MARGIN + 20;
  body.push(text(MARGIN, y, title, 'font-size="18" font-weight="bold"'));
  for (const group of groups) {
    y += GROUP_GAP + LINE;
    body.push(text(MARGIN, y, `${group.title} (${group.unit})`, 'font-weight="bold"'));
    y += 8;
    const most = Math.max(0, ...group.bars.map(({ value }) => value).filter(Number.isFinite));
    for (const { label, value } of group.bars) {
      const share = most > 0 && Number.isFinite(value) ? Math.max(0, value) / most : 0;
      body.push(...drawBar(y, label, share, `${formatFigure(value)}`, colour(label)));
      y += STEP;
    }
  }
  y += GROUP_GAP;
  for (const note of notes) {
    y += LINE;
    body.push(text(MARGIN, y, note, 'font-size="11"'));
  }
  const height = y + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"`,
    ` viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="sans-serif" font-size="13"`,
    ` fill="${INK}">\n`,
    `<title>${escapeXml(title)}</title>\n`,
    `<rect width="${WIDTH}" height="${height}" fill="${GROUND}"/>\n`,
    ...body.map((line) => `${line}\n`),
    '</svg>\n',
  ].join('');
}

function drawBar(y: number, label: string, share: number, figure: string, fill: string): string[] {
  const left = MARGIN + LABELS;
  const length = Math.round((WIDTH - left - FIGURES) * share);
  const base = y + BAR - 4;
  return [
    text(left - 8, base, label, 'text-anchor="end"'),
    `<rect x="${left}" y="${y}" width="${length}" height="${BAR}" fill="${fill}"/>`,
    text(left + length + 6, base, figure, ''),
  ];
}

function text(x: number, y: number, content: string, attributes: string): string {
  const more = attributes === '' ? '' : ` ${attributes}`;
  return `<text x="${x}" y="${y}"${more}>${escapeXml(content)}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** XML has no control characters at all, not even escaped. */
const escapeXml = (content: string): string =>
  content.replace(/\p{Cc}/gu, '?').replace(/[&<>"]/g, (found) => ENTITIES[found]!);

/** Three significant digits, thousands apart: `1 234`, `98.7`; a dash for what is not there. */
export function formatFigure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.min(6, Math.max(0, 2 - magnitude));
  const [whole, fraction] = value.toFixed(decimals).split('.') as [string, string?];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ' ');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
