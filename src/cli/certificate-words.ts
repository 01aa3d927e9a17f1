// The words of `certificate create` and `sign`, RouterOS's names and values, checked before OpenSSL sees
// them: its notation gives commas, colons and "@" a meaning of their own.
import { isIP } from 'node:net';
import { type Template, USAGES } from '../certificates/authority.js';
import { KEY_SIZES, type KeySize } from '../certificates/keys.js';
import { UserError } from './socket.js';

const ATTRIBUTES: readonly (readonly [word: string, attribute: string])[] = [
  ['country', 'C'],
  ['state', 'ST'],
  ['locality', 'L'],
  ['organization', 'O'],
  ['unit', 'OU'],
];

export const TEMPLATE_WORDS: readonly string[] = [
  'common-name',
  ...ATTRIBUTES.map(([word]) => word),
  'subject-alt-name',
  'key-usage',
  'days-valid',
  'path-length',
  'crl-url',
  'ocsp-url',
];

const DEFAULT_USAGE = 'digital-signature,key-encipherment,tls-server,tls-client,ipsec-ike';
const MOST_DAYS = 36_500;

export function templateOf(given: ReadonlyMap<string, string>, commonName: string): Template {
  const value = (word: string): string => given.get(word) ?? '';
  const keyUsage = (value('key-usage') || DEFAULT_USAGE).split(',');
  const stray = keyUsage.find((word) => !USAGES.includes(word));
  if (stray !== undefined) {
    throw new UserError(`key-usage=${stray}: expected some of ${USAGES.join(', ')}`);
  }
  if (value('country') !== '' && !/^[A-Z]{2}$/.test(value('country'))) {
    throw new UserError(`country=${value('country')}: two letters such as CH`);
  }
  return {
    commonName: text('common-name', commonName),
    attributes: ATTRIBUTES.flatMap(([word, attribute]) =>
      value(word) === '' ? [] : [[attribute, text(word, value(word))] as const],
    ),
    subjectAltName: alternativeNames(value('subject-alt-name')),
    keyUsage,
    daysValid: whole(given, 'days-valid', 365, 1, MOST_DAYS)!,
    pathLength: whole(given, 'path-length', undefined, 0, 9),
    crlUrl: url('crl-url', value('crl-url')),
    ocspUrl: url('ocsp-url', value('ocsp-url')),
  };
}

export function keySizeOf(given: ReadonlyMap<string, string>): KeySize {
  const wanted = given.get('key-size') ?? '2048';
  const found = KEY_SIZES.find((size) => size === wanted);
  if (found) return found;
  throw new UserError(`key-size=${wanted}: expected one of ${KEY_SIZES.join(', ')}`);
}

/** RFC 5280 appendix A: 64 characters for each attribute. */
function text(word: string, value: string): string {
  if (/^[^\p{Cc}]{1,64}$/u.test(value)) return value;
  throw new UserError(`${word}=${value}: expected 1 to 64 printable characters`);
}

function whole<D extends number | undefined>(
  given: ReadonlyMap<string, string>,
  word: string,
  otherwise: D,
  least: number,
  most: number,
): number | D {
  const value = given.get(word);
  if (value === undefined) return otherwise;
  const number = /^\d{1,6}$/.test(value) ? Number(value) : -1;
  if (number >= least && number <= most) return number;
  throw new UserError(`${word}=${value}: expected a number from ${least} to ${most}`);
}

function alternativeNames(value: string): string {
  if (value === '') return '';
  for (const name of value.split(',')) {
    const [, kind, rest = ''] = /^(DNS|email|IP):(.+)$/.exec(name) ?? [];
    const good =
      (kind === 'DNS' && /^(\*\.)?[\w-]+(\.[\w-]+)*$/.test(rest)) ||
      (kind === 'email' && /^[\w.+-]+@[\w.-]+$/.test(rest)) ||
      (kind === 'IP' && isIP(rest) !== 0);
    if (!good) {
      throw new UserError(
        `subject-alt-name=${name}: expected DNS:NAME, email:USER@DOMAIN or IP:ADDRESS, several by commas`,
      );
    }
  }
  return value;
}

function url(word: string, value: string): string {
  if (value === '' || /^http:\/\/[\w.:/[\]%~-]+$/.test(value)) return value;
  throw new UserError(`${word}=${value}: expected an address such as http://pki.example/ca.crl`);
}
