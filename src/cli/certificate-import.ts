// `certificate import`: a certificate from a file, with what stands beside it; or a private key alone, for
// the certificate of the menu that it belongs to (as RouterOS does it).
import type { KeyObject } from 'node:crypto';
import { readCertificate } from '../certificates/certificate.js';
import { keyType } from '../certificates/describe.js';
import { blocks, loadMenu, parseKey, toPem } from '../certificates/files.js';
import { isPkcs12, readPkcs12 } from '../certificates/pkcs12.js';
import { needed, readGiven, Site } from './pki-files.js';
import { UserError } from './socket.js';

export const pemOf = (key: KeyObject): string =>
  key.export({ type: 'pkcs8', format: 'pem' }) as string;
export const filesOf = (name: string) => ({
  file: `certificates/${name}.pem`,
  'key-file': `certificates/${name}.key`,
});

export function say(name: string, der: Uint8Array): void {
  const { subjectText, x509, publicKey } = readCertificate(der);
  const text = `${name}: ${subjectText}, ${keyType(publicKey)}, valid until ${x509.validTo}`;
  process.stdout.write(`${text}\nfingerprint ${x509.fingerprint256}\n`);
}

interface Found {
  readonly certificates: readonly Uint8Array[];
  readonly key: KeyObject | undefined;
}

export async function importFile(
  given: Map<string, string>,
  file: string | undefined,
): Promise<void> {
  const site = new Site(file);
  const path = needed(given, 'file-name');
  const found = contentsOf(readGiven(path), given.get('passphrase') ?? '');
  const [leaf] = found.certificates;
  if (!leaf) {
    if (!found.key) throw new UserError(`${path}: no certificate in it, and no private key`);
    return importKey(site, found.key);
  }
  const name = given.get('name') ?? path.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
  site.checkFree('certificate', name);
  const keyPath = given.get('key-file-name');
  const passphrase = given.get('passphrase') ?? '';
  const key = keyPath ? keyIn(readGiven(keyPath), passphrase) : found.key;
  const certificate = readCertificate(leaf);
  if (key && !certificate.x509.checkPrivateKey(key)) {
    throw new UserError(`the private key is not the one of ${certificate.subjectText}`);
  }
  const files = filesOf(name);
  const trusted = given.get('trusted') ?? '';
  const keyFile = key ? { 'key-file': files['key-file'] } : {};
  site.change('certificate', 'add', name, { name, file: files.file, ...keyFile, trusted });
  if (key) site.write(files['key-file'], pemOf(key));
  site.write(files.file, found.certificates.map((der) => toPem('CERTIFICATE', der)).join(''));
  await site.save();
  say(name, leaf);
  if (certificate.isAuthority && trusted === '') {
    const how = `culvert certificate set ${name} trusted=yes`;
    process.stdout.write(`it is a CA, and does not vouch for peers: ${how}\n`);
  }
}

/** Comes after its certificate, in a file of its own. */
async function importKey(site: Site, key: KeyObject): Promise<void> {
  const { entries } = loadMenu(site.certificates());
  const own = entries.filter(({ certificate }) => certificate.x509.checkPrivateKey(key));
  const entry = own.find(({ privateKey }) => !privateKey);
  if (!entry) {
    const [first] = own;
    throw new UserError(
      first
        ? `certificate ${first.name} has its private key already`
        : 'a private key of no certificate in the menu: import its certificate first',
    );
  }
  const path = filesOf(entry.name)['key-file'];
  site.change('certificate', 'set', entry.name, { 'key-file': path });
  site.write(path, pemOf(key));
  await site.save();
  process.stdout.write(`${entry.name}: its private key, ${keyType(key)}\n`);
}

function contentsOf(bytes: Buffer, passphrase: string): Found {
  if (isPkcs12(bytes)) {
    const { certificate, chain, privateKey } = readPkcs12(bytes, passphrase);
    return { certificates: [certificate, ...chain], key: privateKey };
  }
  if (!bytes.includes('-----BEGIN ')) return contentsOfDer(bytes, passphrase);
  const hasKey = bytes.includes('PRIVATE KEY-----');
  return {
    certificates: blocks(bytes, 'CERTIFICATE'),
    key: hasKey ? keyIn(bytes, passphrase) : undefined,
  };
}

/** DER does not say which of the two it is. */
function contentsOfDer(bytes: Buffer, passphrase: string): Found {
  try {
    return { certificates: [readCertificate(bytes).der], key: undefined };
  } catch (noCertificate) {
    try {
      return { certificates: [], key: parseKey(bytes, passphrase) };
    } catch {
      throw noCertificate;
    }
  }
}

/** OpenSSL's words for a wrong passphrase are about padding. */
function keyIn(bytes: Buffer, passphrase: string): KeyObject {
  try {
    return parseKey(bytes, passphrase);
  } catch (error) {
    const text = 'the private key cannot be read: is it encrypted, and passphrase= the right one?';
    throw new UserError(text, { cause: error });
  }
}
