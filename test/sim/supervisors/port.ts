/** What runs in the simulation's tasks, as ECS, the load balancer, the operator, people and the oracles see it. */
import type { ControlPort } from '../../../src/control/port.ts';
import type { Prober } from '../../../src/local/aws/elbv2/prober.ts';
import type { ContainerExit, ContainerSpec, TaskRunner } from '../../../src/local/aws/runner/port.ts';
import type { JobPhase } from '../../../src/model/observed.ts';
import type { Clock } from '../../../src/runtime/clock.ts';

/** Milliseconds. */
export interface SupervisorTimings {
  readonly phases: Readonly<Record<JobPhase, number>>;
  /** From 0 to 1: each phase takes up to this share more. */
  readonly jitter: number;
  /** After which a phase that hangs fails: fetch, recipe, install and build; start and healthy. */
  readonly phaseDeadline: number;
  readonly startDeadline: number;
  /** How long a failed first job is told of before the container ends. */
  readonly linger: number;
  /** Before each restart of an app that died; one death more than there are pauses ends the container. */
  readonly restarts: readonly number[];
  /** An app that was healthy for so long starts with a clean count of deaths. */
  readonly stable: number;
  /** How long an order is waited for. */
  readonly orderWait: number;
  /** From SIGTERM to the end. */
  readonly term: number;
  /** Until an image without a supervisor answers. */
  readonly plainStart: number;
}

/** What becomes of a commit. */
export type Outcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'fails'; readonly phase: JobPhase }
  /** Stays in the phase until its deadline, and fails there. */
  | { readonly kind: 'hangs'; readonly phase: JobPhase }
  /** The app dies after each so many ms of health, and is started again until it has died too often in a row. */
  | { readonly kind: 'crashes'; readonly afterMs: number }
  /** The kernel kills the container after so many ms of health. */
  | { readonly kind: 'out-of-memory'; readonly afterMs: number };

export interface CommitPlan {
  /** `ok` when absent. */
  readonly outcome?: Outcome | undefined;
  readonly phases?: Partial<Readonly<Record<JobPhase, number>>> | undefined;
}

export interface SimSupervisorsOptions {
  readonly clock: Clock;
  /** At least 0 and less than 1; only asked when there is jitter. */
  readonly random: () => number;
  readonly timings?: Partial<SupervisorTimings> | undefined;
  /** Whether a supervisor runs in it; always when absent. */
  readonly supervised?: ((spec: ContainerSpec) => boolean) | undefined;
  /** The commit at a branch's head, for a task that was started without one. */
  readonly headOf?: ((repo: string, branch: string) => string | undefined) | undefined;
  /** Why the container cannot be started, e.g. `CannotStartContainerError: …`; undefined: it can. */
  readonly startError?: ((spec: ContainerSpec) => string | undefined) | undefined;
  /** Asked at each SIGTERM; never when absent. */
  readonly ignoresTerm?: ((spec: ContainerSpec) => boolean) | undefined;
  /** ECS ends the task for want of memory (`Ecs.interrupt`); false, or absent: its container just ends with 137. */
  readonly outOfMemory?: ((taskId: string) => boolean) | undefined;
  /** What a health check of this address finds may have changed. Called right after the change. */
  readonly onHealthChange?: ((ip: string) => void) | undefined;
  /** One line of the story, e.g. `fetch of 1a2b3c4`. */
  readonly tell?: ((ip: string, session: string, line: string) => void) | undefined;
}

/** What a request for a host gets at an address. */
export type DataAnswer =
  | { readonly kind: 'app'; readonly session: string; readonly commit: string | undefined }
  /** 421: another environment runs there. */
  | { readonly kind: 'misdirected'; readonly session: string }
  /** 503: a supervisor without an app that answers. */
  | { readonly kind: 'waiting'; readonly session: string }
  /** No connection, or no answer. */
  | { readonly kind: 'nothing' };

/** What a health check gets. */
export type ProbeAnswer =
  | { readonly kind: 'response'; readonly status: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'failed' };

export interface ContainerView {
  readonly taskId: string;
  readonly ip: string;
  readonly session: string;
  /** Serves; also while its app is down. */
  readonly liveCommit: string | undefined;
  /** Of the job that runs. */
  readonly jobCommit: string | undefined;
  readonly healthy: boolean;
  /** It was asked to end. */
  readonly stopping: boolean;
}

/** An order that a supervisor accepted; `ms` of the monotonic clock. */
export interface AcceptedOrder {
  readonly atMs: number;
  readonly ip: string;
  readonly session: string;
  readonly commit: string;
}

/** `ip` may be of a task that ended: then nothing happens, and false is returned. */
export interface SupervisorFaults {
  /** The app dies; a supervisor starts it again, a plain image ends with exit code 1. */
  crash(ip: string): boolean;
  /** The app answers nothing until `reopen`. */
  hang(ip: string): boolean;
  /** The whole task answers nothing, on no port, until `reopen`; its job goes on. */
  freeze(ip: string): boolean;
  /** The control port refuses connections until `reopen`. */
  closeControl(ip: string): boolean;
  /** Ends `hang`, `freeze` and `closeControl`. */
  reopen(ip: string): boolean;
  /** The container ends at once. */
  exit(ip: string, exit: ContainerExit): boolean;
  /** Requests that are being answered, as the supervisor reports them. */
  setInFlight(ip: string, count: number): boolean;
}

export interface SimSupervisors extends SupervisorFaults {
  /** For `makeEcs`. */
  readonly runner: TaskRunner;
  /** For the operator; without latency. */
  readonly control: ControlPort;
  /** For `makeElbv2`, which polls it; without latency. */
  readonly prober: Prober;
  /** The same for one that polls nothing: `onHealthChange` is to call `Elbv2.targetChanged`. */
  readonly steadyProber: { answersNow(question: { readonly ip: string; readonly path: string }): ProbeAnswer };
  /** What becomes of each commit, by its id; may be changed at any time, and counts for jobs that begin after that. */
  readonly plans: Map<string, CommitPlan>;
  /** What the load balancer finds at `http://{ip}{path}`. */
  probe(ip: string, path: string): ProbeAnswer;
  /** What a request for `host` gets at the address. */
  answer(ip: string, host: string): DataAnswer;
  /** Containers that run now and belong to an environment, oldest first. */
  containers(): readonly ContainerView[];
  /** Oldest first. */
  readonly orders: readonly AcceptedOrder[];
}
