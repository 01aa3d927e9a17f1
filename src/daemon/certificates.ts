// The menu certificate of a running gateway: files read at start and at every reload, so that a renewed
// certificate is taken up by `culvert reload`. An entry that cannot be read costs its own peers only.
import type { Built } from '../config/databases.js';
import { fetchHttp } from '../certificates/http.js';
import { type CertificateRow, certificateRows } from '../certificates/describe.js';
import { type LoadedMenu, loadMenu, openKeys, toPem } from '../certificates/files.js';
import { certificateLookup } from '../certificates/lookup.js';
import { revocationCheck } from '../certificates/revocation.js';
import { CertificateStore } from '../certificates/store.js';
import type { Log } from './log.js';
import type { Credentials } from './radius-tls.js';

export interface RunningCertificates {
  readonly store: CertificateStore;
  /** Reads all files again. */
  replace(built: Built): void;
  rows(): readonly CertificateRow[];
}

export function runningCertificates(built: Built, log: Log): RunningCertificates {
  let { settings } = built;
  const now = Date.now;
  // Another one at every reload: what it has fetched is asked for anew then.
  const asking = () => {
    const policy = () => settings.revocation;
    const below = () => settings.hashAndUrl;
    return {
      check: revocationCheck({ policy, now, fetch: fetchHttp }),
      lookup: below().length > 0 ? certificateLookup({ below, now, fetch: fetchHttp }) : undefined,
    };
  };
  let [menu, loaded] = [built.certificates, read(built, log)];
  const store = new CertificateStore({ ...loaded, ...asking(), now });
  return {
    store,
    replace(next) {
      settings = next.settings;
      [menu, loaded] = [next.certificates, read(next, log)];
      store.replace({ ...loaded, ...asking() });
    },
    rows: () => certificateRows(menu, loaded, now()),
  };
}

/** What RADIUS over TLS shows, and whom it believes. */
export function tlsCredentials(store: CertificateStore, name: string): Credentials {
  const { chain, privateKey } = store.own([name]);
  const pem = ({ der }: { readonly der: Uint8Array }): string => toPem('CERTIFICATE', der);
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificate: chain.map(pem).join(''),
    authorities: store.trusted().map(pem),
  };
}

function read({ certificates }: Built, log: Log): LoadedMenu {
  const loaded = loadMenu(certificates);
  for (const [name, reason] of loaded.failures) {
    log.error('system', `certificate '${name}': ${reason}`);
  }
  for (const path of openKeys(certificates)) {
    log.warning('system', `${path}: a private key that other users can read: chmod 600 ${path}`);
  }
  return loaded;
}
