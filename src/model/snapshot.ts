/** A pull request at one moment, as a webhook or the API tells it: the input of `desiredFrom` (DESIGN §5). */
export interface PullSnapshot {
  /** Base repository, `owner/name`. */
  readonly repo: string;
  readonly number: number;
  readonly open: boolean;
  readonly draft: boolean;
  readonly labels: readonly string[];
  readonly author: string;
  readonly head: {
    /** Null when the fork was deleted. */
    readonly repo: string | null;
    readonly repoId: number | null;
    readonly branch: string;
    readonly commit: string;
  };
  readonly baseRepoId: number;
  /** `updated_at`, ISO, one-second grain. */
  readonly at: string;
  /** `closed_at`, ISO; absent while it is open. */
  readonly closedAt?: string | undefined;
}
