/**
 * Serves a static site: `main.ts <folder>…` shows the first folder that has an index.html, on $HOST:$PORT. It runs with
 * the rights of the project's code, so what links lead to is what that code could read anyway.
 */
import { findSite } from './find-site.ts';
import { makeSite } from './site.ts';

/** Above the 60 s of load balancers, so that they never reuse a connection that is being closed. */
const KEEP_ALIVE_MS = 75_000;
/** For responses under way when it is told to stop. */
const GRACE_MS = 3_000;

const folders = process.argv.slice(2);
const folder = findSite(folders);
if (folder === undefined) {
  fail(`there is no page to show: none of the folders ${folders.join(', ')} has an index.html`);
}
const { HOST, PORT } = process.env;
const server = serve(folder);
server.keepAliveTimeout = KEEP_ALIVE_MS;
server.on('error', (error) => fail(`cannot listen on ${HOST}:${PORT}: ${error.message}`));
server.listen(Number(PORT), HOST, () => console.log(`shows ${folder} on ${HOST}:${PORT}`));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
  });
}

function serve(folder: string): ReturnType<typeof makeSite> {
  try {
    return makeSite(folder);
  } catch (error) {
    // A link that leads nowhere, or in a circle.
    return fail(`cannot read ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
