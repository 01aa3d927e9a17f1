// FreeRADIUS in a namespace, with a configuration of its own: nothing of /etc is read. Users and what
// they are granted are the suite's; accounting goes to a file that is read back as records.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { background, eventually, type Finished, isRunning, run, stop } from './command.js';

export const RADIUS_SECRET = 'a secret of the laboratory';

export interface RadiusUser {
  readonly name: string;
  readonly password: string;
  /** `Session-Timeout = 60`, … */
  readonly reply?: readonly string[];
}

export interface FreeradiusOptions {
  /** Where it listens. */
  readonly address: string;
  readonly users: readonly RadiusUser[];
  /** PEM files for eap-tls, eap-ttls, eap-peap, and for RADIUS over TLS. */
  readonly tls?: {
    readonly key: string;
    readonly certificate: string;
    readonly ca: string;
    /** Of TLS; 1.2 unless said. */
    readonly most?: '1.3';
  };
  /** For authentication, 1812 unless said; accounting is one more. */
  readonly port?: number;
  /** Listens for RADIUS over TLS on 2083, and for nothing else. */
  readonly radsec?: boolean;
}

/** One accounting request, attributes as FreeRADIUS prints them. */
export type AccountingRecord = Readonly<Record<string, string>>;

export interface Freeradius {
  accounting(): AccountingRecord[];
  log(): string;
  /** `auth`, `disconnect`, `coa` with attributes, to any address: radclient in the same namespace. */
  client(to: string, command: string, attributes: readonly string[]): Promise<Finished>;
  /** Stops it where it stands; `go` lets it go on: a server that is down, and up again. */
  hold(): void;
  go(): void;
  stop(): Promise<void>;
}

export async function startFreeradius(
  namespace: string,
  folder: string,
  options: FreeradiusOptions,
): Promise<Freeradius> {
  mkdirSync(folder, { recursive: true });
  const log = join(folder, 'radius.log');
  const detail = join(folder, 'detail');
  writeFileSync(join(folder, 'radiusd.conf'), configuration(folder, options), { mode: 0o600 });
  writeFileSync(join(folder, 'dictionary'), '');
  writeFileSync(join(folder, 'users'), users(options), { mode: 0o600 });
  const argv = ['freeradius', '-f', '-xx', '-l', log, '-d', folder];
  const server = background(namespace, argv, join(folder, 'radius.out'));
  const said = (): string => `${read(log)}${read(join(folder, 'radius.out'))}`;
  const ready = (): boolean => /Ready to process requests/.test(said()) || !isRunning(server);
  await eventually('FreeRADIUS to listen', ready, undefined, said);
  if (!isRunning(server)) throw new Error(`FreeRADIUS did not start:\n${said()}`);
  return {
    accounting: () => parseDetail(read(detail)),
    log: said,
    client(to, command, attributes) {
      const given = attributes.join('\n').replaceAll("'", '"');
      const script = `printf '%s\\n' '${given}' | radclient -x -r 1 -t 3 ${to} ${command} '${RADIUS_SECRET}'`;
      return run(namespace, ['sh', '-c', script]);
    },
    hold: () => void server.kill('SIGSTOP'),
    go: () => void server.kill('SIGCONT'),
    stop: () => stop(server, 'SIGTERM', 'FreeRADIUS'),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not written yet
  }
}

/** Records stand apart by blank lines, each line but the first an attribute. */
function parseDetail(text: string): AccountingRecord[] {
  return text
    .split('\n\n')
    .map((block) =>
      Object.fromEntries(
        [...block.matchAll(/^\t([\w-]+) = (.*)$/gm)].map(([, name, value]) => [
          name!,
          value!.replace(/^"(.*)"$/, '$1'),
        ]),
      ),
    )
    .filter((record) => record['Acct-Status-Type'] !== undefined);
}

const users = ({ users: list }: FreeradiusOptions): string =>
  list
    .map(({ name, password, reply = [] }) => {
      const check = `${name} Cleartext-Password := "${password}"`;
      return `${[check, reply.map((one) => `\t${one}`).join(',\n')].join('\n')}\n`;
    })
    .join('\n');

function configuration(folder: string, options: FreeradiusOptions): string {
  const { address, tls, radsec, port = 1812 } = options;
  const files = tls
    ? `private_key_file = ${tls.key}
    certificate_file = ${tls.certificate}
    ca_file = ${tls.ca}
    tls_min_version = "1.2"
    tls_max_version = "${tls.most ?? '1.2'}"`
    : '';
  const methods = tls
    ? `tls-config common {
    ${files}
  }
  tls { tls = common }
  ttls {
    tls = common
    default_eap_type = md5
    virtual_server = lab
  }
  peap {
    tls = common
    default_eap_type = mschapv2
    virtual_server = lab
  }`
    : '';
  const listen = (type: string, port: number): string => `listen {
    type = ${type}
    ipaddr = ${address}
    port = ${port}
  }`;
  const secure = `listen {
    type = auth+acct
    ipaddr = ${address}
    port = 2083
    proto = tcp
    tls {
      ${files}
      require_client_cert = yes
    }
  }`;
  return `name = radiusd
run_dir = ${folder}
logdir = ${folder}
libdir = /usr/lib/freeradius
pidfile = ${folder}/radiusd.pid
max_request_time = 30
cleanup_delay = 5
log {
  destination = files
  file = ${folder}/radius.log
  auth = yes
}
security {
  max_attributes = 200
  reject_delay = 1
}
thread pool {
  start_servers = 1
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 2
}
client lab {
  ipaddr = 0.0.0.0/0
  proto = *
  secret = "${radsec ? 'radsec' : RADIUS_SECRET}"
}
modules {
  pap { }
  mschap { }
  files {
    filename = ${folder}/users
  }
  detail {
    filename = ${folder}/detail
    permissions = 0600
  }
  eap {
    default_eap_type = mschapv2
    md5 { }
    mschapv2 { }
    ${methods}
  }
}
server lab {
  ${radsec ? secure : `${listen('auth', port)}\n  ${listen('acct', port + 1)}`}
  authorize {
    eap {
      ok = return
    }
    files
    mschap
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
    Auth-Type MS-CHAP {
      mschap
    }
    eap
  }
  accounting {
    detail
  }
}
`;
}
