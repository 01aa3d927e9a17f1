// culvert certificate: a small CA and the menu of certificates (RouterOS: /certificate). Keys stay in
// files beside the configuration, mode 0600.
//   create   key and certificate, by a CA of the menu or by itself      revoke   into the CA's CRL
//   sign     a request (PKCS#10) that somebody else made                export   PEM or PKCS#12
//   import   PEM, DER or PKCS#12                                        print    dates, fingerprints
import { createPrivateKey } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { certify, isAuthorityTemplate, issuerOf, revoke } from '../certificates/authority.js';
import { certificateRows } from '../certificates/describe.js';
import { blocks, type LoadedEntry, loadMenu, toPem } from '../certificates/files.js';
import { generateKey } from '../certificates/keys.js';
import { writePkcs12 } from '../certificates/pkcs12.js';
import { readRequest } from '../certificates/request.js';
import { writeFile } from '../config/file.js';
import { load } from '../config/load.js';
import { certificateMenu } from '../config/menus.js';
import { menuRows } from '../config/rows.js';
import { filesOf, importFile, pemOf, say } from './certificate-import.js';
import { formatCertificates, CERTIFICATES } from './certificate-table.js';
import { keySizeOf, TEMPLATE_WORDS, templateOf } from './certificate-words.js';
import { addVerb, needed, readGiven, Site, type Verb } from './pki-files.js';
import { addQuestion, noun } from './question.js';
import { UserError } from './socket.js';

export function registerCertificate(program: Command): void {
  const parent = noun(program, 'certificate', certificateMenu.text);
  addQuestion(parent, {
    command: 'certificate print',
    description: 'Print the certificates with names, dates and fingerprints.',
    example: 'culvert certificate print detail where name=gateway --file site.json',
    format: formatCertificates,
    table: CERTIFICATES,
    answerOfFile: rowsOf,
  });
  for (const verb of VERBS) addVerb(parent, verb);
}

function rowsOf(path: string) {
  const loaded = load(path);
  if (!loaded.ok) throw new UserError(`${path} has errors: see culvert check ${path}`);
  const rows = certificateRows(loaded.certificates, loadMenu(loaded.certificates), Date.now());
  // Paths as they are written: the daemon, asked, says where it found them.
  const written = menuRows(certificateMenu, loaded.file.certificate, false);
  return rows.map((row, at) => {
    const { file = '', 'key-file': keyFile = '', 'crl-file': crlFile = '' } = written[at]!.values;
    return { ...row, file, 'key-file': keyFile, 'crl-file': crlFile };
  });
}

const VERBS: readonly Verb[] = [
  {
    name: 'create',
    text:
      'Make a key and its certificate: signed by ca=NAME, else by itself. ' +
      'A CA has key-usage=key-cert-sign,crl-sign.',
    words: ['name', 'ca', 'key-size', 'trusted', ...TEMPLATE_WORDS],
    example: 'name=ca common-name="Example CA" key-usage=key-cert-sign,crl-sign days-valid=3650',
    run: create,
  },
  {
    name: 'sign',
    text:
      'Sign a certificate request (PKCS#10) by ca=NAME; ' +
      'its name and alternative names are taken unless given.',
    words: ['name', 'file-name', 'ca', ...TEMPLATE_WORDS],
    example: 'file-name=branch.csr ca=ca name=branch',
    run: sign,
  },
  {
    name: 'import',
    text:
      'Take a certificate into the menu: PEM, DER or PKCS#12, with its key and chain where they are in ' +
      'it; or a key that comes after its certificate.',
    words: ['name', 'file-name', 'key-file-name', 'passphrase', 'trusted'],
    example: 'file-name=gateway.p12 passphrase=secret name=gateway',
    run: importFile,
  },
  {
    name: 'export',
    text:
      'Write a certificate with its chain to a file: type=pem, ' +
      'or pkcs12 with its key under export-passphrase.',
    words: ['name', 'file-name', 'type', 'export-passphrase'],
    example: 'name=alice type=pkcs12 export-passphrase=a-long-one file-name=alice.p12',
    run: exportFile,
  },
  {
    name: 'revoke',
    text: "Put a certificate into its CA's CRL, which this gateway then refuses it by.",
    words: ['name'],
    example: 'name=alice',
    run: revokeOne,
  },
];

/** An entry of the menu with its files, which the verb needs. */
function loaded(site: Site, name: string): LoadedEntry {
  const { entries, failures } = loadMenu(site.certificates());
  const found = entries.find((entry) => entry.name === name);
  if (found) return found;
  throw new UserError(failures.get(name) ?? `there is no certificate of the name ${name}`);
}

