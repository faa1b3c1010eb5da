/** Mutants of what is started, adopted and stopped. */
import type { Mutant } from './mutant.ts';

export const TASK_MUTANTS: readonly Mutant[] = [
  {
    name: 'no-token',
    what: 'RunTask is called without a client token.',
    file: 'src/aws/ecs.ts',
    from: 'new RunTaskCommand(toRunTaskInput(request, clientToken))',
    to: 'new RunTaskCommand({ ...toRunTaskInput(request, clientToken), clientToken: undefined })',
    caughtBy: 'counts',
    how: { scenario: 'slow-listing', strike: { operation: 'ecs:RunTask', nth: 1, strike: 'answer-lost' } },
  },
  {
    name: 'token-of-the-session',
    what: 'The client token is the same for every attempt.',
    file: 'src/model/names.ts',
    from: 'digest(`${session}\\n${attempt}\\n${taskHash}\\n${requestedAt}`, 48)',
    to: 'digest(session, 48)',
    caughtBy: 'token-reused',
    how: { scenario: 'relabel' },
  },
  {
    name: 'token-not-kept',
    what: 'An attempt whose outcome is not known is repeated with a new token instead of the recorded one.',
    file: 'src/plan/tasks.ts',
    from: 'const again = { ...attempt, requestedAt',
    to: 'const again = { ...attempt, clientToken: `${attempt.clientToken}x`, requestedAt',
    caughtBy: 'counts',
    how: { scenario: 'slow-listing', strike: { operation: 'ecs:RunTask', nth: 1, strike: 'answer-lost' } },
  },
  {
    name: 'intent-last',
    what: 'The attempt is recorded after RunTask instead of before it.',
    file: 'src/apply/tasks.ts',
    from: `  await pass.recordAttempt(attempt);
  try {
    const outcome = await aws.ecs.runTask(attempt.request, attempt.clientToken);`,
    to: `  try {
    const outcome = await aws.ecs.runTask(attempt.request, attempt.clientToken);
    await pass.recordAttempt(attempt);`,
    caughtBy: 'counts',
    how: { scenario: 'slow-listing', strike: { operation: 'ecs:RunTask', nth: 1, strike: 'answer-lost' } },
  },
  {
    name: 'no-adoption',
    what: 'A task that runs already is not written into the record.',
    file: 'src/plan/tasks.ts',
    from: 'if (attempt?.taskArn === task.arn) return [];',
    to: 'return [];',
    caughtBy: 'unsettled',
    how: { scenario: 'start', strike: { operation: 'ecs:RunTask', nth: 1, strike: 'crash-after' } },
  },
  {
    name: 'everybodys-tasks',
    what: 'Tasks are listed without asking who started them.',
    file: 'src/aws/ecs.ts',
    from: 'new ListTasksCommand({ cluster, startedBy, maxResults',
    to: 'new ListTasksCommand({ cluster, maxResults',
    caughtBy: 'foreign',
    how: { scenario: 'neighbour' },
  },
  {
    name: 'no-buckets',
    what: "Nothing keeps calls below AWS's rates.",
    file: 'src/aws/buckets.ts',
    from: 'await buckets.get(name)?.take(signal);',
    to: 'void signal;',
    caughtBy: 'throttled',
    how: { scenario: 'many-at-once' },
  },
  {
    name: 'late-task-forgotten',
    what: 'A task that was just requested is not waited for at the end.',
    file: 'src/plan/teardown.ts',
    from: "return until > now ? { steps: [], stage: 'unknown-task', until } : undefined;",
    to: 'return undefined;',
    caughtBy: 'leftover',
    how: { scenario: 'late-and-unlabelled' },
  },
];
