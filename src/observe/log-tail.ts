/** The last lines that a task's app wrote, with secrets taken out: for comments, conditions and the waiting page. */
import type { Project } from '../model/project.ts';
import { redactLines } from '../model/redact.ts';
import { AwsError } from '../aws/errors.ts';
import type { Aws, TaskDefinitionContainer } from '../aws/ports.ts';
import type { Clock } from '../runtime/clock.ts';
import { makeTtlCache } from './ttl-cache.ts';

/** Many readers of one failing environment cost one call. */
const TAIL_TTL_MS = 1_500;
/** A revision never changes. */
const DEFINITION_TTL_MS = 600_000;
/** Read and redacted whole, so that a key that begins above the lines asked for is still seen as one. */
const READ_LINES = 200;
/** Bounds the work that a hostile log can cause. */
const LONGEST_LINE = 2_000;

/**
 * The last `lines` lines of the project's container in this task, oldest first. Empty when there is no log (yet) or the
 * container does not log to CloudWatch. A log that AWS does not give says so in one line.
 */
export type LogTail = (
  project: Project,
  taskDefinitionArn: string,
  taskArn: string,
  lines: number,
) => Promise<string[]>;

export interface LogTailOptions {
  readonly aws: Pick<Aws, 'ecs' | 'logs'>;
  readonly clock: Clock;
  /** Values that never leave: the installation's own secrets. */
  readonly secrets: readonly string[];
}

export function makeLogTail({ aws, clock, secrets }: LogTailOptions): LogTail {
  const containers = makeTtlCache<readonly TaskDefinitionContainer[]>({
    clock,
    ttlMs: (found) => (found.length > 0 ? DEFINITION_TTL_MS : 0),
  });
  const tails = makeTtlCache<readonly string[]>({ clock, ttlMs: () => TAIL_TTL_MS });

  const read = async (project: Project, taskDefinitionArn: string, taskArn: string, limit: number) => {
    const known = await containers.get(
      taskDefinitionArn,
      async () => (await aws.ecs.describeTaskDefinition(taskDefinitionArn))?.containers ?? [],
    );
    const log = known.find(({ name }) => name === project.container)?.log;
    if (!log) return [];
    const stream = `${log.streamPrefix}/${project.container}/${taskIdOf(taskArn)}`;
    const messages = await aws.logs.tail(log.group, stream, limit);
    return redactLines(toLines(messages).slice(-limit), secrets);
  };

  return async (project, taskDefinitionArn, taskArn, lines) => {
    const limit = Math.max(lines, READ_LINES);
    const key = JSON.stringify([project.container, taskDefinitionArn, taskArn, limit]);
    const tail = await tails.get(key, () => read(project, taskDefinitionArn, taskArn, limit).catch(unreadable));
    return lines > 0 ? tail.slice(-lines) : [];
  };
}

/** A message is usually a line, and may hold several. */
function toLines(messages: readonly string[]): string[] {
  const lines = messages.flatMap((message) => message.replace(/\r?\n$/, '').split(/\r?\n/));
  return lines.map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));
}

/** arn:aws:ecs:R:A:task/cluster/id */
function taskIdOf(taskArn: string): string {
  return taskArn.slice(taskArn.lastIndexOf('/') + 1);
}

function unreadable(error: unknown): readonly string[] {
  if (error instanceof AwsError) return [`(the log cannot be read: ${error.message})`];
  throw error;
}
