/**
 * A random run as plain data: what people and the world do and when, how AWS behaves, and which weather the replicas have
 * until it clears. Everything else follows from it, so that a story can be cut down and kept.
 */
import type { Outcome } from '../supervisors/port.ts';

export interface Story {
  /** Decides latencies, ids, and which calls the weather strikes. */
  readonly seed: number;
  readonly replicas: number;
  /** Whether the images have a supervisor. */
  readonly supervisor: boolean;
  readonly world: Partial<Readonly<Record<Switch, number>>>;
  readonly storm: Storm;
  /** In the order of their times. */
  readonly acts: readonly StoryAct[];
}

/** How AWS behaves in this run where it may behave one way or another: ms, shares of 1, or 1 for yes. */
export type Switch = keyof typeof SWITCHES;

export const SWITCHES = {
  visibilityLagMs: 'new tasks are invisible for up to so long',
  listLagMs: 'new tasks are not listed for up to so long',
  delistLagMs: 'tasks that stop are still listed as running for up to so long',
  statusLagMs: 'DescribeTasks is behind by up to so long',
  reuseAddresses: 'freed addresses go to the very next task',
  freeEarly: 'addresses are freed in DEPROVISIONING already',
  bareRunTask: 'RunTask answers without containers and attachments',
  interfaceFault: 'share of tasks whose interface does not come up, until the storm ends',
  neverStops: 'share of tasks that stay DEPROVISIONING, until the storm ends',
  registerRaceMs: 'a second registration of a family within so long is refused',
  propagationMs: 'requests follow a change of a rule after up to so long',
  elbVisibilityMs: 'new groups and rules are invisible for up to so long',
  releaseMs: 'a group is in use for up to so long after its last rule is gone',
  comparesTags: 'CreateTargetGroup compares tags',
  refusesDraining: 'a draining target cannot be registered again',
} as const;

export type FaultName = keyof typeof FAULTS;

/** By fault of RELIABILITY, with the services that it strikes. */
export const FAULTS = {
  lost: ['P2', 'aws', 'store', 'lease', 'github', 'control'],
  'answer-lost': ['P2', 'aws', 'store', 'lease', 'github', 'control'],
  late: ['P2', 'aws', 'store', 'lease', 'github', 'control'],
  doubled: ['P2', 'aws', 'store', 'control'],
  hangs: ['P2', 'aws', 'store', 'lease', 'github', 'control'],
  crash: ['P1', 'aws', 'store', 'lease', 'github', 'control'],
  frozen: ['P8', 'aws', 'store', 'lease'],
  throttled: ['P5', 'aws'],
  disguised: ['P5', 'aws'],
  quota: ['P5', 'aws'],
  stale: ['P3', 'aws', 'github'],
  'page-fails': ['P6', 'aws', 'store'],
  'page-omits': ['P6', 'aws'],
} as const;

export interface Storm {
  /** Ms since the start: faults strike, deliveries go astray and acts happen before it only. */
  readonly until: number;
  /** Share of the calls that a fault strikes; `aws:lost`. */
  readonly rates: Readonly<Record<string, number>>;
  /** Shares of the deliveries (P4). */
  readonly deliveries: Partial<Readonly<Record<'delayed' | 'doubled' | 'dropped', number>>>;
  /** When there: of what the rates would strike, only these. See `strikeKey`. */
  readonly only?: readonly string[];
}

export type Label = 'uat' | 'uat-staging';

/** Of whatever task the environment has at the moment. */
export type TaskTrouble = 'crash' | 'hang' | 'freeze' | 'close-control' | 'exit' | 'never-stops' | 'stop';
export type Interruption = 'spot' | 'retirement' | 'hostFailure' | 'outOfMemory';

export type StoryAct = { readonly at: number } & Doing;

/** `forMs`: after which it is undone; at the latest when the storm ends. */
export type Doing =
  | {
      readonly kind: 'open';
      readonly branch: string;
      readonly label: Label;
      readonly base?: string;
      readonly fork?: string;
    }
  | { readonly kind: 'label' | 'unlabel'; readonly branch: string; readonly label: Label }
  | { readonly kind: 'close' | 'reopen' | 'merge' | 'title' | 'comment'; readonly branch: string }
  | { readonly kind: 'push'; readonly branch: string; readonly forced?: boolean; readonly outcome?: Outcome }
  | { readonly kind: 'delete-branch' | 'restore-branch'; readonly branch: string }
  | { readonly kind: 'edit'; readonly branch: string; readonly attributes: Attributes; readonly forMs?: number }
  | { readonly kind: 'override'; readonly branch: string; readonly override: Attributes; readonly untilMs?: number }
  | { readonly kind: 'drop-override'; readonly branch: string }
  | { readonly kind: 'paste'; readonly branch: string; readonly agoMs: number }
  | { readonly kind: 'delete-item'; readonly branch: string; readonly orphan: boolean }
  | { readonly kind: 'empty-table' }
  | { readonly kind: 'pause'; readonly forMs: number }
  | {
      readonly kind: 'delete-rule' | 'delete-group' | 'deregister' | 'flip-weights' | 'health-check' | 'foreign-rule';
      readonly branch: string;
    }
  | { readonly kind: 'task'; readonly branch: string; readonly trouble: TaskTrouble; readonly forMs: number }
  | { readonly kind: 'interrupt'; readonly branch: string; readonly why: Interruption }
  | { readonly kind: 'capacity'; readonly reason: string; readonly startsAnyway: boolean; readonly forMs: number }
  | { readonly kind: 'vcpus'; readonly quota: number; readonly forMs: number }
  | { readonly kind: 'kill' | 'stop' | 'freeze'; readonly replica: string; readonly forMs: number }
  | { readonly kind: 'fast-clock'; readonly replica: string; readonly forMs: number }
  | { readonly kind: 'kill-all'; readonly forMs: number };

/** Plain values; null removes one. */
export type Attributes = Readonly<Record<string, unknown>>;
