// The table of `certificate print`, with RouterOS's flags.
import type { CertificateRow } from '../certificates/describe.js';
import { formatTable, type Table } from './table.js';

const DAY_CHARACTERS = 10;

export const CERTIFICATES: Table<CertificateRow> = {
  flags: [
    { letter: 'K', name: 'private-key', on: (row) => row['private-key'] },
    { letter: 'A', name: 'authority', on: (row) => row.authority },
    { letter: 'T', name: 'trusted', on: (row) => row.trusted },
    { letter: 'R', name: 'revoked', on: (row) => row.revoked },
    { letter: 'E', name: 'expired', on: (row) => row.expired },
  ],
  comment: (row) => row.comment,
  columns: [
    { name: 'name', value: (row) => row.name },
    { name: 'common-name', value: (row) => row['common-name'] },
    { name: 'subject-alt-name', value: (row) => row['subject-alt-name'] },
    { name: 'invalid-after', value: (row) => row['invalid-after'].slice(0, DAY_CHARACTERS) },
    { name: 'key-type', value: (row) => row['key-type'] },
    { name: 'fingerprint', value: (row) => row.fingerprint },
    { name: 'issuer', value: (row) => row.issuer },
    { name: 'serial-number', value: (row) => row['serial-number'] },
    { name: 'invalid-before', value: (row) => row['invalid-before'].slice(0, DAY_CHARACTERS) },
    { name: 'failure', value: (row) => row.failure },
  ],
};

/** The column of failures only where there is one; then it stands first. */
export function formatCertificates(rows: readonly CertificateRow[], width = 0): string {
  const failed = rows.some(({ failure }) => failure !== '');
  const rest = CERTIFICATES.columns.filter(({ name }) => name !== 'failure');
  const [name, ...others] = rest;
  const failure = CERTIFICATES.columns.at(-1)!;
  return formatTable(
    { ...CERTIFICATES, columns: failed ? [name!, failure, ...others] : rest },
    rows,
    width,
  );
}
