/** What the operator needs of GitHub. Implemented over octokit beside this file. Every method throws `GitHubError`. */
import type { PullSnapshot } from '../model/snapshot.ts';

export type GitHubErrorKind = 'refused' | 'not-found' | 'limited' | 'unavailable';

/** `refused` is 401, 403, 422: a person must act. `limited` carries how long to wait. */
export class GitHubError extends Error {
  readonly kind: GitHubErrorKind;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: GitHubErrorKind,
    message: string,
    details: { status?: number | undefined; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'GitHubError';
    this.kind = kind;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

export interface IssueComment {
  readonly id: number;
  readonly body: string;
}

/**
 * Called when nothing stands between a write and its sending any more, neither a limit nor the requests before it; what
 * it throws stops the write and comes out of the method as it is. E.g. the leader's lease must hold for a write's time.
 */
export type BeforeSend = () => void;

export interface GitHubPort {
  /** Commit at the branch's head; undefined when the branch does not exist. */
  branchHead(repo: string, branch: string): Promise<string | undefined>;
  /** The pull request as it is now, validated like a webhook's; undefined when there is none. */
  pull(repo: string, number: number): Promise<PullSnapshot | undefined>;
  /** The first comment on an issue or pull request whose body contains `marker`; reads every page. */
  findComment(repo: string, number: number, marker: string): Promise<IssueComment | undefined>;
  createComment(repo: string, number: number, body: string, beforeSend?: BeforeSend): Promise<IssueComment>;
  /** Throws `not-found` when a person deleted it. */
  updateComment(repo: string, commentId: number, body: string, beforeSend?: BeforeSend): Promise<void>;
}
