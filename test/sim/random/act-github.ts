/** What people do on GitHub. */
import { pullOf, type Stage } from './stage.ts';
import type { Doing } from './story.ts';

type OnGitHub = Extract<
  Doing,
  {
    kind:
      | 'open'
      | 'label'
      | 'unlabel'
      | 'close'
      | 'reopen'
      | 'merge'
      | 'title'
      | 'comment'
      | 'push'
      | 'delete-branch'
      | 'restore-branch';
  }
>;

export function doOnGitHub(stage: Stage, doing: OnGitHub): void {
  const { github } = stage.world;
  const { branch } = doing;
  switch (doing.kind) {
    case 'open': {
      const { base, fork, label } = doing;
      github.label(github.openPull(branch, { ...(base && { base }), ...(fork && { fork }) }), label);
      return;
    }
    case 'push':
      return push(stage, doing);
    case 'delete-branch':
      github.deleteBranch(branch);
      return;
    case 'restore-branch':
      github.restoreBranch(branch);
      return;
    default:
      return toPull(stage, doing);
  }
}

function push({ world }: Stage, { branch, forced, outcome }: Extract<Doing, { kind: 'push' }>): void {
  const { github, supervisors } = world;
  const commit = forced ? github.forcePush(branch) : github.push(branch);
  if (outcome) supervisors.plans.set(commit, { outcome });
}

type ToPull = Exclude<OnGitHub, { kind: 'open' | 'push' | 'delete-branch' | 'restore-branch' }>;

function toPull(stage: Stage, doing: ToPull): void {
  const { github, time } = stage.world;
  const number = pullOf(stage, doing.branch)?.number;
  if (number === undefined) return;
  switch (doing.kind) {
    case 'label':
      github.label(number, doing.label);
      return;
    case 'unlabel':
      github.unlabel(number, doing.label);
      return;
    case 'title':
      github.edit(number, `title of ${time.monotonic()}`);
      return;
    case 'comment':
      github.comment(number, 'how nice');
      return;
    case 'close':
    case 'reopen':
    case 'merge':
      github[doing.kind](number);
  }
}
