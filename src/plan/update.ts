/**
 * The update facet, `in-place`: ask the supervisor of the current task for the wanted commit, unless it serves it, is at
 * it, or has failed at it. Only the newest commit is ever asked for; the supervisor cancels an older job.
 */
import type { ObservedTask, SupervisorReport } from '../model/observed.ts';
import type { Step } from '../model/step.ts';
import type { PlanContext } from './context.ts';
import { reportOf } from './learn.ts';

export function planUpdate(context: PlanContext, current: ObservedTask | undefined): readonly Step[] {
  const { effective, observed, policy, now } = context;
  const { commit, branch } = effective;
  if (commit === undefined || !current?.ip) return [];
  const report = reportOf(observed, current.arn);
  if (!report || (isAt(report, commit) && !mayFetchAgain(report, now - policy.backoffMaxMs))) return [];
  return [
    {
      kind: 'sync',
      taskArn: current.arn,
      ip: current.ip,
      branch,
      commit,
      why: `${report.liveCommit ?? 'nothing'} is live`,
    },
  ];
}

/** It serves the commit, is at it, or has failed at it. */
export function isAt({ job, liveCommit, failure }: SupervisorReport, commit: string | undefined): boolean {
  if (job) return job.commit === commit;
  return liveCommit === commit || failure?.commit === commit;
}

/** A fetch that failed says nothing of the commit: the network may be back. */
function mayFetchAgain({ job, failure, liveCommit }: SupervisorReport, before: number): boolean {
  const failed = failure?.phase === 'fetch' && failure.commit !== liveCommit;
  return job === undefined && failed && Date.parse(failure.at) <= before;
}
