/** How ECS runs a container, and how it hears of its end. */

export interface ContainerSpec {
  /** Unique among all containers that ever ran: `{taskId}-{container}`. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Everything that the image, the task definition, the overrides and ECS itself set. */
  readonly env: Readonly<Record<string, string>>;
  /** Of the task's network interface: a loopback address of its own. */
  readonly address: string;
  log(line: string, stream: 'stdout' | 'stderr'): void;
}

export interface ContainerExit {
  /** 128 + the signal's number when a signal ended it, as in Docker. Absent when it never ran. */
  readonly exitCode?: number;
  /** Why it never ran, e.g. `CannotStartContainerError: …`. */
  readonly startError?: string;
}

/** Enough to recognise a process after a restart of the local AWS, and not to mistake another for it. */
export interface ProcessIdentity {
  /** Also the id of its process group. */
  readonly pid: number;
  /** As the operating system tells it; undefined where it does not. */
  readonly startedAt?: string | undefined;
  /** Its scratch directory, which every process that it starts carries as TMPDIR. */
  readonly directory: string;
}

export interface RunningProcess {
  /** `fn` is called once, never before this call has returned; also when the process has ended already. */
  onExit(fn: (exit: ContainerExit) => void): void;
  /** As soon as there is a process. */
  onStart(fn: (identity: ProcessIdentity) => void): void;
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface TaskRunner {
  /** Never throws: what goes wrong is told by `onExit`. */
  start(spec: ContainerSpec): RunningProcess;
  /** Ends what is left of a container that an earlier local AWS started; leaves alone what may be another's. */
  reap(identity: ProcessIdentity): void;
}
