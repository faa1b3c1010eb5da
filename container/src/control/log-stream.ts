/** `GET /logs`: `source`, `tail` and `since` choose lines, `follow=1` goes on with those that come. */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { LogSource } from '../log/entry.ts';
import type { LogQuery, LogStore } from '../log/store.ts';
import { PHASES } from '../updates/progress.ts';
import { HttpError } from './answers.ts';
import { invalid, refuseUnknown, type Rule, text } from './fields.ts';
import type { StreamLimits } from './status-stream.ts';

export interface LogRequest {
  readonly query: LogQuery;
  readonly follow: boolean;
}

const NAMES = ['source', 'tail', 'since', 'follow'];
const MAX_TAIL = 100_000;

const RULES: Readonly<Record<string, Rule>> = {
  source: { valid: isSource, allowed: `mayfly, ${PHASES.join(', ')}, or app/ and the name of a process` },
  tail: {
    valid: (value) => /^\d{1,6}$/.test(value) && Number(value) <= MAX_TAIL,
    allowed: `a number of lines, ${MAX_TAIL} at most`,
  },
  since: { valid: isTime, allowed: 'a time in ISO 8601, e.g. 2030-01-31T12:00:00.000Z' },
  follow: { valid: (value) => /^[01]$/.test(value), allowed: '0 or 1' },
};

/** Throws a 400 that names what is wrong. */
export function parseLogQuery(search: URLSearchParams): LogRequest {
  refuseUnknown([...search.keys()], NAMES);
  const read = (name: string): string | undefined => {
    const values = search.getAll(name);
    if (values.length > 1) throw invalid(`${name} is there ${values.length} times; allowed: once`);
    const rule = RULES[name];
    return values[0] === undefined || !rule ? undefined : text(values[0], name, rule);
  };
  const [source, tail, since] = ['source', 'tail', 'since'].map(read);
  return {
    query: {
      ...(source === undefined ? {} : { source: source as LogSource }),
      ...(tail === undefined ? {} : { tail: Number(tail) }),
      ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    },
    follow: read('follow') === '1',
  };
}

function isSource(value: string): boolean {
  return value === 'mayfly' || PHASES.some((phase) => phase === value) || /^app\/[\w.-]{1,64}$/.test(value);
}

function isTime(value: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/.test(value) && !isNaN(Date.parse(value))
  );
}

export interface LogStreams {
  /** Answers as fast as the client reads. Throws an HttpError when there are too many already. */
  serve(request: LogRequest, response: ServerResponse): void;
  close(): void;
}

const HEADERS = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

export function makeLogStreams(store: Pick<LogStore, 'read' | 'follow'>, limits: StreamLimits): LogStreams {
  const open = new Set<AbortController>();
  return {
    serve({ query, follow }, response) {
      if (response.destroyed) return;
      if (open.size >= limits.streams) {
        throw new HttpError(503, 'too_many_streams', `${limits.streams} logs are being read`);
      }
      const abort = new AbortController();
      const longest = setTimeout(end, limits.longestMs).unref();
      open.add(abort);
      response.on('close', () => {
        clearTimeout(longest);
        open.delete(abort);
        abort.abort();
      });
      response.writeHead(200, HEADERS).flushHeaders();
      const blocks = follow ? store.follow(query, abort.signal) : store.read(query);
      // A client that leaves, or a log that cannot be read any more: the answer ends there.
      pipeline(blocks, response).catch(() => response.destroy());

      function end(): void {
        if (follow && !response.writableNeedDrain) abort.abort();
        else response.destroy();
      }
    },
    close() {
      for (const abort of open) abort.abort();
    },
  };
}
