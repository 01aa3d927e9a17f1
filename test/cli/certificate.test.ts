// culvert certificate and key, as a user runs them: a road-warrior set-up without an openssl command;
// OpenSSL's command line, where there is one, judges what came out.
import { spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildProgram } from '../../src/cli/main.js';
import { isPkcs12, readPkcs12 } from '../../src/certificates/pkcs12.js';
import { load } from '../../src/config/load.js';
import { issue } from '../certificates/pki.js';

const certificates = suite<{ directory: string; site: string }>('cli certificate');
const environment = { ...process.env };
certificates.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-certificate-'));
  context.site = join(context.directory, 'site.json');
  process.env.RUNTIME_DIRECTORY = context.directory;
  process.env.CULVERT_FILE = context.site;
});
certificates.after.each(({ directory }) => {
  process.env = { ...environment };
  rmSync(directory, { recursive: true });
});

/** Runs a command line in this process: what it printed, or the message of its error. */
async function culvert(...args: string[]): Promise<string> {
  let out = '';
  const write = process.stdout.write;
  process.stdout.write = ((text: string) => {
    out += text;
    return true;
  }) as typeof write;
  try {
    const program = buildProgram();
    const silent = (command: Command): void => {
      command.exitOverride().commands.forEach(silent);
    };
    silent(program);
    await program.parseAsync(['node', 'culvert', ...args]);
  } catch (error) {
    out += `error: ${(error as Error).message}`;
  } finally {
    process.stdout.write = write;
  }
  return out;
}

