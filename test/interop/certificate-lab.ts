// strongSwan and culvert with certificates: one charon, one culvert, and a case after the other by
// `swanctl --load-all` and `culvert reload`. Certificates are of our own author; strongSwan judges them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toPem } from '../../src/certificates/files.js';
import type { Holder } from '../certificates/pki.js';
import { eventually, withLogs } from './command.js';
import { type Culvert, type Entry, startCulvert } from './culvert.js';
import { type Strongswan, startStrongswan } from './strongswan.js';
import { makeTopology, SITES, type Topology } from './topology.js';

export type Caller = 'strongswan' | 'culvert';

export interface Case {
  /** Leaf, then its chain. */
  readonly sun: readonly Holder[];
  readonly moon: readonly Holder[];
  /** What each trusts. */
  readonly sunTrusts: Holder;
  readonly moonTrusts: Holder;
  readonly sunId?: string;
  /** Of culvert's. */
  readonly identity?: Entry;
  readonly settings?: Entry;
  readonly certificates?: readonly Entry[];
  /** Of charon's strongswan.conf. */
  readonly charon?: string;
  /** Further sections of its swanctl.conf. */
  readonly sections?: string;
  /** Of culvert's entry with its own certificate. */
  readonly own?: Entry;
}

export interface Lab {
  readonly topology: Topology;
  readonly strongswan: Strongswan;
  readonly culvert: Culvert;
  /** Has both sides ready, and culvert calling if it is the caller. */
  prepare(one: Case, caller: Caller): Promise<void>;
  /** What both logs have said since `prepare`. */
  said(): { readonly strongswan: string; readonly culvert: string };
  waitFor(side: Caller, pattern: RegExp): Promise<void>;
  /** Until neither has an SA. */
  clear(): Promise<void>;
  end(): Promise<void>;
}

const certificatePem = ({ certificate }: Holder): string => toPem('CERTIFICATE', certificate);
export const keyPem = ({ privateKey }: Holder): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

export const swanctlConf = (
  { sunId = 'sun.example' }: Case,
  certs = 'certs = sun.pem',
): string => `connections { gw {
    version = 2
    mobike = no
    local_addrs = 192.0.2.2
    remote_addrs = 192.0.2.1
    proposals = aes128gcm16-prfsha256-x25519
    local { auth = pubkey
      ${certs}
      id = ${sunId} }
    remote { auth = pubkey
      id = %any }
    children { net { local_ts = ${SITES.sun.v4}
      remote_ts = ${SITES.moon.v4}
      esp_proposals = aes128gcm16 } } } }
`;

function configuration(one: Case, caller: Caller): Record<string, unknown> {
  return {
    log: { level: 'debug' },
    ...(one.settings ? { settings: one.settings } : {}),
    certificate: [
      { name: 'own', file: 'own.pem', 'key-file': 'own.key', ...one.own },
      { name: 'ca', file: 'ca.pem', trusted: true },
      ...(one.certificates ?? []),
    ],
    profile: [{ name: 'lab', 'enc-algorithm': 'aes-128-gcm', 'dh-group': 'x25519' }],
    proposal: [{ name: 'lab', 'enc-algorithms': 'aes-128-gcm' }],
    peer: [
      {
        name: 'sun',
        address: '192.0.2.2',
        'local-address': '192.0.2.1',
        profile: 'lab',
        passive: caller === 'strongswan',
      },
    ],
    identity: [
      { peer: 'sun', 'auth-method': 'digital-signature', certificate: 'own', ...one.identity },
    ],
    policy: [
      { 'src-address': SITES.moon.v4, 'dst-address': SITES.sun.v4, peer: 'sun', proposal: 'lab' },
    ],
  };
}

function writeSun(folder: string, { sun, sunTrusts }: Case): void {
  const into = (kind: string): string => join(folder, 'swanctl', kind);
  for (const kind of ['x509', 'x509ca', 'private']) {
    rmSync(into(kind), { recursive: true, force: true });
    mkdirSync(into(kind));
  }
  const [leaf, ...chain] = sun;
  writeFileSync(join(into('x509'), 'sun.pem'), certificatePem(leaf!));
  writeFileSync(join(into('private'), 'sun.pem'), keyPem(leaf!));
  for (const [at, ca] of [...chain, sunTrusts].entries()) {
    writeFileSync(join(into('x509ca'), `${at}.pem`), certificatePem(ca));
  }
}

function writeMoon(folder: string, one: Case, caller: Caller): void {
  writeFileSync(join(folder, 'own.pem'), one.moon.map(certificatePem).join(''));
  writeFileSync(join(folder, 'own.key'), keyPem(one.moon[0]!), { mode: 0o600 });
  writeFileSync(join(folder, 'ca.pem'), certificatePem(one.moonTrusts));
  writeFileSync(join(folder, 'culvert.json'), JSON.stringify(configuration(one, caller)));
}

export async function startLab(plugins = ''): Promise<Lab> {
  const topology = await makeTopology();
  const [sun, moon] = [join(topology.folder, 'sun'), join(topology.folder, 'moon')];
  mkdirSync(sun);
  const strongswan = await startStrongswan(topology.namespace('sun'), sun, '', plugins);
  const nothing = { peer: [], identity: [], policy: [] };
  const culvert = await startCulvert(topology.namespace('moon'), moon, nothing);
  let [strongswanAt, culvertAt] = [0, 0];
  const said = () => ({
    strongswan: strongswan.log().slice(strongswanAt),
    culvert: culvert.log().slice(culvertAt),
  });
  const logs = [
    () => `--- strongSwan ---\n${said().strongswan}\n--- culvert ---\n${said().culvert}`,
  ];
  const nobody = async (): Promise<void> => {
    writeFileSync(join(moon, 'culvert.json'), JSON.stringify({ log: { level: 'debug' } }));
    await culvert.command('reload');
    const idle = async () => (await strongswan.listSas()).length === 0;
    await eventually('charon to have no SA', idle, undefined, () => logs[0]!());
  };
  return {
    topology,
    strongswan,
    culvert,
    said,
    async prepare(one, caller) {
      [strongswanAt, culvertAt] = [strongswan.log().length, culvert.log().length];
      await strongswan.reconfigure(one.charon ?? '');
      writeSun(sun, one);
      await strongswan.loadText(`${swanctlConf(one)}${one.sections ?? ''}`);
      writeMoon(moon, one, caller);
      await culvert.command('reload').catch((error: Error) => {
        throw withLogs(error, logs);
      });
    },
    async waitFor(side, pattern) {
      const look = () => pattern.test(said()[side]);
      await eventually(`${side} to say ${pattern}`, look, 20, () => logs[0]!());
    },
    clear: nobody,
    async end() {
      await culvert.stop();
      await strongswan.stop();
      topology.remove();
    },
  };
}
