/** The checked file, with the environment's say, as the rest of Mayfly sees it. */
import type { Config, ReaderSecrets } from '../model/config.ts';
import type { Policy } from '../model/policy.ts';
import type { LabelRule, Listener, Project } from '../model/project.ts';
import type { FileConfig, FileProject } from './schema.ts';

/** What the environment adds to the file, checked. */
export interface Surroundings<S extends ReaderSecrets> {
  readonly region: string;
  readonly awsEndpoint: string | undefined;
  readonly githubApiUrl: string | undefined;
  readonly secrets: S;
}

export function resolveConfig<S extends ReaderSecrets>(
  file: FileConfig,
  around: Surroundings<S>,
): Omit<Config, 'secrets'> & { readonly secrets: S } {
  const listeners = Object.entries(file.listeners).map(([name, listener]): Listener => ({ name, ...listener }));
  return {
    installation: file.installation,
    region: around.region,
    awsEndpoint: around.awsEndpoint ?? file.aws.endpoint,
    store: file.store,
    listeners,
    projects: Object.entries(file.projects).map(([name, project]) => resolveProject(name, project, file, listeners)),
    http: file.http,
    github: { apiUrl: around.githubApiUrl ?? file.github.apiUrl, webUrl: file.github.webUrl },
    policy: resolvePolicy(file.policy),
    intervals: {
      pollMs: file.intervals.poll,
      resyncMs: file.intervals.resync,
      rereadMs: file.intervals.reread,
    },
    workers: file.workers,
    logLevel: file.logLevel,
    secrets: around.secrets,
  };
}

function resolveProject(name: string, project: FileProject, file: FileConfig, listeners: readonly Listener[]): Project {
  const { listener: listenerName, labels, ...rest } = project;
  return {
    ...rest,
    name,
    labels: Object.entries(labels).map(([label, { image, agent }]): LabelRule => ({ label, imageTag: image, agent })),
    listener: checkedBefore(listeners.find((each) => each.name === (listenerName ?? listeners[0]?.name))),
    cluster: checkedBefore(project.cluster ?? file.cluster),
    network: checkedBefore(project.network ?? file.network),
    launchType: file.launchType,
  };
}

function resolvePolicy(policy: FileConfig['policy']): Policy {
  return {
    settleMs: policy.settle,
    deregistrationDelaySeconds: policy.deregistrationDelay / 1_000,
    healthCheckIntervalSeconds: policy.healthCheckInterval / 1_000,
    startDeadlineMs: policy.startDeadline,
    createGraceMs: policy.createGrace,
    retries: policy.retries,
    backoffBaseMs: policy.backoffBase,
    backoffMaxMs: policy.backoffMax,
    transitionMs: policy.transition,
    controlMs: policy.control,
    healthLookMs: policy.healthLook,
    retentionMs: policy.retention,
    orphanGraceMs: policy.orphanGrace,
    orphanLimit: policy.orphanLimit,
  };
}

/** `crossCheck` has reported it when it is missing. */
function checkedBefore<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the configuration was not cross-checked');
  return value;
}
