/** An app of a single process, as it was started before there were several. */
import type { Command, Identity } from '../processes/process-group.ts';
import type { Timings } from '../timings.ts';
import { PhaseError } from '../updates/progress.ts';
import { launch } from './launch.ts';
import { freePorts } from './ports.ts';
import type { RunningApp } from './running-app.ts';

export { TAIL_LINES } from './member.ts';

export interface AppOptions {
  readonly command: Command;
  readonly cwd: string;
  /** Without PORT and HOST. */
  readonly env: Readonly<Record<string, string>>;
  readonly runAs?: Identity | undefined;
  readonly healthPath: string;
  readonly hostHeader: string;
  readonly deadlineMs: number;
  readonly timings: Timings;
  readonly onLine: (line: string) => void;
}

export interface AppProcess extends Omit<RunningApp, 'stop'> {
  stop(limits: number | Parameters<RunningApp['stop']>[0]): Promise<void>;
}

/** Resolves once the app answers its health check; throws a PhaseError of phase `start` and leaves nothing behind. */
export async function startApp(options: AppOptions, signal: AbortSignal): Promise<AppProcess> {
  const { command, cwd, env, healthPath, onLine, ...more } = options;
  const web = { name: 'web', directory: '', command, route: '/', health: healthPath, env: {} };
  try {
    const started = await launch(
      { ...more, processes: [web], dir: cwd, env: () => env, onLine: (_process, line) => onLine(line) },
      signal,
    );
    const app = await started.healthy();
    return {
      ...app,
      get lastHealthy() {
        return app.lastHealthy;
      },
      stop: (limits) => app.stop(typeof limits === 'number' ? { drainMs: 0, killAfterMs: limits } : limits),
    };
  } catch (error) {
    if (error instanceof PhaseError) throw new PhaseError('start', error.message, error.logTail);
    throw error;
  }
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
