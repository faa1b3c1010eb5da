/**
 * What the configuration names in AWS and Mayfly never makes: clusters and listeners. Looked for at the start, and again
 * until all are there, so that a person learns what to correct from one place. Reads only.
 */
import { AwsError } from '../aws/errors.ts';
import type { Aws } from '../aws/ports.ts';
import type { Config } from '../model/config.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { toError } from '../runtime/errors.ts';
import type { Health } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/logger.ts';

/** One thing that is missing, in words for the person who configured it. */
export interface Missing {
  /** Path in mayfly.yaml, e.g. `listeners.main.arn`. */
  readonly path: string;
  /** What was found, and the fix. */
  readonly message: string;
}

export interface PrerequisiteOptions {
  readonly aws: Reads;
  readonly config: Named;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Logger;
}

type Named = Pick<Config, 'projects' | 'listeners' | 'region'>;
interface Reads {
  readonly ecs: Pick<Aws['ecs'], 'clusterExists'>;
  readonly elbv2: Pick<Aws['elbv2'], 'listenerExists'>;
}

const SOON_MS = 1_000;

/** Sets the health check `aws` and logs what is missing, until nothing is. `stop` waits for a look under way. */
export function startPrerequisites(options: PrerequisiteOptions): { stop(): Promise<void> } {
  const { aws, config, everyMs, clock } = options;
  let timer: Timer | undefined;
  let stopped = false;
  let pauseMs = SOON_MS;
  const look = async (): Promise<void> => {
    const missing = await findMissing(aws, config);
    if (stopped) return;
    tell(options, missing);
    if (missing.length === 0) return;
    // An answer that was lost is asked for again soon; what a person must make is not there so soon.
    pauseMs = Math.min(everyMs, pauseMs * 2);
    timer = clock.after(pauseMs, again);
  };
  const again = (): void => {
    looking = look();
  };
  let looking = look();
  return {
    async stop() {
      stopped = true;
      timer?.cancel();
      await looking;
    },
  };
}

function tell({ health, logger }: PrerequisiteOptions, missing: readonly Missing[]): void {
  for (const { path, message } of missing) logger.error({ path }, `${path}: ${message}`);
  const detail = missing.map(({ path, message }) => `${path}: ${message}`).join(' ');
  health.set('aws', missing.length === 0, detail || 'every cluster and listener of the configuration exists');
}

/** Every cluster and listener that does not exist or cannot be read, in the order of the configuration. */
export async function findMissing({ ecs, elbv2 }: Reads, config: Named): Promise<readonly Missing[]> {
  const clusters = [...Map.groupBy(config.projects, ({ cluster }) => cluster)].map(([cluster, projects]) =>
    find({
      path: projects.map(({ name }) => `projects.${name}.cluster`).join(', '),
      what: `the ECS cluster ${cluster}`,
      fix: `Create it in ${config.region}, or correct its name here or in "cluster", which is every project's.`,
      permission: 'ecs:DescribeClusters',
      exists: () => ecs.clusterExists(cluster),
    }),
  );
  const listeners = config.listeners.map(({ name, arn }) =>
    find({
      path: `listeners.${name}.arn`,
      what: `the listener ${arn}`,
      fix: 'Create it, or correct the ARN.',
      permission: 'elasticloadbalancing:DescribeListeners',
      exists: () => elbv2.listenerExists(arn),
    }),
  );
  return (await Promise.all([...clusters, ...listeners])).flat();
}

interface Search {
  readonly path: string;
  readonly what: string;
  readonly fix: string;
  readonly permission: string;
  readonly exists: () => Promise<boolean>;
}

async function find({ path, what, fix, permission, exists }: Search): Promise<readonly Missing[]> {
  const absent: Missing = { path, message: `${what} does not exist, or is not active. ${fix}` };
  try {
    return (await exists()) ? [] : [absent];
  } catch (error) {
    const kind = error instanceof AwsError ? error.kind : undefined;
    if (kind === 'not-found') return [absent];
    const hint = kind === 'denied' ? ` Allow ${permission}.` : '';
    return [{ path, message: `${what} cannot be read: ${toError(error).message}.${hint}` }];
  }
}
