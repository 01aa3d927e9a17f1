// The menu certificate of a running gateway: files read at start and at every reload, so that a renewed
// certificate is taken up by `culvert reload`. An entry that cannot be read costs its own peers only.
import type { Built } from '../config/databases.js';
import { fetchHttp } from '../certificates/http.js';
import { type LoadedEntry, loadEntry, toPem } from '../certificates/files.js';
import { revocationCheck } from '../certificates/revocation.js';
import { CertificateStore } from '../certificates/store.js';
import { CertificateError } from '../crypto/certificates.js';
import type { Log } from './log.js';
import type { Credentials } from './radius-tls.js';

export interface RunningCertificates {
  readonly store: CertificateStore;
  /** Reads all files again. */
  replace(built: Built): void;
}

export function runningCertificates(built: Built, log: Log): RunningCertificates {
  let policy = built.settings.revocation;
  const now = Date.now;
  const check = revocationCheck({ policy: () => policy, now, fetch: fetchHttp });
  const store = new CertificateStore({ ...read(built, log), now, check });
  return {
    store,
    replace(next) {
      policy = next.settings.revocation;
      const { entries, failures } = read(next, log);
      store.replace(entries, failures);
    },
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

function read({ certificates }: Built, log: Log) {
  const entries: LoadedEntry[] = [];
  const failures = new Map<string, string>();
  for (const entry of certificates) {
    try {
      entries.push(loadEntry(entry));
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      failures.set(entry.name, error.message);
      log.error('system', `certificate '${entry.name}': ${error.message}`);
    }
  }
  return { entries, failures };
}
