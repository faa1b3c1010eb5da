/** The state of an environment in one line, the same in the comment and on the waiting page. */
import type { Conditions } from '../model/conditions.ts';
import type { EnvironmentState, Fault } from '../model/environment.ts';
import { REASONS } from '../model/reasons.ts';
import type { FailureView } from './trouble.ts';

/** `good`: it serves; `busy`: it will without anybody's doing; `bad`: a person must act; `idle`: nothing runs. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'idle';

export interface Headline {
  readonly symbol: string;
  readonly title: string;
  readonly tone: Tone;
  /** One sentence more. */
  readonly summary: string;
}

export interface HeadlineInput {
  readonly state: EnvironmentState;
  readonly conditions: Conditions;
  readonly faults: readonly Fault[];
  readonly paused: boolean;
  readonly failure?: FailureView | undefined;
  readonly updateFailure?: FailureView | undefined;
}

const BY_STATE: Readonly<Record<EnvironmentState, Headline>> = {
  PENDING: { symbol: '⏳', title: 'Pending', tone: 'busy', summary: 'The environment waits to be started.' },
  STARTING: { symbol: '🟡', title: 'Starting', tone: 'busy', summary: 'The environment is on its way.' },
  RUNNING: { symbol: '🟢', title: 'Running', tone: 'good', summary: 'The environment serves its branch.' },
  SLEEPING: { symbol: '🌙', title: 'Asleep', tone: 'idle', summary: 'The environment sleeps; a visit wakes it.' },
  STOPPING: { symbol: '🟠', title: 'Stopping', tone: 'idle', summary: 'The environment is being taken away.' },
  STOPPED: { symbol: '⚪', title: 'Stopped', tone: 'idle', summary: 'Nothing of the environment runs any more.' },
  FAILED: { symbol: '🔴', title: 'Failed', tone: 'bad', summary: 'The environment could not be started.' },
};

export function headlineOf(input: HeadlineInput): Headline {
  const headline = notUnderstood(input) ?? unhappy(input) ?? underWay(input) ?? BY_STATE[input.state];
  return input.paused ? { ...headline, symbol: '⏸️', title: `${headline.title}, paused` } : headline;
}

function notUnderstood({ state, conditions, faults }: HeadlineInput): Headline | undefined {
  const { title } = BY_STATE[state];
  const reason = faults.length > 0 ? 'InvalidRecord' : conditions.Accepted?.reason;
  if (reason !== 'InvalidRecord' && reason !== 'UnknownProject') return undefined;
  const need = 'record needs a correction';
  // Nothing was tried: the failure is the record's.
  const words = state === 'FAILED' ? `The ${need}` : `${title}, but the ${need}`;
  return { symbol: '⚠️', title: words, tone: 'warn', summary: REASONS[reason] };
}

function unhappy({ state, conditions, failure, updateFailure }: HeadlineInput): Headline | undefined {
  const refusal = conditions.Accepted;
  if (state === 'STOPPED' && refusal?.status === 'False') {
    return { symbol: '⛔', title: 'Not started', tone: 'idle', summary: REASONS[refusal.reason] };
  }
  if (state === 'FAILED' && failure) return { ...BY_STATE.FAILED, summary: REASONS[failure.reason] };
  if (state === 'RUNNING' && updateFailure) {
    return { symbol: '🟠', title: 'Running an older commit', tone: 'warn', summary: REASONS.UpdateFailed };
  }
  return undefined;
}

function underWay({ state, conditions }: HeadlineInput): Headline | undefined {
  if (state === 'RUNNING') return running(conditions);
  const { Ready: ready } = conditions;
  if (!ready || ready.reason === 'Unknown' || ready.reason === 'Ready') return undefined;
  const starting = state === 'STARTING' || state === 'PENDING';
  return starting ? { ...BY_STATE[state], summary: REASONS[ready.reason] } : undefined;
}

function running({ Ready: ready, UpToDate: upToDate }: Conditions): Headline | undefined {
  if (upToDate?.status === 'False' && upToDate.reason === 'BranchNotFound') {
    const summary = REASONS.BranchNotFound;
    return { symbol: '🟠', title: 'Running, but the branch is gone', tone: 'warn', summary };
  }
  if (upToDate?.status === 'False') {
    return { ...BY_STATE.RUNNING, title: 'Running, update under way', summary: REASONS[upToDate.reason] };
  }
  if (!ready || ready.status === 'True') return undefined;
  return { symbol: '🟠', title: 'Running, not answering', tone: 'warn', summary: REASONS[ready.reason] };
}
