/**
 * The loop that keeps people informed: what the comments should say is a function of the record, and this loop makes
 * them say it. Apart from the environment's loop, so that a slow or refusing GitHub never holds up an environment.
 */
import { setCondition } from '../model/conditions.ts';
import { canonical } from '../model/digest.ts';
import { type Project, projectOf } from '../model/project.ts';
import { msUntil } from '../plan/effective.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Reconcile } from '../runtime/controller.ts';
import type { Intend, Reporter } from '../status/reporter.ts';
import { viewOf } from '../status/view.ts';
import type { EnvironmentStore } from '../store/port.ts';
import { saveReport } from '../store/status-writer.ts';

export interface ReportLoop {
  readonly projects: readonly Project[];
  readonly store: EnvironmentStore;
  readonly reporter: Reporter;
  readonly clock: Clock;
}

export function makeReportReconcile({ projects, store, reporter, clock }: ReportLoop): Reconcile {
  return async (sessionId) => {
    const record = await store.get(sessionId);
    if (!record) return {};
    const { status } = record;
    const view = viewOf(record, projectOf(projects, record), clock.now());
    // The comments that exist are kept true also when the record cannot be understood.
    const sources = record.ok ? record.desired.sources : {};
    let recorded = status.comments;
    const intend: Intend = async (key, ref) => {
      await saveReport(store, sessionId, (fresh) => ({ ...fresh, comments: { ...fresh.comments, [key]: ref } }));
      recorded = { ...recorded, [key]: ref };
    };
    const { comments, condition, retryAfterMs } = await reporter.report(view, sources, status.comments, intend);
    const conditions = setCondition(status.conditions, 'Reported', condition, clock.now());
    if (conditions !== status.conditions || canonical(comments) !== canonical(recorded)) {
      await saveReport(store, sessionId, (fresh) => ({
        ...fresh,
        comments,
        conditions: setCondition(fresh.conditions, 'Reported', condition, clock.now()),
      }));
    }
    // What a person holds until a time is told for as long as it holds.
    const endMs = record.ok ? msUntil([record.desired.override?.until], clock.now()) : undefined;
    return { requeueAfterMs: soonest(retryAfterMs, endMs) };
  };
}

function soonest(...all: readonly (number | undefined)[]): number | undefined {
  const some = all.filter((ms) => ms !== undefined);
  return some.length === 0 ? undefined : Math.min(...some);
}
