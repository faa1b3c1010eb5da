/** A project: a repository and how it is run. Built by `config/` from mayfly.yaml, read everywhere else. */
import type { StoredEnvironment } from './environment.ts';

/** What a trigger label asks for. Several labels at once resolve by their order in the configuration. */
export interface LabelRule {
  readonly label: string;
  readonly imageTag: string;
  readonly agent: boolean;
}

/** One ALB listener and the domain whose hosts it serves. */
export interface Listener {
  readonly name: string;
  readonly arn: string;
  readonly vpcId: string;
  /** Target group of Mayfly's own front door, the listener's default action and every rule's second target. */
  readonly frontDoorTargetGroupArn: string;
  /** Hosts are `{session}.{domain}`. */
  readonly domain: string;
  /** Where people reach it, with `{host}` for the host name, e.g. `https://{host}` or `http://{host}:8000`. */
  readonly url: string;
}

export interface Network {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean;
}

export interface Project {
  readonly name: string;
  /** Base repository, `owner/name`. */
  readonly repo: string;
  readonly prefix: string;
  readonly labels: readonly LabelRule[];
  readonly defaultTag: string;
  readonly listener: Listener;
  readonly cluster: string;
  readonly launchType: 'FARGATE' | 'EC2';
  readonly network: Network;
  /** Family (its newest ACTIVE revision is taken) or family:revision. */
  readonly taskDefinition: string;
  /** The container of the task definition whose image and environment Mayfly sets. */
  readonly container: string;
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  /** Where the load balancer reaches the task. */
  readonly port: number;
  /** Non-secret variables; values may refer to others and to Mayfly's own: `${PUBLIC_URL}/api`. */
  readonly env: Readonly<Record<string, string>>;
  /** A line for the comment, e.g. how to log in. */
  readonly note?: string | undefined;
  /** False for images without Mayfly's supervisor: no control port, no in-place update. */
  readonly supervisor: boolean;
  /** Health check path of images without the supervisor. */
  readonly healthPath?: string | undefined;
}

/**
 * The project of a record: the one it names, or, when the record cannot be understood, the one whose prefix its session
 * id begins with. No prefix extends another by a hyphen, so at most one does.
 */
export function projectOf(projects: readonly Project[], record: StoredEnvironment): Project | undefined {
  return projects.find(({ name, prefix }) =>
    record.ok ? name === record.desired.project : record.sessionId.startsWith(`${prefix}-`),
  );
}
