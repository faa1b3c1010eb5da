/**
 * GitHub over octokit: one client, one limiter, no retries (the loop decides those), and every answer checked before it
 * is believed. Errors name the operation and the repository, never the token.
 */
import { Octokit } from '@octokit/rest';
import { z } from 'zod';
import { parsePull } from '../model/pull-payload.ts';
import type { PullSnapshot } from '../model/snapshot.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { asGitHubError, resetOf } from './errors.ts';
import { type Limiter, makeLimiter } from './limiter.ts';
import { type BeforeSend, GitHubError, type GitHubErrorKind, type GitHubPort } from './port.ts';

const REQUEST_TIMEOUT_MS = 10_000;
const PAGE_SIZE = 100;

const OPERATIONS = ['branchHead', 'pull', 'findComment', 'createComment', 'updateComment'] as const;
type Operation = (typeof OPERATIONS)[number];
const OUTCOMES = ['ok', 'refused', 'not-found', 'limited', 'unavailable'] as const satisfies ('ok' | GitHubErrorKind)[];

const Ref = z.object({ object: z.object({ sha: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/) }) });
const Comment = z.object({ id: z.number(), body: z.string().nullish() });

export interface GitHubOptions {
  /** Root of the REST API, e.g. `https://api.github.com`. */
  readonly apiUrl: string;
  readonly token?: string | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** For one request, without the time that it stands in line; 10 s when absent. A write gets 8 s at most. */
  readonly requestTimeoutMs?: number | undefined;
}

type Repository = { readonly owner: string; readonly repo: string };

export function makeGitHub(options: GitHubOptions): GitHubPort {
  const octokit = makeOctokit(options);
  const call = makeCaller(options);

  /** A 404 of something in a repository counts as "there is none" only while the repository itself can be read. */
  const absent = async (error: unknown, repository: Repository): Promise<undefined> => {
    if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;
    try {
      await octokit.rest.repos.get(repository);
      return undefined;
    } catch (cause) {
      if (!isStatus(cause, 404)) throw cause;
      const why = 'the repository does not exist, or the token may not read it';
      throw new GitHubError('not-found', why, { status: 404 });
    }
  };

  return {
    branchHead: (repo, branch) =>
      call('branchHead', repo, async (repository) => {
        const path = refPath(branch);
        if (path === undefined) return undefined;
        try {
          const answer = await octokit.request(`GET /repos/{owner}/{repo}/git/ref/heads/${path}`, repository);
          return understood(Ref, answer.data).object.sha;
        } catch (error) {
          // 409: the repository has no commit yet.
          return absent(error, repository);
        }
      }),
    pull: (repo, number) =>
      call('pull', repo, async (repository) => {
        try {
          const answer = await octokit.rest.pulls.get({ ...repository, pull_number: number });
          return snapshotOf(answer.data);
        } catch (error) {
          return absent(error, repository);
        }
      }),
    findComment: (repo, number, marker) =>
      call('findComment', repo, async (repository) => {
        const pages = octokit.paginate.iterator(octokit.rest.issues.listComments, {
          ...repository,
          issue_number: number,
          per_page: PAGE_SIZE,
        });
        for await (const page of pages) {
          const found = understood(z.array(Comment), page.data).find((comment) => comment.body?.includes(marker));
          if (found) return { id: found.id, body: found.body ?? '' };
        }
        return undefined;
      }),
    createComment: (repo, number, body, beforeSend) =>
      call('createComment', repo, async (repository) => {
        const request = { beforeSend };
        const answer = await octokit.rest.issues.createComment({ ...repository, issue_number: number, body, request });
        return { id: understood(Comment, answer.data).id, body };
      }),
    updateComment: (repo, commentId, body, beforeSend) =>
      call('updateComment', repo, async (repository) => {
        const request = { beforeSend };
        await octokit.rest.issues.updateComment({ ...repository, comment_id: commentId, body, request });
      }),
  };
}

