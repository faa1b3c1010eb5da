/**
 * The files of a folder over HTTP. Names are looked up in a list that is made once, so no path leads out of it; names
 * that begin with a dot are not in it. Links are: `sirv` follows them, to files and to directories, wherever they lead.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';

/** Throws when the folder cannot be read whole, e.g. for a link that leads nowhere. */
export function makeSite(folder: string): Server {
  const files = sirv(folder, { etag: true, maxAge: 0 });
  const notFound = join(folder, '404.html');
  const hasNotFound = existsSync(notFound);

  const answerMissing = (request: IncomingMessage, response: ServerResponse): void => {
    if (hasNotFound) return sendPage(request, response, notFound);
    if (!isNavigation(request)) return sendText(response, 404, 'not found');
    // The page's own code knows what to show there.
    request.url = '/index.html';
    files(request, response, () => sendText(response, 404, 'not found'));
  };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return sendText(response, 405, 'only GET and HEAD are answered here');
    }
    dropOddRange(request);
    // A file may have gone, or be one that nobody may read.
    response.on('pipe', (source) => source.once('error', () => response.destroy()));
    files(request, response, () => answerMissing(request, response));
  };

  return createServer((request, response) => {
    try {
      answer(request, response);
    } catch {
      response.destroy();
    }
  });
}

/** A person's browser asks for a page, and not for a file that a page names. */
function isNavigation(request: IncomingMessage): boolean {
  const [path = ''] = (request.url ?? '').split('?');
  return (request.headers.accept ?? '').includes('text/html') && !/\.[^/]*$/.test(path);
}

/** Only one range from a first to a later byte is understood; anything else would be read wrongly. */
function dropOddRange(request: IncomingMessage): void {
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (from === '' || (to !== '' && Number(to) < Number(from))) delete request.headers.range;
}

function sendPage(request: IncomingMessage, response: ServerResponse, path: string): void {
  const { size } = statSync(path);
  response.writeHead(404, { 'content-type': 'text/html;charset=utf-8', 'content-length': size });
  if (request.method === 'HEAD') response.end();
  else createReadStream(path).pipe(response);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain;charset=utf-8');
  response.end(`${text}\n`);
}
