/** What every simulated container has in common, with a supervisor in it or without. */
import type { SyncRequest } from '../../../src/control/port.ts';
import type { ContainerExit, ContainerSpec } from '../../../src/local/aws/runner/port.ts';
import type { ControlAnswer } from '../../../src/model/observed.ts';
import type { Clock, Timer } from '../../../src/runtime/clock.ts';
import type { CommitPlan, ContainerView, DataAnswer, ProbeAnswer, SupervisorTimings } from './port.ts';

/** What a container needs of the simulation around it. */
export interface Surroundings {
  readonly spec: ContainerSpec;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timings: SupervisorTimings;
  readonly planOf: (commit: string | undefined) => CommitPlan;
  readonly headOf: (repo: string, branch: string) => string | undefined;
  readonly ignoresTerm: () => boolean;
  /** The container ends. */
  readonly exit: (exit: ContainerExit) => void;
  /** The container ends, since it took too much memory. */
  readonly outOfMemory: () => void;
  /** What a health check finds may have changed. */
  readonly changed: () => void;
  readonly tell: (line: string) => void;
}

/** What a control port said to an order: undefined when it took it, else the end of a sentence about the port. */
export type SyncAnswer = string | undefined;

export interface Container {
  readonly spec: ContainerSpec;
  readonly session: string;
  view(): ContainerView;
  probe(path: string): ProbeAnswer;
  answer(host: string): DataAnswer;
  /** `message` of a refusal is the end of a sentence about the port. */
  report(session: string): ControlAnswer;
  sync(session: string, request: SyncRequest): SyncAnswer;
  /** SIGTERM. SIGKILL needs no help of the container. */
  term(): void;
  crash(): void;
  readonly troubles: Troubles;
  /** No timer fires any more. */
  dispose(): void;
}

/** As people and faults set them. */
export interface Troubles {
  hung: boolean;
  frozen: boolean;
  controlClosed: boolean;
  inFlight: number;
}

export function noTroubles(): Troubles {
  return { hung: false, frozen: false, controlClosed: false, inFlight: 0 };
}

export const KILLED: ContainerExit = { exitCode: 137 };

/** At most one timer; setting another one cancels it. */
export function makeAlarm(clock: Clock): { set(ms: number, fn: () => void): void; cancel(): void } {
  let timer: Timer | undefined;
  return {
    set(ms, fn) {
      timer?.cancel();
      timer = clock.after(ms, fn);
    },
    cancel() {
      timer?.cancel();
    },
  };
}

/** A host as a supervisor compares it. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}

/** `{taskId}-{container}`, where the id has no hyphen. */
export function taskIdOf({ name }: ContainerSpec): string {
  return name.slice(0, name.indexOf('-'));
}
