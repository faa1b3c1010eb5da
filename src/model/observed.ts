/** What is: one environment's share of a snapshot of AWS, plus what its own supervisor says. Reading only. */
import type { ShownHealthCheck } from './health-check.ts';

/** AWS-FACTS ECS "lifecycle". */
export type TaskLastStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED'
  | 'DELETED';

/** What a task was asked to be, as far as ECS shows it again. */
export interface TaskSpec {
  readonly taskDefinitionArn: string;
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

export interface ObservedTask {
  readonly arn: string;
  /** `group` of the task: its session id. */
  readonly session: string;
  readonly lastStatus: TaskLastStatus;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly spec: TaskSpec;
  readonly createdAt: number;
  /** The task's private IPv4 address, once its network interface is attached. */
  readonly ip?: string | undefined;
  readonly stopCode?: string | undefined;
  readonly stoppedReason?: string | undefined;
  /** Of the container that Mayfly sets. */
  readonly exitCode?: number | undefined;
  readonly containerReason?: string | undefined;
}

export interface ObservedTargetGroup {
  readonly arn: string;
  readonly name: string;
  /** This and what follows is absent where AWS does not show it. */
  readonly vpcId?: string | undefined;
  /** Of targets that are registered without one. */
  readonly port?: number | undefined;
  readonly healthCheck?: ShownHealthCheck | undefined;
}

/** AWS-FACTS ELBv2 "health states". */
export type TargetState =
  | 'initial'
  | 'healthy'
  | 'unhealthy'
  | 'unhealthy.draining'
  | 'unused'
  | 'draining'
  | 'unavailable';

export interface ObservedTarget {
  readonly ip: string;
  readonly port: number;
  readonly state: TargetState;
  readonly reason?: string | undefined;
  readonly description?: string | undefined;
}

export interface ObservedRule {
  readonly arn: string;
  readonly priority: number;
  readonly hosts: readonly string[];
  /** Weighted target groups of the forward action; empty for other actions. */
  readonly forward: readonly { readonly targetGroupArn: string; readonly weight: number }[];
}

/** What the supervisor in the task says of itself (`GET /status` on the control port). */
export interface SupervisorReport {
  readonly session: string;
  /** The commit that serves now. */
  readonly liveCommit?: string | undefined;
  /** True when the app of this session answers its health check. */
  readonly healthy: boolean;
  /** A fetch, build or start that is under way. */
  readonly job?:
    | { readonly commit?: string | undefined; readonly phase: JobPhase; readonly startedAt: string }
    | undefined;
  /** The last job, when it failed. */
  readonly failure?:
    | {
        readonly commit?: string | undefined;
        readonly phase: JobPhase;
        readonly message: string;
        readonly at: string;
        readonly logTail: readonly string[];
      }
    | undefined;
  readonly inFlight: number;
  /** Of the newest job, in the order in which they ran; absent when the supervisor is older than this. */
  readonly phases?: readonly PhaseReport[] | undefined;
  /** The job stands still until it is given this. */
  readonly waitingFor?: 'credential' | 'order' | undefined;
}

/** In the order in which they run. `recipe` reads how the commit is run; `healthy` waits for the app's first answer. */
export const JOB_PHASES = ['fetch', 'recipe', 'install', 'build', 'start', 'healthy'] as const;
export type JobPhase = (typeof JOB_PHASES)[number];

/** `cancelled`: a newer order came. */
export const PHASE_OUTCOMES = ['running', 'done', 'failed', 'cancelled'] as const;
export type PhaseOutcome = (typeof PHASE_OUTCOMES)[number];

export interface PhaseReport {
  readonly phase: JobPhase;
  readonly startedAt: string;
  /** Absent while it runs. */
  readonly endedAt?: string | undefined;
  readonly outcome: PhaseOutcome;
  /** How it was done, where that tells why it was fast, e.g. `restored from the cache`. */
  readonly note?: string | undefined;
}

export type ControlAnswer =
  | { readonly ok: true; readonly report: SupervisorReport }
  | { readonly ok: false; readonly message: string };

/** The image and task definition that the desired tag leads to. */
export type ObservedImage =
  /** `taskDefinitionArn` absent: no revision with this image exists yet; `register` says how to make it. */
  | { readonly ok: true; readonly image: string; readonly taskDefinitionArn: string }
  | {
      readonly ok: true;
      readonly image: string;
      readonly taskDefinitionArn?: undefined;
      readonly register: RegisterSpec;
    }
  | { readonly ok: false; readonly reason: 'ImageNotFound' | 'TaskDefinitionNotFound'; readonly message: string };

export interface RegisterSpec {
  readonly family: string;
  readonly baseArn: string;
  readonly container: string;
  readonly image: string;
}

export type ObservedHead =
  | { readonly ok: true; readonly branch: string; readonly commit: string }
  | { readonly ok: false; readonly reason: 'BranchNotFound' | 'GitHubUnavailable'; readonly message: string };

export interface Observed {
  /** When the snapshot behind this was begun, in ms. */
  readonly at: number;
  /**
   * Owned tasks of the session whose desired status is RUNNING, and the recorded attempt's task in whatever state ECS
   * still shows it.
   */
  readonly tasks: readonly ObservedTask[];
  /** The recorded attempt has an ARN that ECS does not know (MISSING: expired, or not yet visible). */
  readonly attemptMissing: boolean;
  readonly targetGroup?: ObservedTargetGroup | undefined;
  /** Absent when health was not asked for: the environment is settled. */
  readonly targets?: readonly ObservedTarget[] | undefined;
  /**
   * Rules that forward to the environment's target group or carry its host. One on a listener that the project was moved
   * away from has no hosts here.
   */
  readonly rules: readonly ObservedRule[];
  /** Priorities in use on the listener. */
  readonly takenPriorities: readonly number[];
  /** By task ARN; a task that was not asked is absent. */
  readonly control: Readonly<Record<string, ControlAnswer>>;
  /** Absent when not asked: not wanted, or the record names its commit. */
  readonly head?: ObservedHead | undefined;
  /** Absent when not asked: not wanted. */
  readonly image?: ObservedImage | undefined;
}
