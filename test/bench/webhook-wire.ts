/** What the process that sends webhooks and the one that takes them agree on. */
export const SECRET = 'a secret of the bench';
export const REPO = 'octo/bench';
export const LABEL = 'uat';

/** How the sender is told what to do: JSON, its only argument. */
export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Every connection sends for this many pull requests of its own in turn. */
  readonly pullsEach: number;
}

export interface LoadReport {
  /** Answered after the warm-up. */
  readonly answered: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Sent in all, warm-up included. */
  readonly sent: number;
  /** Answers by status, warm-up included. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly bodyBytes: number;
}