async function create(given: Map<string, string>, file: string | undefined): Promise<void> {
  const site = new Site(file);
  const name = needed(given, 'name');
  site.checkFree('certificate', name);
  const template = templateOf(given, given.get('common-name') ?? name);
  const ca = given.has('ca') ? loaded(site, needed(given, 'ca')) : undefined;
  const key = generateKey(keySizeOf(given));
  const der = certify(template, key, ca, Date.now());
  const authority = isAuthorityTemplate(template);
  const trusted = given.get('trusted') ?? (authority && !ca ? 'yes' : '');
  const files = filesOf(name);
  site.change('certificate', 'add', name, { name, ...files, trusted });
  site.write(files['key-file'], pemOf(key));
  site.write(files.file, toPem('CERTIFICATE', der));
  await site.save();
  say(name, der);
}

async function sign(given: Map<string, string>, file: string | undefined): Promise<void> {
  const site = new Site(file);
  const name = needed(given, 'name');
  site.checkFree('certificate', name);
  const [der] = blocks(readGiven(needed(given, 'file-name')), '(?:NEW )?CERTIFICATE REQUEST');
  const request = readRequest(der ?? new Uint8Array());
  const asked = new Map([['subject-alt-name', request.subjectAltName], ...given]);
  const template = {
    ...templateOf(asked, given.get('common-name') ?? request.commonName),
    ...(given.has('common-name') ? {} : { attributes: request.attributes }),
  };
  const signed = certify(
    template,
    request.publicKey,
    loaded(site, needed(given, 'ca')),
    Date.now(),
  );
  const path = filesOf(name).file;
  site.change('certificate', 'add', name, { name, file: path });
  site.write(path, toPem('CERTIFICATE', signed));
  await site.save();
  say(name, signed);
}

const SHORTEST_PASSPHRASE = 8; // RouterOS's

async function exportFile(given: Map<string, string>, file: string | undefined): Promise<void> {
  const site = new Site(file);
  const entry = loaded(site, needed(given, 'name'));
  const path = needed(given, 'file-name');
  const type = given.get('type') ?? 'pem';
  if (type !== 'pem' && type !== 'pkcs12') throw new UserError(`type=${type}: pem or pkcs12`);
  const passphrase = given.get('export-passphrase') ?? '';
  if ((type === 'pkcs12' || passphrase !== '') && passphrase.length < SHORTEST_PASSPHRASE) {
    const text = `export-passphrase= of at least ${SHORTEST_PASSPHRASE} characters protects the key`;
    throw new UserError(text);
  }
  const { entries } = loadMenu(site.certificates());
  const chain = chainOf(entry, entries);
  if (type === 'pkcs12') {
    const { certificate, privateKey } = entry;
    const bundle = { certificate: certificate.der, chain: chain.slice(1), privateKey };
    writeFile(resolve(path), writePkcs12(bundle, entry.name, passphrase));
    return;
  }
  const pem = chain.map((der) => toPem('CERTIFICATE', der)).join('');
  writeFile(resolve(path), passphrase === '' ? pem : `${pem}${lockedKey(entry, passphrase)}`);
}

function lockedKey({ privateKey, name }: LoadedEntry, passphrase: string): string {
  if (!privateKey) throw new UserError(`certificate ${name} has no private key here`);
  const lock = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
  return createPrivateKey(pemOf(privateKey)).export(lock) as string;
}

/** The certificate, what stands beside it in its file, and its issuers in the menu. */
function chainOf(entry: LoadedEntry, all: readonly LoadedEntry[]): Uint8Array[] {
  const chain = [entry.certificate, ...entry.chain].map(({ der }) => der);
  let next = entry.chain.length === 0 ? issuerOf(entry, all) : undefined;
  while (next && !chain.some((der) => Buffer.from(der).equals(next!.certificate.der))) {
    chain.push(next.certificate.der);
    next = issuerOf(next, all);
  }
  return chain;
}

async function revokeOne(given: Map<string, string>, file: string | undefined): Promise<void> {
  const site = new Site(file);
  const entry = loaded(site, needed(given, 'name'));
  const menu = site.certificates();
  const ca = issuerOf(entry, loadMenu(menu).entries);
  if (!ca || ca.name === entry.name) {
    throw new UserError(`the CA of ${entry.name} is not in the menu: its CRL is not ours to make`);
  }
  const { crlFile } = menu.find(({ name }) => name === ca.name)!;
  const own = ca.crls.at(-1);
  const der = revoke(ca, entry, own, Date.now());
  const relative = `certificates/${ca.name}.crl`;
  if (crlFile === undefined) site.change('certificate', 'set', ca.name, { 'crl-file': relative });
  else if (crlFile !== resolve(dirname(site.path), relative)) {
    throw new UserError(`crl-file of ${ca.name} is not ${relative}: it was not made here`);
  }
  site.write(relative, toPem('X509 CRL', der), true);
  await site.save();
  process.stdout.write(`${entry.name}: revoked; ${relative} says so\n`);
}
