// A site with users: culvert at moon lets in by auth-method eap-radius, FreeRADIUS at alice decides,
// charon at sun is the user's device. One network, one server for all cases of a suite.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toPem } from '../../src/certificates/files.js';
import { issue } from '../certificates/pki.js';
import { withLogs } from './command.js';
import { type Configuration, type Culvert, type Entry, startCulvert } from './culvert.js';
import {
  type Freeradius,
  type FreeradiusOptions,
  RADIUS_SECRET,
  startFreeradius,
} from './freeradius.js';
import { type Strongswan, startStrongswan } from './strongswan.js';
import { makeTopology, SITES, type Topology } from './topology.js';

export const RADIUS_ADDRESS = '198.18.0.10';
export const MOON = '198.18.0.1';
/** What a device says to IKE decides by which identity entry it is let in. */
const IDS = { alone: 'alone@example.org', vip: 'vip@example.org' } as const;

/** What charon needs for EAP beside the rest; gcrypt has MD4 and DES for MSCHAPv2. */
const PLUGINS = 'eap-identity eap-mschapv2 eap-md5 eap-tls eap-ttls gcrypt';

export interface SiteOptions {
  readonly users: FreeradiusOptions['users'];
  readonly radius?: readonly Entry[];
  readonly settings?: Entry;
  readonly radsec?: boolean;
  readonly port?: number;
  /** More of the entry by which addresses are given. */
  readonly modeConfig?: Entry;
}

export interface UserSite {
  readonly topology: Topology;
  readonly culvert: Culvert;
  readonly charon: Strongswan;
  readonly server: Freeradius;
  /** Where PEM files are: ca, moon, radius, carol. */
  readonly folder: string;
  /** Brings the connection up as this user; what swanctl said, and its exit status. */
  call(user: string, password: string, method?: string): ReturnType<Strongswan['initiate']>;
  /** culvert is killed, and another one started over what it left. */
  restart(): Promise<Culvert>;
  explain(error: unknown): Error;
  remove(): Promise<void>;
}

export async function startUserSite(options: SiteOptions): Promise<UserSite> {
  const topology = await makeTopology();
  const folder = join(topology.folder, 'pki');
  const sun = join(topology.folder, 'sun');
  for (const path of [folder, sun]) mkdirSync(path);
  try {
    makeCertificates(folder);
    const pem = (name: string): string => join(folder, `${name}.pem`);
    const server = await startFreeradius(
      topology.namespace('alice'),
      join(topology.folder, 'radius'),
      {
        address: RADIUS_ADDRESS,
        users: options.users,
        tls: { key: join(folder, 'radius.key'), certificate: pem('radius'), ca: pem('ca') },
        radsec: options.radsec === true,
        ...(options.port === undefined ? {} : { port: options.port }),
      },
    );
    const charon = await startStrongswan(topology.namespace('sun'), sun, '', PLUGINS);
    copyFileSync(join(folder, 'carol.key'), join(sun, 'swanctl', 'private', 'carol.key'));
    const culvert = await startCulvert(
      topology.namespace('moon'),
      join(topology.folder, 'moon'),
      configuration(folder, options),
    );
    return {
      topology,
      culvert,
      charon,
      server,
      folder,
      async call(user, password, method = 'eap-mschapv2') {
        await charon.loadText(connection(folder, user, password, method));
        return charon.initiate('net');
      },
      explain: (error) =>
        withLogs(error, [
          () => `--- culvert ---\n${culvert.log()}`,
          () => `--- charon ---\n${charon.log().slice(-8000)}`,
          () => `--- FreeRADIUS ---\n${server.log().slice(-8000)}`,
        ]),
      async restart() {
        await culvert.kill();
        const file = join(topology.folder, 'moon', 'culvert.json');
        const settings = JSON.parse(readFileSync(file, 'utf8')) as Configuration;
        const again = join(topology.folder, 'moon again');
        return startCulvert(topology.namespace('moon'), again, settings);
      },
      async remove() {
        await charon.stop();
        await server.stop();
        topology.remove();
      },
    };
  } catch (error) {
    topology.remove();
    throw error;
  }
}

/** One authority for the gateway, the RADIUS server and a user with a certificate. */
function makeCertificates(folder: string): void {
  const ca = issue({ cn: 'Laboratory CA', ca: true });
  const holders = {
    ca,
    moon: issue({ cn: 'moon.example', san: 'DNS:moon.example' }, ca),
    radius: issue({ cn: 'radius.example', san: 'DNS:radius.example' }, ca),
    carol: issue({ cn: 'carol', san: 'email:carol@example.org' }, ca),
    // Another authority's, with the right name.
    stranger: issue({ cn: 'moon.example', san: 'DNS:moon.example' }),
  };
  for (const [name, { certificate, privateKey }] of Object.entries(holders)) {
    writeFileSync(join(folder, `${name}.pem`), toPem('CERTIFICATE', certificate));
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 });
  }
}

