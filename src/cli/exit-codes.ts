/** Exit codes of every verb. As `diff` and `terraform plan` have it, something to do is no failure, and no 0. */
export const EXIT = {
  /** Done; of `plan`: nothing to do. */
  ok: 0,
  error: 1,
  /** Of `plan`: something to do. */
  toDo: 2,
  /**
   * sysexits.h EX_CONFIG: mayfly.yaml, or what it names, is wrong; no retry helps. Credentials of the shell that are
   * missing, expired or too weak are an error.
   */
  config: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
