/** What the control port answers to. Another kind of order is one route more, and one member more of `Order`. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { LogStore } from '../log/store.ts';
import { HttpError } from './answers.ts';
import { parseJson } from './body.ts';
import { makeLogStreams, parseLogQuery } from './log-stream.ts';
import type { Grants, Order, SyncOrder } from './orders.ts';
import { makeStatusStreams, type StreamLimits } from './status-stream.ts';
import { parseSync } from './sync-order.ts';

export interface ControlHandlers {
  health(): Promise<object>;
  status(): Promise<object>;
  /** Calls the listener whenever the status has changed; the result ends it. */
  onChange(listener: () => void): () => void;
  /** Undefined before a version serves. */
  version(): object | undefined;
  readonly logs: Pick<LogStore, 'read' | 'follow'>;
  /** Takes the order, or throws an HttpError. */
  sync(order: SyncOrder & { readonly commit: string }, grants: Grants): void;
}

/** A request that was found to be the operator's. */
export interface Asked {
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Answer =
  | { readonly status: number; readonly body: object }
  /** Answers by itself; may throw or reject with an HttpError before it begins. */
  | { readonly stream: (response: ServerResponse) => Promise<void> | void };

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (asked: Asked) => Promise<Answer> | Answer;
}

export interface Routes {
  readonly byPath: ReadonlyMap<string, Route>;
  /** Ends every stream. */
  close(): void;
}

export function makeRoutes(handlers: ControlHandlers, limits: StreamLimits): Routes {
  const statuses = makeStatusStreams({
    status: () => handlers.status(),
    onChange: (listener) => handlers.onChange(listener),
    limits,
  });
  const logs = makeLogStreams(handlers.logs, limits);
  const byPath = new Map<string, Route>([
    ['/health', get(async () => ok(await handlers.health()))],
    ['/version', get(() => ok(handlers.version() ?? noVersion()))],
    [
      '/status',
      get(async ({ headers }) =>
        wantsEvents(headers) ? { stream: (response) => statuses.join(response) } : ok(await handlers.status()),
      ),
    ],
    [
      '/logs',
      get(({ query }) => {
        const request = parseLogQuery(query);
        return { stream: (response) => logs.serve(request, response) };
      }),
    ],
    ['/sync', order(parseSync, ({ order, grants }) => handlers.sync(order, grants))],
  ]);
  return {
    byPath,
    close() {
      statuses.close();
      logs.close();
    },
  };
}

function get(answer: Route['answer']): Route {
  return { method: 'GET', answer };
}

const ok = (body: object): Answer => ({ status: 200, body });

function noVersion(): never {
  throw new HttpError(503, 'no_version', 'no version serves yet');
}

/** The answer repeats the order, and nothing of what was lent with it. */
function order<T extends { readonly order: Order }>(parse: (body: unknown) => T, take: (request: T) => void): Route {
  return {
    method: 'POST',
    answer({ body, headers }) {
      const request = parse(parseJson(body, headers['content-type']));
      take(request);
      const { kind: _, ...said } = request.order;
      return { status: 202, body: { accepted: true, ...said } };
    },
  };
}

function wantsEvents({ accept = '' }: IncomingHttpHeaders): boolean {
  return accept.split(',').some((type) => type.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream');
}
