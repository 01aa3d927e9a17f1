// HTTP for CRLs, OCSP, and certificates by hash and URL: plain, as RFC 5280 §8 wants it (what is fetched is
// signed), bounded in time and size, no redirects. Who is asked stands in certificates that were verified
// before, or in the configuration.
import { request } from 'node:http';
import type { Fetch } from './revocation.js';

/** Our own choices: a peer waits for us meanwhile. */
const TIMEOUT_MS = 3000;
const LARGEST = 32 * 1024 * 1024;
const OK = 200;

export const fetchHttp: Fetch = (url, body, largest = LARGEST) =>
  new Promise((resolve, reject) => {
    if (!/^http:\/\//i.test(url)) {
      reject(new Error('only http is asked'));
      return;
    }
    const headers = body && { 'content-type': body.type, 'content-length': body.bytes.length };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const method = body ? 'POST' : 'GET';
    const asking = request(url, { method, signal, agent: false, ...(headers && { headers }) });
    const fail = (error: Error): void => {
      reject(signal.aborted ? new Error(`no answer within ${TIMEOUT_MS / 1000} s`) : error);
      asking.destroy();
    };
    asking.on('error', fail);
    asking.on('response', (response) => {
      if (response.statusCode !== OK) return fail(new Error(`HTTP status ${response.statusCode}`));
      const parts: Buffer[] = [];
      let length = 0;
      response.on('data', (part: Buffer) => {
        length += part.length;
        if (length > largest) fail(new Error(`more than ${largest} bytes`));
        else parts.push(part);
      });
      response.on('error', fail);
      response.on('end', () => resolve(Buffer.concat(parts)));
    });
    asking.end(body?.bytes);
  });
