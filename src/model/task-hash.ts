/**
 * The task hash: what makes one task different from another (DESIGN §6.1). The commit and the pull request's number are
 * not in it, since a new commit converges in place. The version lets a new Mayfly change what is hashed without
 * replacing every task: hashes of different versions are never compared.
 */
import { canonical, digest } from './digest.ts';
import type { ObservedTask, TaskSpec } from './observed.ts';

export const TASK_HASH_VERSION = 1;

/** Variables that describe the start of a task rather than its kind. */
const NOT_HASHED = new Set(['COMMIT', 'PR_NUMBER']);

export function taskHash(spec: TaskSpec): string {
  const env = Object.fromEntries(Object.entries(spec.env).filter(([name]) => !NOT_HASHED.has(name)));
  const { taskDefinitionArn, cpu, memory } = spec;
  return `${TASK_HASH_VERSION}:${digest(canonical({ taskDefinitionArn, cpu, memory, env }), 32)}`;
}

/** The hash of a task that runs: the recorded one where its attempt is recorded, else that of what ECS shows of it. */
export function hashOfTask(
  task: ObservedTask,
  attempt: { taskArn?: string | undefined; taskHash: string } | undefined,
): string {
  return attempt?.taskArn === task.arn ? attempt.taskHash : taskHash(task.spec);
}

/** True when the two are the same kind of task, or were hashed by different versions and cannot be told apart. */
export function sameTask(a: string, b: string): boolean {
  const version = (hash: string): string => hash.slice(0, hash.indexOf(':'));
  return a === b || version(a) !== version(b);
}
