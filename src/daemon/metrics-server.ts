// GET /metrics on a loopback address. Nothing is changed by asking, and nothing but this is answered.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { MetricsSettings } from '../config/settings.js';
import { CONTENT_TYPE } from './exposition.js';

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

// Our own choices.
const MAX_CONNECTIONS = 16;
const REQUEST_MS = 10_000;

/** Resolves when it listens; undefined where no address is configured. */
export async function serveMetrics(
  { address, port }: MetricsSettings,
  text: () => string,
): Promise<MetricsServer | undefined> {
  if (address === undefined) return undefined;
  const server = createServer((request, response) => answer(request, response, text));
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = REQUEST_MS;
  await listen(server, address, port);
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const where = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      const used = code === 'EADDRINUSE' ? 'somebody else listens there' : code;
      reject(new Error(`metrics cannot be served at ${where}: ${used}`));
    });
    server.listen({ host: address, port }, resolve);
  });
}

function answer(request: IncomingMessage, response: ServerResponse, text: () => string): void {
  const { status, body, type = 'text/plain; charset=utf-8' } = answerTo(request, text);
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? '' : body);
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

function answerTo({ method, url, headers }: IncomingMessage, text: () => string): Answer {
  // A page in a browser on this host can have a name of its own point here, and then read the answer.
  if (!isLocal(headers.host)) return { status: 403, body: 'ask by a loopback address\n' };
  if (url?.split('?')[0] !== '/metrics') return { status: 404, body: 'there is /metrics\n' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'GET only\n' };
  return { status: 200, body: text(), type: CONTENT_TYPE };
}

const isLocal = (host: string | undefined): boolean =>
  /^(127(\.\d{1,3}){3}|\[::1\]|localhost)(:\d+)?$/i.test(host ?? '');