function configuration(folder: string, options: SiteOptions) {
  const radius: Entry = { service: 'ipsec', address: RADIUS_ADDRESS, secret: RADIUS_SECRET };
  return {
    profile: [
      { name: 'lab', 'dh-group': 'x25519', 'dpd-interval': '3s', 'dpd-maximum-failures': 3 },
    ],
    proposal: [{ name: 'lab', 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'none' }],
    certificate: [
      { name: 'ours', file: join(folder, 'moon.pem'), 'key-file': join(folder, 'moon.key') },
      { name: 'lab-ca', file: join(folder, 'ca.pem'), trusted: true },
    ],
    peer: [{ name: 'rw', address: '0.0.0.0/0', passive: true, profile: 'lab' }],
    identity: [
      {
        peer: 'rw',
        'auth-method': 'eap-radius',
        certificate: 'ours',
        'my-id': 'fqdn:moon.example',
        'generate-policy': 'port-strict',
        'policy-template-group': 'net',
      },
      // Who says this is shown no certificate: EAP alone proves us (RFC 5998).
      {
        peer: 'rw',
        'auth-method': 'eap-radius',
        'remote-id': `user-fqdn:${IDS.alone}`,
        'my-id': 'fqdn:moon.example',
        'generate-policy': 'port-strict',
        'policy-template-group': 'net',
      },
      // And who says this gets an address, and a policy for it alone.
      {
        peer: 'rw',
        'auth-method': 'eap-radius',
        certificate: 'ours',
        'remote-id': `user-fqdn:${IDS.vip}`,
        'my-id': 'fqdn:moon.example',
        'mode-config': 'vip',
        'generate-policy': 'port-strict',
        'policy-template-group': 'vip',
      },
    ],
    group: [{ name: 'net' }, { name: 'vip' }],
    pool: [
      { name: 'vip', ranges: '203.0.113.100-203.0.113.109' },
      { name: 'framed', ranges: '203.0.113.10-203.0.113.19' },
    ],
    'mode-config': [{ name: 'vip', responder: true, 'address-pool': 'vip', ...options.modeConfig }],
    // Packets as they are on the wire, for who counts them beside us.
    tun: { offload: false },
    policy: [template('net', SITES.sun.v4), template('vip', '203.0.113.0/24')],
    radius: options.radius ?? [{ ...radius, timeout: '500ms' }],
    'radius-incoming': { accept: true },
    settings: options.settings ?? {},
  };
}

/** What devices of a group may have. */
const template = (group: string, network: string): Entry => ({
  template: true,
  group,
  'src-address': SITES.moon.v4,
  'dst-address': network,
  proposal: 'lab',
});

/**
 * `eap-tls alone`: the gateway is to prove itself by EAP and nothing else (RFC 5998);
 * `eap-mschapv2 vip`: an address is asked for; `aaa`, `gateway`: the EAP server, or the gateway, is to be
 * another than it is; `stranger`: its CA is not known.
 */
type Way = keyof typeof IDS | 'aaa' | 'gateway' | 'stranger';

function connection(folder: string, user: string, password: string, method: string): string {
  const [eap, way] = method.split(' ') as [string, Way | undefined];
  const alone = way === 'alone';
  const byCertificate = eap === 'eap-tls';
  const id = way === 'alone' || way === 'vip' ? IDS[way] : `${user}@example.org`;
  const server = way === 'aaa' ? 'other.example' : 'radius.example';
  return `connections { gw {
    version = 2
    mobike = no
    local_addrs = 192.0.2.2
    remote_addrs = 192.0.2.1
    proposals = aes128gcm16-prfsha256-x25519
    ${way === 'vip' ? 'vips = 0.0.0.0' : ''}
    rekey_time = 4h
    over_time = 8s
    local {
      auth = ${eap}
      id = ${id}
      eap_id = ${byCertificate ? `${user}@example.org` : user}
      ${byCertificate ? `certs = ${folder}/carol.pem` : ''}
      ${eap === 'eap-mschapv2' ? '' : `aaa_id = ${server}`}
    }
    remote {
      auth = ${alone ? eap : 'pubkey'}
      id = ${way === 'gateway' ? 'other.example' : 'moon.example'}
    }
    children { net {
      local_ts = ${way === 'vip' ? 'dynamic' : SITES.sun.v4}
      remote_ts = ${SITES.moon.v4}
      esp_proposals = aes128gcm16
      rekey_time = 4h
    } }
  } }
authorities { lab { file = ${folder}/${way === 'stranger' ? 'stranger' : 'ca'}.pem } }
secrets {
  eap-${user} {
    id = ${user}
    secret = "${password}"
  }
  private-carol { file = carol.key }
}
`;
}
