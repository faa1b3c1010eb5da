import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import express from 'express';

const root = fileURLToPath(new URL('.', import.meta.url));
const port = Number(process.env.PORT ?? 8080);
const host = process.env.HOST ?? '0.0.0.0';

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}

const hello = {
  branch: process.env.BRANCH || git('rev-parse', '--abbrev-ref', 'HEAD'),
  commit: process.env.COMMIT || git('rev-parse', 'HEAD'),
  startedAt: new Date().toISOString(),
};

const app = express();
app.disable('x-powered-by');
app.get('/api/hello', (_request, response) => {
  response.set('cache-control', 'no-store').json(hello);
});
app.use('/assets', express.static(`${root}dist/assets`, { immutable: true, maxAge: '1y', fallthrough: false }));
app.use(express.static(`${root}dist`));
app.get('/{*path}', (_request, response) => {
  response.sendFile('index.html', { root: `${root}dist` });
});

const server = app.listen(port, host, (error) => {
  if (error) {
    console.error(`cannot listen on ${host}:${port}: ${error.message}`);
    process.exit(1);
  }
  console.log(`listening on http://${host}:${server.address().port}`);
});

// Longer than a load balancer's idle timeout of 60 s, so that it never reuses a connection that is being closed.
server.keepAliveTimeout = 75_000;
server.headersTimeout = 80_000;

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  });
}
