/**
 * One replica of the operator, without its doors. Every replica writes down what GitHub says; the leader also makes it
 * so. What a standby writes, it passes on to the leader, which would otherwise see it at its next look at the table.
 */
import type { LimitedAws } from '../aws/make-aws.ts';
import type { PullRef } from '../intake/known-pulls.ts';
import type { Leadership } from '../runtime/lease.ts';
import type { Priority } from '../runtime/workqueue.ts';
import { fenced } from '../store/fenced.ts';
import { guardedControl, guardedGitHub } from './guarded.ts';
import { type Leading, type LoopParts, startLeading, startLoop } from './leading.ts';
import { makeRereadReconcile, rereadKey } from './reread.ts';
import { startStandbyCheck } from './standby.ts';

/** Tells the leader at `url`, at some time soon and without a promise, that intent of these sessions was written. */
export type Nudge = (url: string, sessions: readonly string[]) => void;

export interface ReplicaParts extends LoopParts {
  readonly aws: LimitedAws;
  readonly leadership: Leadership;
  readonly nudge: Nudge;
}

export interface Replica {
  /** Intent of this session was written here. */
  onIntent(sessionId: string): void;
  /** Another replica wrote intent. False when this one does not lead. */
  onNudge(sessions: readonly string[]): boolean;
  reread(pulls: readonly PullRef[], priority: Priority): void;
  /** Names of the controllers that have died. */
  dead(): readonly string[];
  /** Lets running work end and gives the lease back. Never rejects. */
  stop(): Promise<void>;
}

export function startReplica(parts: ReplicaParts): Replica {
  const { config, github, store, clock, leadership, nudge } = parts;
  let leading: Leading | undefined;

  const onIntent = (sessionId: string): void => {
    if (leading) return leading.enqueue(sessionId, 'high');
    const url = leadership.other()?.nudgeUrl;
    if (url !== undefined) nudge(url, [sessionId]);
  };
  const reread = (pulls: readonly PullRef[], priority: Priority): void => {
    for (const { repo, number } of pulls) rereads.enqueue(rereadKey(repo, number), priority);
  };
  const rereads = startLoop(
    parts,
    'reread',
    makeRereadReconcile({
      projects: config.projects,
      github,
      store,
      clock,
      onIntent,
      rereadMs: config.intervals.rereadMs,
    }),
  );

  const standby = startStandbyCheck(parts, () => leading !== undefined);
  leadership.start((term) => {
    const begun = startLeading(
      {
        ...parts,
        aws: parts.aws.during(term),
        store: fenced(store, term),
        control: guardedControl(parts.control, term),
        github: guardedGitHub(github, term),
      },
      reread,
    );
    leading = begun;
    return {
      async stop(graceMs) {
        leading = undefined;
        return await begun.stop(graceMs);
      },
    };
  });

  return {
    onIntent,
    reread,
    onNudge(sessions) {
      for (const sessionId of sessions) leading?.enqueue(sessionId, 'high');
      return leading !== undefined;
    },
    dead: () => [rereads, ...(leading?.controllers ?? [])].filter((one) => !one.alive()).map(({ name }) => name),
    async stop() {
      standby.cancel();
      // Both at once: one after the other, they might take longer than ECS waits before it kills.
      await Promise.all([rereads.stop(), leadership.stop()]);
    },
  };
}
