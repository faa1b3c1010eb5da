/** Every duration of the supervisor, in milliseconds, in one value so that tests can shorten it. */
export interface Timings {
  /** Between two looks at an app that is starting. */
  readonly pollMs: number;
  /** How long one health request may take. */
  readonly probeTimeoutMs: number;
  /** How long an answer about health stays good. */
  readonly probeFreshMs: number;
  /** How long a question about health waits for a probe before the last answer counts. */
  readonly probeWaitMs: number;
  /** How long requests of a replaced version may still run. */
  readonly drainMs: number;
  /** Between SIGTERM and SIGKILL for an app. */
  readonly killAfterMs: number;
  /** Between SIGTERM and SIGKILL for a cancelled command. */
  readonly cancelAfterMs: number;
  /** How long the control port tells of a failed first job before the supervisor exits. */
  readonly lingerMs: number;
  /** How long requests in flight may still run when the supervisor is told to stop. */
  readonly stopDrainMs: number;
  /** Between SIGTERM and SIGKILL for the app when the supervisor is told to stop. */
  readonly stopKillAfterMs: number;
  /** Before each restart of an app that died; one death more than there are delays ends the task. */
  readonly restartDelaysMs: readonly number[];
  /** An app that was healthy for so long starts with a clean count of deaths. */
  readonly stableMs: number;
  /** How long an order or a credential is waited for that only the operator can bring. */
  readonly orderWaitMs: number;
  /** How long a new version waits for modules that are on their way to the one that serves. */
  readonly modulesWaitMs: number;
}

export const TIMINGS: Timings = {
  pollMs: 25,
  probeTimeoutMs: 5_000,
  probeFreshMs: 1_000,
  probeWaitMs: 1_200,
  drainMs: 10_000,
  killAfterMs: 5_000,
  cancelAfterMs: 1_000,
  lingerMs: 2_000,
  stopDrainMs: 3_000,
  stopKillAfterMs: 4_000,
  restartDelaysMs: [1_000, 2_000, 4_000, 8_000],
  stableMs: 60_000,
  orderWaitMs: 300_000,
  modulesWaitMs: 3_000,
};
