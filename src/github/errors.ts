/**
 * What GitHub's answers mean for the loop. Rate limits come as 403 or 429, told apart from a refusal by headers or, for
 * some secondary limits, by the message alone. AWS-FACTS GitHub "primary", "secondary".
 */
import { z } from 'zod';
import { GitHubError } from './port.ts';

/** GitHub's advice for a secondary limit without `Retry-After`: at least a minute. */
const SECONDARY_LIMIT_MS = 60_000;
const MESSAGE_MAX = 300;

const HttpFailure = z.object({
  status: z.number(),
  response: z.object({ headers: z.record(z.string(), z.unknown()), data: z.unknown() }).optional(),
});

const Explained = z.object({ message: z.string() });

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Turns whatever a request threw into a `GitHubError`. The caller puts the name of the operation in front. */
export function asGitHubError(error: unknown, now: number): GitHubError {
  if (error instanceof GitHubError) return error;
  const answer = answerOf(error);
  // The original error holds the whole request: it is not kept as the cause.
  if (!answer) return new GitHubError('unavailable', `GitHub cannot be reached: ${networkMessage(error)}`);
  const { status, message } = answer;
  const retryAfterMs = limitOf(answer, now);
  if (retryAfterMs !== undefined) {
    const seconds = Math.ceil(retryAfterMs / 1000);
    const text = `GitHub asks to wait ${seconds} s (status ${status}): ${message}`;
    return new GitHubError('limited', text, { status, retryAfterMs });
  }
  return new GitHubError(kindOf(status), `GitHub answers ${status}: ${message}`, { status });
}

function kindOf(status: number): GitHubError['kind'] {
  if (status === 404 || status === 410) return 'not-found';
  if (status >= 400 && status < 500 && status !== 408 && status !== 409) return 'refused';
  return 'unavailable';
}

function answerOf(error: unknown): Answer | undefined {
  const parsed = HttpFailure.safeParse(error);
  if (!parsed.success || !parsed.data.response) return undefined;
  const { status, response } = parsed.data;
  const explained = Explained.safeParse(response.data);
  const message = explained.success ? explained.data.message : 'no explanation';
  return { status, headers: response.headers, message: oneLine(message) };
}

/** How long to wait when the answer is a rate limit, in ms; undefined when it is none. */
function limitOf(answer: Answer, now: number): number | undefined {
  if (answer.status !== 403 && answer.status !== 429) return undefined;
  const told = retryAfterOf(answer.headers, now) ?? resetOf(answer.headers, now);
  if (told !== undefined) return told;
  const secondary = answer.status === 429 || /rate limit|abuse detection/i.test(answer.message);
  return secondary ? SECONDARY_LIMIT_MS : undefined;
}

/** `Retry-After`, in seconds or as a date. */
function retryAfterOf(headers: Answer['headers'], now: number): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string' || value === '') return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(1000, ms) : undefined;
}

/** Time until the primary limit starts anew, when none of it is left; undefined otherwise. */
export function resetOf(headers: Answer['headers'], now: number): number | undefined {
  if (headers['x-ratelimit-remaining'] !== '0') return undefined;
  const reset = Number(headers['x-ratelimit-reset']);
  return Number.isFinite(reset) && reset > 0 ? Math.max(1000, reset * 1000 - now) : SECONDARY_LIMIT_MS;
}

function networkMessage(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > MESSAGE_MAX ? `${line.slice(0, MESSAGE_MAX)}…` : line;
}
