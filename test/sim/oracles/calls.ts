/** What a replica must never ask for. */
import { holderOf } from '../world/actual.ts';
import type { Call } from '../kernel/calls.ts';
import type { Oracle } from './oracle.ts';

/** More failures of one call within a minute than growing pauses allow. */
const MOST_FAILURES = 20;

export const calls: Oracle = (world, report) => {
  const failures = new Map<string, readonly number[]>();
  return {
    begun(call) {
      if (!call.mutates || call.service === 'lease') return;
      if (call.service === 'store' && call.operation !== 'store:putStatus') return;
      const holder = holderOf(world);
      if (world.clocksAreTrue && !holder.startsWith(`${call.actor}.`)) {
        report('not-leading', `${call.actor} calls ${call.operation} (${call.about}) while ${holder} leads`);
      }
      const foreign = foreignArn(call, world.foreign);
      if (foreign !== undefined) report('foreign', `${call.operation} of ${foreign}, which is not ours`);
      if (world.pausedSince !== undefined && call.at - world.pausedSince > PAUSE_NOTICED_MS && changesAnything(call)) {
        report('paused', `${call.operation} (${call.about}) while the installation is paused`);
      }
    },
    finished({ operation, about, error, outcome, process, service, at }) {
      if ((error !== undefined || outcome === 'hangs') && service !== 'lease' && !world.options.blindMs) {
        const key = `${process} ${operation} ${about}`;
        const recent = [...(failures.get(key) ?? []).filter((one) => one > at - 60_000), at];
        failures.set(key, recent);
        if (recent.length === MOST_FAILURES + 1)
          report('throttled', `${operation} (${about}) fails ${recent.length} times within a minute`);
      }
      if (outcome !== 'error' || error === undefined) return;
      if (/Rate exceeded/.test(error)) report('throttled', `${operation} (${about}): ${error}`);
      if (operation === 'ecs:RunTask' && /token/i.test(error))
        report('token-reused', `${operation} (${about}): ${error}`);
    },
  };
};

/** The table is read every five seconds. */
const PAUSE_NOTICED_MS = 7_000;

function changesAnything({ service }: Call): boolean {
  return service === 'aws' || service === 'control';
}

function foreignArn({ input }: Call, foreign: ReadonlySet<string>): string | undefined {
  const { RuleArn, TargetGroupArn, task } = input as Record<string, unknown>;
  return [RuleArn, TargetGroupArn, task].find((arn): arn is string => typeof arn === 'string' && foreign.has(arn));
}
