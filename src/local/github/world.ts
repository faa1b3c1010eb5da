/** What every part of the local GitHub shares: where it is served, whose repository it is, and what is remembered. */
import { createHash } from 'node:crypto';
import type { State } from './state.ts';

export type Permission = 'admin' | 'write' | 'read' | 'none';

/** A branch of the local repository that is shown as another repository's; nulls mean that the fork was deleted. */
export interface Fork {
  readonly branch: string;
  readonly repo: string | null;
  readonly repoId: number | null;
}

export interface Site {
  /** Without a slash at the end, e.g. `http://127.0.0.1:3300`. */
  readonly url: string;
  readonly repoPath: string;
  /** `owner/name`. */
  readonly fullName: string;
  readonly owner: string;
  readonly repoId: number;
  readonly forks: readonly Fork[];
  readonly permissions: Readonly<Record<string, Permission>>;
}

export interface Event {
  readonly event: string;
  readonly action?: string;
  /** The login that caused it. */
  readonly sender: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface World {
  readonly site: Site;
  readonly state: State;
  /** ISO time with GitHub's grain of one second. */
  stamp(): string;
  nextId(): number;
  emit(event: Event): void;
  /** Marks the state as changed. */
  touch(): void;
}

/** Who acts when a request does not say: the operator's own account. */
export const API_USER = 'mayfly[bot]';

/** A stable number for a name, so that ids survive restarts without being remembered. */
export function idOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) >>> 1;
}

export function nodeIdOf(kind: string, id: number): string {
  return Buffer.from(`0${kind.length}:${kind}${id}`).toString('base64');
}

export function forkOf(site: Site, branch: string): Fork | undefined {
  return site.forks.find((fork) => fork.branch === branch);
}

/** What GitHub answers for a public repository: everybody may read. */
export function permissionOf(site: Site, login: string): Permission {
  if (login === site.owner) return 'admin';
  return site.permissions[login] ?? (login === API_USER ? 'write' : 'read');
}

/** The login that owns the repository which the branch belongs to. */
export function ownerOf(site: Site, branch: string): string {
  const fork = forkOf(site, branch);
  if (fork === undefined) return site.owner;
  return fork.repo?.split('/')[0] ?? 'ghost';
}