const openssl = (...args: string[]): string | undefined => {
  const { error, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  return error ? undefined : stdout + stderr;
};
if (openssl('version') === undefined)
  console.log('NOTE no openssl command: it judges nothing here');

const CA = [
  'name=ca',
  'common-name=Example CA',
  'key-usage=key-cert-sign,crl-sign',
  'days-valid=3650',
];

async function authority(): Promise<void> {
  const made = await culvert(
    'certificate',
    'create',
    ...CA,
    'organization=Example',
    'country=CH',
    'path-length=1',
  );
  assert.match(made, /^ca: C=CH, O=Example, CN=Example CA, rsa-2048, valid until /);
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

certificates(
  'a CA, a gateway, a user: print, check, and what OpenSSL says',
  async ({ directory, site }) => {
    await authority();
    const gateway = [
      'name=gw',
      'ca=ca',
      'subject-alt-name=DNS:gw.example,IP:192.0.2.1',
      'key-size=prime256v1',
    ];
    assert.match(
      await culvert('certificate', 'create', ...gateway),
      /^gw: CN=gw, prime256v1, valid until/,
    );
    const user = [
      'name=alice',
      'ca=ca',
      'subject-alt-name=email:alice@example.org',
      'key-size=ed25519',
    ];
    await culvert(
      'certificate',
      'create',
      ...user,
      'key-usage=digital-signature,tls-client',
      'days-valid=30',
    );
    for (const name of ['ca', 'gw', 'alice']) {
      assert.is(modeOf(join(directory, `certificates/${name}.key`)), 0o600);
    }
    assert.is(modeOf(join(directory, 'certificates')), 0o700);
    const printed = await culvert('certificate', 'print', '--file', site);
    assert.match(printed, /Flags: K - PRIVATE-KEY; A - AUTHORITY; T - TRUSTED/);
    assert.match(printed, /0 KAT +ca +Example CA/);
    assert.match(
      printed,
      /1 K +gw +gw +DNS:gw\.example,IP:192\.0\.2\.1 +20\d\d-\d\d-\d\d +prime256v1 +[0-9a-f]{64} /,
    );
    const loaded = load(site);
    assert.ok(loaded.ok && loaded.certificates.length === 3);
    const at = (name: string) => join(directory, 'certificates', name);
    const judged = openssl(
      'verify',
      '-x509_strict',
      '-CAfile',
      at('ca.pem'),
      at('gw.pem'),
      at('alice.pem'),
    );
    if (judged !== undefined) assert.is(judged, `${at('gw.pem')}: OK\n${at('alice.pem')}: OK\n`);
    const text = openssl('x509', '-in', at('ca.pem'), '-noout', '-text');
    if (text !== undefined) {
      assert.match(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:1/);
      assert.match(text, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
    }
  },
);

certificates('an intermediate CA signs, and its chain goes along', async ({ directory }) => {
  await authority();
  const middle = ['name=mid', 'common-name=Middle', 'ca=ca', 'key-usage=key-cert-sign,crl-sign'];
  await culvert('certificate', 'create', ...middle, 'key-size=prime256v1', 'path-length=0');
  await culvert(
    'certificate',
    'create',
    'name=leaf',
    'ca=mid',
    'key-size=prime256v1',
    'days-valid=9',
  );
  const out = join(directory, 'leaf-chain.pem');
  await culvert('certificate', 'export', 'name=leaf', `file-name=${out}`);
  const pem = readFileSync(out, 'utf8');
  assert.is(pem.match(/BEGIN CERTIFICATE/g)?.length, 3);
  assert.not.match(pem, /PRIVATE/);
  const judged = openssl(
    'verify',
    '-CAfile',
    join(directory, 'certificates/ca.pem'),
    '-untrusted',
    out,
    join(directory, 'certificates/leaf.pem'),
  );
  if (judged !== undefined) assert.match(judged, /: OK\n$/);
});

certificates('PKCS#12 out and in again, under its passphrase', async ({ directory }) => {
  await authority();
  await culvert('certificate', 'create', 'name=alice', 'ca=ca', 'key-size=prime256v1');
  const p12 = join(directory, 'alice.p12');
  const words = ['name=alice', 'type=pkcs12', `file-name=${p12}`];
  assert.match(
    await culvert('certificate', 'export', ...words),
    /export-passphrase= of at least 8/,
  );
  assert.is(
    await culvert('certificate', 'export', ...words, 'export-passphrase=correct horse'),
    '',
  );
  assert.is(modeOf(p12), 0o600);
  assert.ok(isPkcs12(readFileSync(p12)));
  const wrong = ['certificate', 'import', `file-name=${p12}`, 'name=again', 'passphrase=battery'];
  assert.match(await culvert(...wrong), /^error: PKCS#12: the passphrase is not the one/);
  const right = [
    'certificate',
    'import',
    `file-name=${p12}`,
    'name=again',
    'passphrase=correct horse',
  ];
  assert.match(await culvert(...right), /^again: CN=alice, prime256v1/);
  const keys = ['alice', 'again'].map((name) =>
    readFileSync(join(directory, `certificates/${name}.key`), 'utf8'),
  );
  assert.is(keys[0], keys[1]);
  const told = openssl('pkcs12', '-in', p12, '-passin', 'pass:correct horse', '-noenc', '-info');
  if (told !== undefined) {
    assert.match(told, /AES-256-CBC/);
    assert.match(told, /subject=CN = alice/);
  }
  const made = openssl(
    'pkcs12',
    '-export',
    '-legacy',
    '-in',
    join(directory, 'certificates/alice.pem'),
    '-inkey',
    join(directory, 'certificates/alice.key'),
    '-passout',
    'pass:old',
    '-out',
    join(directory, 'old.p12'),
  );
  if (made !== undefined) {
    const old = readPkcs12(readFileSync(join(directory, 'old.p12')), 'old');
    assert.is(old.privateKey?.asymmetricKeyType, 'ec', 'RC2 and 3DES of old programs');
  }
});

certificates('PEM with key, DER, and a key that does not fit', async ({ directory }) => {
  await authority();
  await culvert('certificate', 'create', 'name=a', 'ca=ca', 'key-size=prime256v1');
  await culvert('certificate', 'create', 'name=b', 'ca=ca', 'key-size=prime256v1');
  const path = join(directory, 'a.pem');
  await culvert(
    'certificate',
    'export',
    'name=a',
    `file-name=${path}`,
    'export-passphrase=a long one',
  );
  assert.match(readFileSync(path, 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
  const again = ['certificate', 'import', `file-name=${path}`, 'name=c'];
  assert.match(await culvert(...again), /^error: /);
  assert.match(await culvert(...again, 'passphrase=a long one'), /^c: CN=a/);
  const foreign = [
    'certificate',
    'import',
    `file-name=${join(directory, 'certificates/a.pem')}`,
    'name=d',
  ];
  const key = `key-file-name=${join(directory, 'certificates/b.key')}`;
  assert.match(await culvert(...foreign, key), /^error: the private key is not the one of CN=a/);
  assert.match(await culvert(...foreign, 'trusted=yes'), /^d: CN=a/);
});

certificates(
  'import: a key in a file of its own joins its certificate',
  async ({ directory, site }) => {
    const [pem, der, locked] = ['pem', 'der', 'locked'].map((name) => join(directory, `x.${name}`));
    const { certificate, privateKey } = issue({ cn: 'x' });
    const lock = { cipher: 'aes-256-cbc', passphrase: 'a long one' };
    writeFileSync(join(directory, 'x.crt'), certificate);
    writeFileSync(pem!, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(der!, privateKey.export({ type: 'pkcs8', format: 'der' }));
    writeFileSync(locked!, privateKey.export({ type: 'pkcs8', format: 'pem', ...lock }));
    const take = (path: string, ...words: string[]): Promise<string> =>
      culvert('certificate', 'import', `file-name=${path}`, ...words);
    assert.match(
      await take(pem!),
      /^error: a private key of no certificate in the menu: import its/,
    );
    for (const [at, [path, ...words]] of [
      [pem!],
      [der!],
      [locked!, 'passphrase=a long one'],
    ].entries()) {
      assert.match(await take(join(directory, 'x.crt'), `name=x${at}`), /^x\d: O=Lab, CN=x, prime/);
      assert.is(await take(path!, ...words), `x${at}: its private key, prime256v1\n`);
      assert.is(modeOf(join(directory, `certificates/x${at}.key`)), 0o600);
    }
    assert.match(await take(pem!), /^error: certificate x0 has its private key already/);
    assert.match(await take(locked!), /^error: the private key cannot be read: .*passphrase=/);
    assert.match(await take(site), /^error: no X\.509 certificate/);
    const rows = JSON.parse(await culvert('certificate', 'print', '--json', '--file', site)) as {
      readonly 'private-key': boolean;
    }[];
    assert.equal(
      rows.map((row) => row['private-key']),
      [true, true, true],
    );
  },
);

certificates('import of a CA says how it may vouch for peers', async ({ directory }) => {
  const path = join(directory, 'ca.der');
  writeFileSync(path, issue({ cn: 'Their CA', ca: true }).certificate);
  const words = ['certificate', 'import', `file-name=${path}`];
  assert.match(
    await culvert(...words),
    /vouch for peers: culvert certificate set ca trusted=yes\n$/,
  );
  assert.not.match(await culvert(...words, 'name=again', 'trusted=yes'), /vouch/);
});

certificates(
  'revoke: the CRL of the CA, twice, and print shows it',
  async ({ directory, site }) => {
    await authority();
    for (const name of ['alice', 'bob', 'carol']) {
      await culvert('certificate', 'create', `name=${name}`, 'ca=ca', 'key-size=prime256v1');
    }
    assert.is(
      await culvert('certificate', 'revoke', 'name=alice'),
      'alice: revoked; certificates/ca.crl says so\n',
    );
    await culvert('certificate', 'revoke', 'name=bob');
    await culvert('certificate', 'revoke', 'name=bob');
    const printed = await culvert('certificate', 'print', '--file', site);
    assert.match(printed, /K {2}R +alice[\s\S]*K {2}R +bob[\s\S]*K {3} +carol/);
    const crl = openssl(
      'crl',
      '-in',
      join(directory, 'certificates/ca.crl'),
      '-CAfile',
      join(directory, 'certificates/ca.pem'),
      '-noout',
      '-text',
    );
    if (crl !== undefined) {
      assert.match(crl, /verify OK/);
      assert.is(crl.match(/Serial Number/g)?.length, 2);
    }
    assert.match(
      await culvert('certificate', 'revoke', 'name=ca'),
      /the CA of ca is not in the menu/,
    );
  },
);

certificates(
  'a request of somebody else is signed, a forged one is not',
  async ({ directory, site }) => {
    await authority();
    const key = join(directory, 'branch.key');
    const csr = join(directory, 'branch.csr');
    const made = openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-noenc',
      '-keyout',
      key,
      '-out',
      csr,
      '-subj',
      '/O=Branch/CN=branch',
      '-addext',
      'subjectAltName=DNS:branch.example,IP:2001:db8::1',
    );
    if (made === undefined) return;
    const words = ['certificate', 'sign', 'ca=ca', 'name=branch', `file-name=${csr}`];
    assert.match(await culvert(...words), /^branch: O=Branch, CN=branch, prime256v1/);
    assert.match(
      await culvert('certificate', 'print', '--file', site),
      /branch +DNS:branch\.example,IP:2001:DB8/i,
    );
    const bytes = Buffer.from(readFileSync(csr, 'utf8').replace(/-----.*-----|\s/g, ''), 'base64');
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(csr, bytes);
    assert.match(
      await culvert('certificate', 'sign', 'ca=ca', 'name=x', `file-name=${csr}`),
      /signature is wrong/,
    );
  },
);

const WRONG: readonly [string[], RegExp][] = [
  [['create', 'common-name=x'], /name= is missing/],
  [['create', 'name=../x'], /letters, digits/],
  [['create', 'name=x', 'key-size=512'], /key-size=512: expected one of 1024/],
  [['create', 'name=x', 'ca=none'], /there is no certificate of the name none/],
  [['create', 'name=x', 'subject-alt-name=DNS:a,@section'], /subject-alt-name=@section: expected/],
  [['create', 'name=x', 'crl-url=http://a/,URI:http://b/'], /crl-url=/],
  [['create', 'name=x', 'key-usage=all'], /key-usage=all: expected some of/],
  [['create', 'name=x', 'days-valid=0'], /from 1 to 36500/],
  [['create', 'name=x', 'days=9'], /there is no days here/],
  [['create', 'ca'], /expected name=value, not ca/],
  [['import', 'file-name=/nowhere/x.pem'], /\/nowhere\/x.pem: not found/],
  [['export', 'name=none', 'file-name=x'], /there is no certificate of the name none/],
  [['export', 'name=none', 'file-name=x', 'type=der'], /there is no certificate/],
];
for (const [words, why] of WRONG) {
  certificates(
    `certificate ${words.join(' ')} is refused and writes nothing`,
    async ({ directory, site }) => {
      assert.match(await culvert('certificate', ...words, '--file', site), why);
      assert.equal(spawnSync('ls', [directory], { encoding: 'utf8' }).stdout, '');
    },
  );
}

certificates('names are taken once', async () => {
  await authority();
  assert.match(
    await culvert('certificate', 'create', 'name=ca'),
    /there is a certificate of the name ca already/,
  );
});

certificates('a CA does not sign beyond its own end', async () => {
  await culvert(
    'certificate',
    'create',
    'name=ca',
    'key-usage=key-cert-sign,crl-sign',
    'days-valid=10',
  );
  assert.match(
    await culvert('certificate', 'create', 'name=x', 'ca=ca', 'days-valid=20'),
    /choose fewer days-valid/,
  );
});

certificates(
  'key: generate, export the public half, import it elsewhere',
  async ({ directory, site }) => {
    assert.is(
      await culvert('key', 'generate-key', 'name=ours', 'key-size=1024'),
      'ours: rsa-1024\n',
    );
    assert.match(
      await culvert('key', 'generate-key', 'name=x', 'key-size=1000'),
      /one of 1024, 2048, 4096/,
    );
    assert.is(modeOf(join(directory, 'keys/ours.pem')), 0o600);
    const path = join(directory, 'ours.pub');
    assert.is(await culvert('key', 'export-pub-key', 'key=ours', `file-name=${path}`), '');
    assert.match(readFileSync(path, 'utf8'), /^-----BEGIN PUBLIC KEY-----/);
    assert.is(
      await culvert('key', 'import', 'name=theirs', `file-name=${path}`),
      'theirs: rsa-1024, public\n',
    );
    const rows = JSON.parse(await culvert('key', 'print', '--json')) as Record<string, unknown>[];
    assert.equal(
      rows.map((row) => [row.name, row['key-size'], row['private-key'], row.rsa]),
      [
        ['ours', 1024, true, true],
        ['theirs', 1024, false, true],
      ],
    );
    assert.match(await culvert('key', 'print'), /0 PR +ours +1024 +keys\/ours.pem/);
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    writeFileSync(join(directory, 'ec.pem'), privateKey);
    assert.is(createPrivateKey(privateKey).asymmetricKeyType, 'ec');
    assert.match(
      await culvert('key', 'import', 'name=ec', `file-name=${join(directory, 'ec.pem')}`),
      /a key of type prime256v1, not RSA/,
    );
    const file = JSON.parse(readFileSync(site, 'utf8')) as { key: { name: string }[] };
    assert.equal(
      file.key.map(({ name }) => name),
      ['ours', 'theirs'],
    );
  },
);

certificates.run();
