import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { makeHttpCache } from '../../../container/src/cache/http.ts';
import { keyOf, listen, NEVER, temporary } from './ground.ts';

const KEY = keyOf('one');

function makeCertificate(): { key: string; cert: string; path: string } | undefined {
  const dir = temporary();
  const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  try {
    const args = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...args, ...subject], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), path: cert };
  } catch {
    return undefined;
  }
}

it('https is spoken with servers that prove who they are, and no redirect leads from it to http', async (context) => {
  const certificate = makeCertificate();
  if (!certificate) return context.skip('there is no openssl to make a certificate with');
  const server = createServer(certificate, (request, response) => {
    if (request.url?.startsWith('/there/')) response.end('content');
    else response.writeHead(302, { location: `http://127.0.0.1:1${request.url}` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    delete process.env['NODE_EXTRA_CA_CERTS'];
    server.closeAllConnections();
    server.close();
  });
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const told = listen();
  const ask = async (path: string): Promise<string | undefined> => {
    const grant = { get: `${origin}/${path}/{key}?signature` };
    const cache = makeHttpCache({ grant: () => grant, timeoutMs: 2_000, maxBytes: 1_000, log: told.log });
    const found = await cache.get(KEY, NEVER);
    return found && (await text(found));
  };

  expect(await ask('there')).toBeUndefined();
  expect(told.lines.pop()).toContain('the connection failed (DEPTH_ZERO_SELF_SIGNED_CERT)');
  process.env['NODE_EXTRA_CA_CERTS'] = certificate.path;
  expect(await ask('there')).toBe('content');
  expect(told.lines).toEqual([]);
  expect(await ask('elsewhere')).toBeUndefined();
  expect(told.lines.pop()).toContain('it leads from https to http');
});
