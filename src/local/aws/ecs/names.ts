/** ARNs of ECS, made and read. */
import { clientError, invalid } from './context.ts';
import type { EcsOptions } from './context.ts';

type Home = Pick<EcsOptions, 'account' | 'region'>;

function arn(home: Home, resource: string): string {
  return `arn:aws:ecs:${home.region}:${home.account}:${resource}`;
}

export const clusterArn = (home: Home, name: string): string => arn(home, `cluster/${name}`);

export const taskArn = (home: Home, cluster: string, id: string): string => arn(home, `task/${cluster}/${id}`);

export const containerArn = (home: Home, cluster: string, task: string, id: string): string =>
  arn(home, `container/${cluster}/${task}/${id}`);

export const definitionArn = (home: Home, family: string, revision: number): string =>
  arn(home, `task-definition/${family}:${revision}`);

/** From a name or an ARN; `default` when absent. Throws InvalidParameterException. */
export function clusterName(home: Home, nameOrArn: string | undefined): string {
  if (nameOrArn === undefined || nameOrArn === '') {
    return 'default';
  }
  const prefix = arn(home, 'cluster/');
  const name = nameOrArn.startsWith(prefix) ? nameOrArn.slice(prefix.length) : nameOrArn;
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    // An ARN of another account or region is well-formed, but names no cluster of ours.
    if (/^arn:aws:ecs:[^:]*:[^:]*:cluster\//.test(name)) {
      return name;
    }
    throw invalid(
      `Identifier is for a cluster and must be 1 to 255 letters, digits, _ and -; found '${shorten(name)}'`,
    );
  }
  return name;
}

/** The id, from an id or an ARN of this cluster; undefined when the ARN is of another. Throws InvalidParameterException. */
export function taskId(home: Home, cluster: string, idOrArn: string): string | undefined {
  if (!idOrArn.startsWith('arn:')) {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(idOrArn)) {
      throw invalid(`taskId length should be one of [32,36]; found '${shorten(idOrArn)}'`);
    }
    return idOrArn;
  }
  if (!/^arn:aws:ecs:[^:]*:[^:]*:task\//.test(idOrArn)) {
    throw invalid(`Invalid identifier: Identifier is not for a task; found '${shorten(idOrArn)}'`);
  }
  const prefix = taskArn(home, cluster, '');
  return idOrArn.startsWith(prefix) ? idOrArn.slice(prefix.length) : undefined;
}

export interface DefinitionName {
  readonly family: string;
  /** Absent: the newest that is ACTIVE. */
  readonly revision?: number;
}

/** From `family`, `family:revision` or an ARN. Throws ClientException. */
export function definitionName(home: Home, name: string): DefinitionName {
  const prefix = arn(home, 'task-definition/');
  const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const match = /^([A-Za-z0-9_-]{1,255})(?::(\d{1,9}))?$/.exec(short);
  if (match?.[1] === undefined) {
    throw clientError(`Invalid task definition name: use family, family:revision or an ARN; found '${shorten(name)}'`);
  }
  return match[2] === undefined ? { family: match[1] } : { family: match[1], revision: Number(match[2]) };
}

function shorten(text: string): string {
  return text.slice(0, 200);
}
