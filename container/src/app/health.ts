/** Asks an app whether it answers. */
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export type Probe =
  /** The app answered; 5xx counts as not healthy. */
  | { readonly status: number }
  /** It did not; in words. */
  | { readonly error: string };

export function isHealthy(result: Probe): boolean {
  return 'status' in result && result.status < 500;
}

/** One GET with the environment's own Host. Never throws. */
export function probe(target: Target, path: string, hostHeader: string, timeoutMs: number): Promise<Probe> {
  return new Promise((resolve) => {
    const settle = (result: Probe): void => {
      clearTimeout(timer);
      resolve(result);
      asking.destroy();
    };
    const asking = request({ ...target, path, agent: false, headers: { host: hostHeader, 'user-agent': 'mayfly' } });
    const timer = setTimeout(() => settle({ error: `no answer within ${timeoutMs} ms` }), timeoutMs);
    asking.on('response', (response) => settle({ status: response.statusCode ?? 0 }));
    asking.on('error', (error: NodeJS.ErrnoException) => settle({ error: error.code ?? error.message }));
    asking.end();
  });
}

export interface HealthCheck {
  /** The last answer, however old. */
  readonly last: boolean;
  /** The newest answer, asked anew when it is older than `freshMs`; waits `waitMs` at most. */
  healthy(): Promise<boolean>;
}

/**
 * Probes only when somebody asks, and once for all who ask at the same time. While a slow probe runs, the last answer
 * counts: an app under load is not taken out for one slow page.
 */
export function makeHealthCheck(
  ask: () => Promise<Probe>,
  options: { readonly freshMs: number; readonly waitMs: number; readonly now?: () => number },
): HealthCheck {
  const now = options.now ?? (() => performance.now());
  let last = true;
  let askedAt = now();
  let asking: Promise<void> | undefined;
  async function renew(): Promise<void> {
    last = isHealthy(await ask());
    askedAt = now();
    asking = undefined;
  }
  return {
    get last() {
      return last;
    },
    async healthy() {
      if (!asking && now() - askedAt >= options.freshMs) {
        asking = renew();
      }
      if (asking) await within(asking, options.waitMs);
      return last;
    },
  };
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  const limit = new AbortController();
  await Promise.race([work, delay(ms, undefined, { signal: limit.signal }).catch(() => undefined)]);
  limit.abort();
}
