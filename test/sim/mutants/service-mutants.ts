/** Mutants of what people see: who is served until when, what they are told, and how loudly AWS is asked. */
import type { Mutant } from './mutant.ts';

export const SERVICE_MUTANTS: readonly Mutant[] = [
  {
    name: 'never-back-to-the-door',
    what: 'A rule whose environment is down is not pointed to the front door.',
    file: 'src/plan/targets.ts',
    from: 'const flips = carriesOnly(context, rule, groupArn, wanted) ?',
    to: 'const flips = wanted === 0 || carriesOnly(context, rule, groupArn, wanted) ?',
    caughtBy: 'dead-end',
    how: { scenario: 'address-reused' },
  },
  {
    name: 'stopped-before-unrouted',
    what: 'At the end the task is stopped while requests still reach it.',
    file: 'src/plan/teardown.ts',
    from: 'if (observed.targetGroup || ownRules(observed).length > 0)',
    to: 'if (liveTasks(observed).length === 0 && (observed.targetGroup || ownRules(observed).length > 0))',
    caughtBy: 'cut-off',
    how: { scenario: 'unlabel' },
  },
  {
    name: 'no-settle-time',
    what: 'The task is stopped at once after its rule is gone.',
    file: 'src/plan/teardown.ts',
    from: 'Date.parse(status.routeRemovedAt) + policy.settleMs;',
    to: 'Date.parse(status.routeRemovedAt);',
    caughtBy: 'cut-off',
    how: { scenario: 'unlabel' },
  },
  {
    name: 'extra-task-kept',
    what: 'A second task of the same kind is not stopped.',
    file: 'src/plan/tasks.ts',
    from: "...extra.map((task) => stop(context, task, 'a second task of the same kind')),",
    to: '',
    caughtBy: 'extra-task',
    how: { scenario: 'cloned-task' },
  },
  {
    name: 'comment-never-edited',
    what: 'A comment says for ever what it said first.',
    file: 'src/status/reporter.ts',
    from: 'if (known?.hash === hash) return',
    to: 'if (known) return',
    caughtBy: 'unsettled',
    how: { scenario: 'start' },
  },
  {
    name: 'no-backoff',
    what: 'What failed is tried again at once, and again.',
    file: 'src/runtime/backoff.ts',
    from: 'return Math.round(whole * (0.5 + random() / 2));',
    to: 'return 0 * whole * random();',
    caughtBy: 'throttled',
    how: { scenario: 'aws-away' },
  },
];
