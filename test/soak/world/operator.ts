/** One replica of the operator, as a process that can be killed, stopped, continued and started again. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Child, startChild } from '../../../src/local/demo/child.ts';
import type { Secrets } from '../../../src/local/demo/settings.ts';
import { until } from '../../../src/local/demo/until.ts';

const PROBE = new URL('memory-probe.ts', import.meta.url).href;

export interface OperatorOptions {
  /** `a` or `b`. */
  readonly name: string;
  /** Entry of the operator. */
  readonly main: string;
  readonly stateDir: string;
  readonly config: object;
  readonly adminPort: number;
  readonly secrets: Secrets;
  readonly awsEndpoint: string;
  readonly githubUrl: string;
}

export interface Memory {
  readonly heapMb: number;
  readonly rssMb: number;
}

export interface Operator {
  readonly name: string;
  /** -1 while none runs. */
  pid(): number;
  isUp(): boolean;
  isPaused(): boolean;
  /** Of the process that runs now, in seconds. */
  ageSeconds(): number;
  /** How often it was started. */
  starts(): number;
  start(): Promise<void>;
  ready(limitMs?: number): Promise<void>;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
  pause(): void;
  resume(): void;
  /** After a garbage collection. */
  memory(): Promise<Memory>;
  /** The sum over the series of a metric; undefined when it does not answer. */
  metric(name: string): Promise<number | undefined>;
  tail(): string;
}

export function makeOperator(options: OperatorOptions): Operator {
  const { name, stateDir, adminPort } = options;
  const configFile = join(stateDir, `mayfly-${name}.yaml`);
  const memoryFile = join(stateDir, `memory-${name}.json`);
  writeFileSync(configFile, stringify(options.config));
  let child: Child | undefined;
  let isUp = false;
  let isPaused = false;
  let starts = 0;
  let startedAt = 0;
  const resume = (): void => {
    if (isPaused && child && isUp) process.kill(child.pid, 'SIGCONT');
    isPaused = false;
  };
  return {
    name,
    pid: () => (isUp ? (child?.pid ?? -1) : -1),
    isUp: () => isUp,
    isPaused: () => isPaused,
    ageSeconds: () => (performance.now() - startedAt) / 1_000,
    starts: () => starts,
    async start() {
      const begun = startChild({
        name: `operator ${name}`,
        script: options.main,
        env: envOf(options, configFile, memoryFile),
        logFile: join(stateDir, `logs/operator-${name}.log`),
      });
      child = begun;
      isUp = true;
      starts += 1;
      startedAt = performance.now();
      void begun.exited.then(() => {
        if (child === begun) isUp = false;
      });
    },
    async ready(limitMs = 60_000) {
      const look = async (): Promise<boolean> => {
        if (!isUp) throw new Error(`it has ended:\n${child?.tail()}`);
        return (await fetch(`http://127.0.0.1:${adminPort}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
      };
      await until(`operator ${name} is ready`, look, limitMs);
    },
    async kill(signal) {
      resume();
      return (await child?.stop(signal)) ?? null;
    },
    pause() {
      if (!child || !isUp) return;
      process.kill(child.pid, 'SIGSTOP');
      isPaused = true;
    },
    resume,
    async memory() {
      rmSync(memoryFile, { force: true });
      process.kill(child?.pid ?? process.pid, 'SIGUSR2');
      await until(`operator ${name} tells its memory`, async () => existsSync(memoryFile), 20_000);
      const { heapUsed, rss } = JSON.parse(readFileSync(memoryFile, 'utf8')) as NodeJS.MemoryUsage;
      return { heapMb: heapUsed / 1e6, rssMb: rss / 1e6 };
    },
    async metric(metric) {
      if (!isUp || isPaused) return undefined;
      const signal = AbortSignal.timeout(2_000);
      const text = await fetch(`http://127.0.0.1:${adminPort}/metrics`, { signal }).then(
        (response) => response.text(),
        () => undefined,
      );
      return text === undefined ? undefined : sumOf(text, metric);
    },
    tail: () => child?.tail() ?? '',
  };
}

function envOf({ secrets, awsEndpoint, githubUrl }: OperatorOptions, configFile: string, memoryFile: string) {
  return {
    MAYFLY_CONFIG: configFile,
    MAYFLY_WEBHOOK_SECRET: secrets.webhookSecret,
    MAYFLY_SIGNING_KEY: secrets.signingKey,
    GITHUB_TOKEN: secrets.githubToken,
    AWS_ENDPOINT_URL: awsEndpoint,
    // Not the harness's own, which no rate holds for.
    AWS_ACCESS_KEY_ID: 'operator',
    AWS_SECRET_ACCESS_KEY: 'operator',
    GITHUB_API_URL: githubUrl,
    NODE_OPTIONS: `--expose-gc --import ${PROBE}`,
    SOAK_MEMORY: memoryFile,
  };
}

/** Of a series without labels, or of all series of the name. */
export function sumOf(text: string, metric: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
