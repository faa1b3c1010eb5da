/** A proxy on an address of its own before servers that a test writes. */
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { makeUpstream, type Upstream } from '../../../container/src/app/upstream.ts';
import { type Proxy, type ProxyOptions, startProxy } from '../../../container/src/proxy/proxy.ts';
import { address, HOST, SESSION } from '../stage.ts';

export interface Stage {
  readonly ip: string;
  readonly proxy: Proxy;
  readonly upstream: Upstream;
}

export async function proxyTo(upstream: Upstream, options: Partial<ProxyOptions> = {}): Promise<Stage> {
  const found = await proxyWith({ upstream: () => upstream, ...options });
  onTestFinished(() => upstream.close(0));
  return { ...found, upstream };
}

export async function proxyWith(
  options: Pick<ProxyOptions, 'upstream'> & Partial<ProxyOptions>,
): Promise<{ ip: string; proxy: Proxy }> {
  const found = await startAnywhere({
    port: 3_001,
    session: SESSION,
    publicHost: HOST,
    healthy: () => Promise.resolve(true),
    version: () => undefined,
    robots: () => false,
    ...options,
  });
  onTestFinished(() => found.proxy.close());
  return found;
}

/** Another run of the tests on this machine may have an address already. */
async function startAnywhere(options: Omit<ProxyOptions, 'address'>): Promise<{ ip: string; proxy: Proxy }> {
  for (let tries = 0; ; tries += 1) {
    const ip = address();
    try {
      return { ip, proxy: await startProxy({ address: ip, ...options }) };
    } catch (error) {
      if (tries === 20 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

async function listening(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** An app, as the proxy sees it. */
export async function serve(listener: RequestListener): Promise<{ upstream: Upstream; server: Server }> {
  const server = createServer(listener);
  const port = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { upstream: makeUpstream('127.0.0.1', port), server };
}

/** An app that keeps to no protocol. */
export async function serveRaw(onConnection: (socket: Socket) => void): Promise<Upstream> {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const port = await listening(server);
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return makeUpstream('127.0.0.1', port);
}

export async function stage(listener: RequestListener, options?: Partial<ProxyOptions>) {
  const { upstream, server } = await serve(listener);
  return { ...(await proxyTo(upstream, options)), server };
}

/** Sends bytes as they are, and returns what comes until the connection closes. */
export function raw(ip: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = '';
    const socket = connect(3_001, ip, () => socket.write(text, 'latin1'));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      seen += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(seen));
  });
}

export interface OpenSocket {
  readonly socket: WebSocket;
  readonly received: string[];
  readonly closed: Promise<number>;
}

export async function openSocket(
  ip: string,
  path = '/live',
  headers: Record<string, string> = {},
): Promise<OpenSocket> {
  const socket = new WebSocket(`ws://${ip}:3001${path}`, { headers: { host: HOST, ...headers } });
  const received: string[] = [];
  socket.on('message', (data: Buffer) => received.push(data.toString()));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  onTestFinished(() => socket.terminate());
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return { socket, received, closed };
}
