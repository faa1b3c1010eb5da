/** Requests as a browser would make them: to the load balancer, with the environment's host. Node resolves no *.localhost. */
import { Agent, request } from 'node:http';

export interface Visit {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface VisitOptions {
  readonly port: number;
  readonly host: string;
  readonly path?: string;
  readonly accept?: string;
  readonly agent?: Agent;
  /** Default 127.0.0.1: the load balancer. */
  readonly address?: string;
}

const TIMEOUT_MS = 10_000;

export function visit(options: VisitOptions): Promise<Visit> {
  const { port, host, path = '/', accept = 'text/html', agent, address = '127.0.0.1' } = options;
  return new Promise((resolve, reject) => {
    const call = request(
      { host: address, port, path, agent, headers: { host: `${host}:${port}`, accept }, timeout: TIMEOUT_MS },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    call.on('error', reject);
    call.end();
  });
}

export interface Watch {
  /** Ends the polling; what failed, in words, and how many requests there were. */
  stop(): Promise<{ readonly requests: number; readonly failures: readonly string[] }>;
}

/** A client that asks every 50 ms over kept-alive connections, and counts everything but a 200 as a failure. */
export function watchForFailures(options: Omit<VisitOptions, 'agent'>): Watch {
  const agent = new Agent({ keepAlive: true });
  const failures: string[] = [];
  let requests = 0;
  let stopped = false;
  const ask = async (): Promise<void> => {
    requests += 1;
    const at = new Date().toISOString();
    try {
      const { status } = await visit({ ...options, agent });
      if (status !== 200) failures.push(`${at} status ${status}`);
    } catch (error) {
      failures.push(`${at} ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const loop = async (): Promise<void> => {
    const under: Promise<void>[] = [];
    while (!stopped) {
      under.push(ask());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await Promise.all(under);
  };
  const done = loop();
  return {
    async stop() {
      stopped = true;
      await done;
      agent.destroy();
      return { requests, failures };
    },
  };
}
