/** One health check of one target. The real one asks over HTTP; a simulation answers from its own world. */
import { type IncomingMessage, request } from 'node:http';
import type { ProbeOutcome } from './health.ts';

export interface Probe {
  readonly ip: string;
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
  /** Aborted when the result is no longer wanted. */
  readonly signal: AbortSignal;
}

export interface Prober {
  /** Never rejects. */
  probe(probe: Probe): Promise<ProbeOutcome>;
}

/**
 * A simulation that knows what a check would find: always the same until `Elbv2.targetChanged` announces otherwise,
 * after the change: when a program begins or ceases to answer, when its task dies, when its address goes to another.
 * Nothing is polled then, and no timer is set: AWS's health states over hours cost nothing. A timeout is found at once,
 * where a real check would take its time.
 */
export interface SteadyProber {
  answersNow(question: Pick<Probe, 'ip' | 'port' | 'path'>): ProbeOutcome;
}

/** GET without keep-alive and with the headers that ALB's own checks carry. Redirects are not followed. */
export const httpProber: Prober = {
  probe: (probe) =>
    new Promise((resolve) => {
      const timeout = AbortSignal.timeout(probe.timeoutMs);
      const onFailure = (): void => resolve({ kind: timeout.aborted ? 'timeout' : 'failed' });
      const onResponse = (response: IncomingMessage): void => {
        response.on('error', onFailure);
        response.on('end', () => resolve({ kind: 'response', status: response.statusCode ?? 0 }));
        response.resume();
      };
      request({
        host: probe.ip,
        port: probe.port,
        path: probe.path,
        agent: false,
        headers: { 'user-agent': 'ELB-HealthChecker/2.0', host: `${probe.ip}:${probe.port}` },
        signal: AbortSignal.any([timeout, probe.signal]),
      })
        .on('error', onFailure)
        .on('response', onResponse)
        .end();
    }),
};
