/** The habits of GitHub's HTTP interface that are the same for every route: pages, validation, tokens, limits, ETags. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type FieldError, invalid, RestError } from './errors.ts';
import { API_USER } from './world.ts';

const DOCUMENTATION = 'https://docs.github.com/rest';
/** Names the person on whose behalf a request acts; GitHub knows that from the token. */
export const ACTOR_HEADER = 'x-local-user';

export function actorOf(request: FastifyRequest): string {
  const header = request.headers[ACTOR_HEADER];
  const login = typeof header === 'string' ? header.trim() : '';
  if (login === '') return API_USER;
  if (!isLogin(login)) throw invalid('User', 'login', `${ACTOR_HEADER} is "${login}", not a login`);
  return login;
}

export function isLogin(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:\[bot\])?$/.test(text);
}

export function queryOf(request: FastifyRequest): Readonly<Record<string, string>> {
  const query = request.query as Record<string, string | string[]>;
  return Object.fromEntries(
    Object.entries(query).map(([key, value]) => [key, Array.isArray(value) ? (value.at(-1) ?? '') : value]),
  );
}

function whole(text: string | undefined, fallback: number): number {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : fallback;
}

/** Number in a path, e.g. of a pull request; anything else is not found. */
export function idIn(text: string | undefined): number {
  return whole(text, -1);
}

/** One page of `items`, and the Link header that leads to the others. `page` and `per_page` as on GitHub. */
export function paginate<Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  base: string,
  items: readonly Item[],
): Item[] {
  const query = queryOf(request);
  const size = Math.min(whole(query['per_page'], 30), 100);
  const page = whole(query['page'], 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (rel: string, to: number): string => {
    const url = new URL(request.url, base);
    url.searchParams.set('page', String(to));
    return `<${url.href}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link('prev', Math.min(page - 1, last))] : []),
    ...(page < last ? [link('next', page + 1), link('last', last)] : []),
    ...(page > 1 ? [link('first', 1)] : []),
  ];
  if (links.length > 0) reply.header('link', links.join(', '));
  return items.slice((page - 1) * size, page * size);
}

export function parseBody<Schema extends z.ZodType>(schema: Schema, resource: string, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue): FieldError => {
    const field = issue.path.join('.') || 'body';
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return { resource, field, code: missing ? 'missing_field' : 'invalid', message: issue.message };
  });
  throw new RestError(422, 'Validation Failed', errors);
}

/** GitHub takes JSON whatever the content type says: `curl -d` sends a form's. */
export function parseJson(_request: FastifyRequest, body: string | Buffer): unknown {
  const text = body.toString();
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new RestError(400, 'Problems parsing JSON');
  }
}

export function sendError(
  error: FastifyError | RestError | Error,
  reply: FastifyReply,
  log: (message: string) => void,
): void {
  const known = error instanceof RestError;
  const status = known ? error.status : ((error as FastifyError).statusCode ?? 500);
  if (status >= 500) log(`error: ${error.stack ?? error.message}`);
  reply.code(status).send({
    message: status >= 500 ? 'Server Error' : error.message,
    ...(known && error.errors !== undefined ? { errors: error.errors } : {}),
    documentation_url: DOCUMENTATION,
    status: String(status),
  });
}

/** Throws 401 unless the request carries the token, as `token …` or `Bearer …`. */
export function checkToken(token: string | undefined, request: FastifyRequest): void {
  if (token === undefined) return;
  const header = request.headers.authorization;
  if (header === undefined) throw new RestError(401, 'Requires authentication');
  const given = /^(?:token|bearer)\s+(\S+)$/i.exec(header)?.[1] ?? '';
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(given), digest(token))) throw new RestError(401, 'Bad credentials');
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Keeps pages of other sites out, which a browser on this machine may show: they reach loopback too. A foreign name that
 * resolves to loopback fails by its Host, a foreign page by its Origin. Programs send neither Origin nor Sec-Fetch-Site.
 */
export function checkSameOrigin(request: FastifyRequest): void {
  const { host = '', origin } = request.headers;
  if (!LOOPBACK.test(host)) throw new RestError(403, `Host is "${host}", allowed are localhost and 127.0.0.1`);
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const site = request.headers['sec-fetch-site'];
  if (origin !== undefined && origin !== `http://${host}`)
    throw new RestError(403, `Origin ${origin} is another site's`);
  if (site !== undefined && site !== 'same-origin') throw new RestError(403, `Sec-Fetch-Site is ${site}`);
}

/** Requests left in this hour; an answer of 304 costs none. */
export class RateLimit {
  readonly #limit: number;
  readonly #now: () => number;
  #used = 0;
  #resetAt = 0;

  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  take(): void {
    this.#roll();
    if (this.#used >= this.#limit) throw new RestError(403, 'API rate limit exceeded');
    this.#used += 1;
  }

  giveBack(): void {
    this.#used = Math.max(0, this.#used - 1);
  }

  /** As in GET /rate_limit; `reset` in seconds since the epoch. */
  status(): { limit: number; remaining: number; reset: number; used: number; resource: string } {
    this.#roll();
    const remaining = this.#limit - this.#used;
    return {
      limit: this.#limit,
      remaining,
      reset: Math.ceil(this.#resetAt / 1_000),
      used: this.#used,
      resource: 'core',
    };
  }

  #roll(): void {
    if (this.#now() < this.#resetAt) return;
    this.#resetAt = this.#now() + 3_600_000;
    this.#used = 0;
  }
}

/** Adds the headers of every answer, and turns one that the client has already into 304. */
export function finishAnswer(request: FastifyRequest, reply: FastifyReply, limit: RateLimit, body: unknown): unknown {
  const etag = etagOf(request, reply, body);
  const unchanged = etag !== undefined && isKnown(request, etag);
  if (unchanged) limit.giveBack();
  for (const [name, value] of Object.entries(limit.status())) reply.header(`x-ratelimit-${name}`, String(value));
  reply.header('x-github-request-id', randomUUID().toUpperCase());
  reply.header('x-github-media-type', 'github.v3; format=json');
  if (etag !== undefined) reply.header('etag', etag).header('cache-control', 'private, max-age=60, s-maxage=60');
  if (!unchanged) return body;
  reply.code(304);
  return '';
}

/** Of what was read, and of nothing else. */
function etagOf(request: FastifyRequest, reply: FastifyReply, body: unknown): string | undefined {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!reads || reply.statusCode !== 200 || typeof body !== 'string') return undefined;
  return `W/"${createHash('sha256').update(body).digest('hex')}"`;
}

function isKnown(request: FastifyRequest, etag: string): boolean {
  const tags = request.headers['if-none-match']?.split(',') ?? [];
  return tags.some((tag) => tag.trim() === etag);
}
