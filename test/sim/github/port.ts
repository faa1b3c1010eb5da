/** The simulation's GitHub, as people, the operator and the oracles see it. Everything happens at the moment of the call. */
import type { GitHubPort } from '../../../src/github/port.ts';
import type { PullSnapshot } from '../../../src/model/snapshot.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { SimDelivery } from './hook.ts';

export interface SimGitHubOptions {
  readonly clock: Clock;
  /** At least 0 and less than 1; ids of deliveries come from it, nothing else. */
  readonly random: () => number;
  /** `owner/name`. */
  readonly repo: string;
  /** A webhook that was just sent. Called in the middle of the change, so that it should only note it down. */
  readonly deliver: (delivery: SimDelivery) => void;
}

/** Which repository a branch is in: a fork by its `owner/name`; the base repository when absent. */
export interface Where {
  readonly fork?: string | undefined;
}

export interface OpenPull extends Where {
  /** Login; the owner of the head repository when absent. */
  readonly author?: string | undefined;
  readonly draft?: boolean | undefined;
  readonly title?: string | undefined;
  /** Branch that it is to be merged into; `main` when absent. */
  readonly base?: string | undefined;
}

export interface SimComment {
  readonly id: number;
  readonly author: string;
  readonly body: string;
}

export interface SimPull {
  readonly number: number;
  readonly branch: string;
  readonly fork: string | undefined;
  readonly open: boolean;
  readonly draft: boolean;
  readonly labels: readonly string[];
  readonly author: string;
  readonly title: string;
  readonly commit: string;
}

/**
 * What people do. `pull` is a number that `openPull` gave. False: nothing changed, because it is so already or GitHub
 * refuses it, so that random people need not know what is possible.
 */
export interface People {
  /** A new commit; makes the branch when there is none. Open pull requests of it follow. */
  push(branch: string, where?: Where): string;
  /** A commit that does not build on the one before: pull requests that are closed cannot be reopened after it. */
  forcePush(branch: string, where?: Where): string;
  /** Closes its open pull requests. */
  deleteBranch(branch: string, where?: Where): boolean;
  /** Back at the commit where it was deleted, as by the button on a pull request. */
  restoreBranch(branch: string, where?: Where): boolean;
  /** Closes the open pull requests out of it, and their head repository is null from then on. */
  deleteFork(fork: string): boolean;
  /**
   * Its number; of the one that is open already for the same branch and base, since GitHub allows one only. Pushes first
   * when the branch does not exist.
   */
  openPull(branch: string, options?: OpenPull): number;
  label(pull: number, ...names: readonly string[]): boolean;
  unlabel(pull: number, name: string): boolean;
  close(pull: number): boolean;
  /** Closes it and moves the default branch. */
  merge(pull: number): boolean;
  /** Refused when merged, without a branch, or after its branch was rewritten while it was closed. */
  reopen(pull: number): boolean;
  edit(pull: number, title: string): boolean;
  setDraft(pull: number, draft: boolean): boolean;
  /** Its id. */
  comment(pull: number, text: string, author?: string): number;
  editComment(id: number, text: string): boolean;
  /** Anybody's comment, also the operator's. */
  deleteComment(id: number): boolean;
}

export interface SimGitHub extends People {
  readonly port: GitHubPort;
  /** For oracles: the truth of this moment. Throws for a number that was never given. */
  snapshotOf(pull: number): PullSnapshot;
  /** Oldest first, deleted ones not among them. */
  comments(pull: number): readonly SimComment[];
  /** How many comments the operator has made on it altogether, deleted ones included. */
  commentsCreated(pull: number): number;
  /** How often the operator has changed one of its comments on it. */
  commentsUpdated(pull: number): number;
  /** Oldest first, closed ones too. */
  pulls(): readonly SimPull[];
  /** The commit at the branch's head. */
  head(branch: string, where?: Where): string | undefined;
}
