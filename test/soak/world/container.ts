/**
 * What runs in a task of the soak: as little as can pass for a supervisor and its app, since sixty run at once. It reads
 * its commit from the environment, "builds" for a moment, and answers as DESIGN §6 wants. Signatures are not checked.
 * It runs without its types, by itself: it imports nothing of the project, and knows nothing but its environment.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const BUILD_MS = 300;
const { env } = process;
const session = env['SESSION_ID'] ?? '';
const host = new URL(env['PUBLIC_URL'] ?? 'http://localhost').hostname;
const address = env['BIND_ADDRESS'] ?? '127.0.0.1';

let live: string | undefined;
let job: { commit: string; phase: 'build'; startedAt: string } | undefined;
let timer: NodeJS.Timeout | undefined;

function build(commit: string): void {
  clearTimeout(timer);
  job = { commit, phase: 'build', startedAt: new Date().toISOString() };
  timer = setTimeout(() => {
    live = commit;
    job = undefined;
  }, BUILD_MS);
}

function json(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function app({ url = '/', headers }: IncomingMessage, response: ServerResponse): void {
  const ready = '/.mayfly/ready/';
  if (url.startsWith(ready)) {
    const own = url.slice(ready.length) === session;
    return json(response, own ? (live === undefined ? 503 : 200) : 421, { session });
  }
  if (headers.host?.replace(/:\d+$/, '') !== host) return json(response, 421, { error: 'another host' });
  if (live === undefined) return json(response, 503, { error: 'not built yet' });
  json(response, 200, { session, commit: live, image: env['MAYFLY_IMAGE'], extra: env['SOAK_EXTRA'] });
}

function control(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET' && request.url === '/status') {
    return json(response, 200, { session, liveCommit: live, healthy: live !== undefined, job, inFlight: 0 });
  }
  if (request.method !== 'POST' || request.url !== '/sync')
    return json(response, 404, { error: 'not-found', message: '' });
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { commit } = JSON.parse(body) as { commit: string };
    if (commit !== live || job) build(commit);
    json(response, 202, { session });
  });
}

for (const [port, handle] of [
  [3001, app],
  [8080, control],
] as const) {
  const server = createServer(handle);
  // Above the load balancer's 60 s.
  server.keepAliveTimeout = 75_000;
  server.listen(port, address);
}
process.once('SIGTERM', () => process.exit(0));
build(env['COMMIT'] ?? '');