/** Every request of the client, also each page of a listing, goes through the limiter. */
function makeOctokit({ apiUrl, token, clock, logger, requestTimeoutMs = REQUEST_TIMEOUT_MS }: GitHubOptions): Octokit {
  const ignore = (): void => undefined;
  const octokit = new Octokit({
    baseUrl: apiUrl.replace(/\/+$/, ''),
    userAgent: 'mayfly',
    ...(token === undefined ? {} : { auth: token }),
    log: {
      debug: ignore,
      info: (message: string) => logger.trace(message),
      warn: (message: string) => logger.warn(message),
      error: (message: string) => logger.debug(message),
    },
  });
  const limiter = makeLimiter(clock, requestTimeoutMs);
  octokit.hook.wrap('request', async (request, options) => {
    const write = options.method !== 'GET' && options.method !== 'HEAD';
    const { beforeSend } = options.request as { beforeSend?: BeforeSend };
    const answer = await limiter.run(write, (signal) => {
      if (beforeSend) allowed(beforeSend);
      // Other arguments than the options that the hook was given do not reach the request.
      options.request = { ...options.request, signal };
      return watched(limiter, clock, async () => request(options));
    });
    heed(limiter, resetOf(answer.headers, clock.now()));
    return answer;
  });
  return octokit;
}

/** Tells what `beforeSend` threw from what a request throws. */
class NotSent extends Error {}

function allowed(beforeSend: BeforeSend): void {
  try {
    beforeSend();
  } catch (cause) {
    throw new NotSent('not sent', { cause });
  }
}

/** Lets a rate limit that one call runs into hold back all others. */
async function watched<T>(limiter: Limiter, clock: Clock, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    heed(limiter, asGitHubError(error, clock.now()).retryAfterMs);
    throw error;
  }
}

function heed(limiter: Limiter, ms: number | undefined): void {
  if (ms !== undefined) limiter.pause(ms);
}

type Caller = <T>(operation: Operation, repo: string, fn: (repository: Repository) => Promise<T>) => Promise<T>;

/** Counts each call, and turns what it throws into a `GitHubError` that names it. */
function makeCaller({ token, clock, metrics }: GitHubOptions): Caller {
  for (const operation of OPERATIONS) {
    for (const outcome of OUTCOMES) metrics.githubCalls.inc({ operation, outcome }, 0);
  }
  return async (operation, repo, fn) => {
    try {
      const result = await fn(repositoryOf(repo));
      metrics.githubCalls.inc({ operation, outcome: 'ok' });
      return result;
    } catch (error) {
      if (error instanceof NotSent) throw error.cause;
      const failure = named(asGitHubError(error, clock.now()), `${operation} of ${repo}`, token);
      metrics.githubCalls.inc({ operation, outcome: failure.kind });
      throw failure;
    }
  };
}

/** The same error with the call's name in front, and without the token wherever GitHub or the network may echo it. */
function named(error: GitHubError, what: string, token: string | undefined): GitHubError {
  const text = token ? error.message.replaceAll(token, '[redacted]') : error.message;
  const message = `${what}: ${text}`;
  return new GitHubError(error.kind, message, { status: error.status, retryAfterMs: error.retryAfterMs });
}

function repositoryOf(name: string): Repository {
  const match = /^([\w.-]*\w[\w.-]*)\/([\w.-]*\w[\w.-]*)$/.exec(name);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new GitHubError('refused', `repo: found ${JSON.stringify(name)}, allowed owner/name`);
  }
  return { owner: match[1], repo: match[2] };
}

/** The branch as a path, each segment encoded; undefined for a name that git allows no branch to have. */
function refPath(branch: string): string | undefined {
  const segments = branch.toWellFormed().split('/');
  // `..` would lead to another resource of the API.
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) return undefined;
  return segments.map(encodeURIComponent).join('/');
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof Error && 'status' in error && error.status === status && 'response' in error;
}

function understood<T>(schema: z.ZodType<T>, data: unknown): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new GitHubError('unavailable', `the answer is not understood: ${faults.slice(0, 3).join('; ')}`);
}

function snapshotOf(data: unknown): PullSnapshot {
  const parsed = parsePull(data);
  if (parsed.ok) return parsed.snapshot;
  const faults = parsed.faults.map((fault) => `${fault.path}: found ${fault.found}, allowed ${fault.allowed}`);
  throw new GitHubError('unavailable', `the answer is not understood: ${faults.slice(0, 3).join('; ')}`);
}
