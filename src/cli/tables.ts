// The four tables of the print commands: which columns, in which order, and how a value is written.
// They are data, so that `culvert demo` and the commands print the same.
import { formatDuration } from '../config/duration.js';
import { COUNTERS } from '../daemon/counter-names.js';
import type { ActivePeerRow, InstalledSaRow, PolicyRow, StatisticsRow } from '../daemon/rows.js';
import { formatProperties, formatTable, type Table } from './table.js';

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

export const POLICIES: Table<PolicyRow> = {
  flags: [
    { letter: 'T', name: 'template', on: (row) => row.template },
    { letter: 'B', name: 'backup', on: (row) => row.backup },
    { letter: 'X', name: 'disabled', on: (row) => row.disabled },
    { letter: 'D', name: 'dynamic', on: (row) => row.dynamic },
    { letter: 'I', name: 'invalid', on: (row) => row.invalid },
    { letter: 'A', name: 'active', on: (row) => row.active },
    { letter: '*', name: 'default', on: (row) => row.default },
  ],
  number: (row) => row.number,
  comment: (row) => row.comment,
  columns: [
    { name: 'peer', value: (row) => row.peer },
    { name: 'tunnel', value: (row) => yesNo(row.tunnel) },
    { name: 'src-address', value: (row) => withPort(row['src-address'], row['src-port']) },
    { name: 'dst-address', value: (row) => withPort(row['dst-address'], row['dst-port']) },
    { name: 'protocol', value: (row) => row.protocol },
    { name: 'action', value: (row) => row.action },
    { name: 'level', value: (row) => row.level },
    // Only an encrypt policy negotiates.
    { name: 'ph2-state', value: (row) => (row.action === 'encrypt' ? row['ph2-state'] : '') },
    { name: 'ph2-count', value: (row) => String(row['ph2-count']), right: true },
    { name: 'proposal', value: (row) => row.proposal },
    { name: 'current-peer', value: (row) => row['current-peer'] },
    { name: 'sa-src-address', value: (row) => row['sa-src-address'] },
    { name: 'sa-dst-address', value: (row) => row['sa-dst-address'] },
  ],
};

/** The port behind the prefix where the policy names one: `198.51.100.0/24 port 80`. */
const withPort = (address: string, port: number | 'any'): string =>
  port === 'any' ? address : `${address} port ${port}`;

/** The state first: it is what one looks for. */
export const ACTIVE_PEERS: Table<ActivePeerRow> = {
  flags: [
    { letter: 'R', name: 'responder', on: (row) => row.responder },
    { letter: 'N', name: 'natt-peer', on: (row) => row['natt-peer'] },
  ],
  columns: [
    { name: 'peer', value: (row) => row.peer },
    { name: 'state', value: (row) => row.state },
    { name: 'uptime', value: (row) => formatDuration(row.uptime) },
    { name: 'ph2-total', value: (row) => String(row['ph2-total']), right: true },
    { name: 'remote-address', value: (row) => row['remote-address'] },
    { name: 'port', value: (row) => String(row.port), right: true },
    { name: 'id', value: (row) => row.id },
    { name: 'user', value: (row) => row.user },
    { name: 'last-seen', value: (row) => formatDuration(row['last-seen']) },
    { name: 'rx-bytes', value: (row) => grouped(row['rx-bytes']), right: true },
    { name: 'tx-bytes', value: (row) => grouped(row['tx-bytes']), right: true },
    { name: 'rx-packets', value: (row) => grouped(row['rx-packets']), right: true },
    { name: 'tx-packets', value: (row) => grouped(row['tx-packets']), right: true },
    { name: 'dynamic-address', value: (row) => row['dynamic-address'] },
    { name: 'local-address', value: (row) => row['local-address'] },
    { name: 'spii', value: (row) => row.spii },
    { name: 'spir', value: (row) => row.spir },
  ],
};

/** RouterOS shows keys here; ours come only on demand (`KEYS`). */
export const INSTALLED_SAS: Table<InstalledSaRow> = {
  flags: [
    { letter: 'S', name: 'seen-traffic', on: (row) => row['seen-traffic'] },
    { letter: 'H', name: 'hw-aead', on: (row) => row['hw-aead'] },
    { letter: 'A', name: 'ah', on: (row) => row.AH },
    { letter: 'E', name: 'esp', on: (row) => row.ESP },
  ],
  columns: [
    { name: 'spi', value: (row) => row.spi },
    { name: 'direction', value: (row) => row.direction },
    { name: 'state', value: (row) => row.state },
    { name: 'src-address', value: (row) => row['src-address'] },
    { name: 'dst-address', value: (row) => row['dst-address'] },
    { name: 'enc-algorithm', value: (row) => row['enc-algorithm'] },
    { name: 'auth-algorithm', value: (row) => row['auth-algorithm'] },
    { name: 'current-bytes', value: (row) => grouped(row['current-bytes']), right: true },
    { name: 'expires-in', value: (row) => formatDuration(row['expires-in']) },
    { name: 'enc-key-size', value: (row) => String(row['enc-key-size']), right: true },
    { name: 'peer', value: (row) => row.peer },
    { name: 'current-packets', value: (row) => grouped(row['current-packets']), right: true },
    { name: 'invalid-packets', value: (row) => grouped(row['invalid-packets']), right: true },
    { name: 'replay', value: (row) => String(row.replay), right: true },
    { name: 'esn', value: (row) => yesNo(row.esn) },
    { name: 'add-lifetime', value: (row) => row['add-lifetime'].map(formatDuration).join('/') },
    { name: 'addtime', value: (row) => dateTime(row.addtime) },
  ],
};

const KEYS: Table<InstalledSaRow>['columns'] = [
  { name: 'enc-key', value: (row) => row['enc-key'] ?? '' },
  { name: 'auth-key', value: (row) => row['auth-key'] ?? '' },
];

/** RouterOS groups digits by spaces; columns are easier to read with a narrow one. */
const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ' ');

/** `2026-11-23 16:20:01`, in the terminal's time zone. */
function dateTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

/** Which of several peers is in use has a column only where some policy has several. */
export function formatPolicies(rows: readonly PolicyRow[], width = 0): string {
  const columns = POLICIES.columns.filter(
    ({ name }) => name !== 'current-peer' || rows.some((row) => row['current-peer'] !== ''),
  );
  return formatTable({ ...POLICIES, columns }, rows, width);
}

/** Users have a column only where there is one: between gateways there never is. */
export function formatActivePeers(rows: readonly ActivePeerRow[], width = 0): string {
  const columns = ACTIVE_PEERS.columns.filter(
    ({ name }) => name !== 'user' || rows.some(({ user }) => user !== ''),
  );
  return formatTable({ ...ACTIVE_PEERS, columns }, rows, width);
}

/** Keys stand right after the SPI, and only where the answer has them. */
export function formatInstalledSas(rows: readonly InstalledSaRow[], width = 0): string {
  const [spi, ...rest] = INSTALLED_SAS.columns;
  const keys = rows.some((row) => row['enc-key'] !== undefined) ? KEYS : [];
  return formatTable({ ...INSTALLED_SAS, columns: [spi!, ...keys, ...rest] }, rows, width);
}

/** All counters in RouterOS's order, ours behind a blank line. */
export function formatStatistics(row: StatisticsRow): string {
  const lines = formatProperties(COUNTERS.map(({ name }) => [name, grouped(row[name])]));
  const ours = COUNTERS.findIndex(({ name }) => name === 'in-packets');
  return lines.split('\n').toSpliced(ours, 0, '').join('\n');
}
