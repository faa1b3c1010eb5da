/** Drives a local GitHub over HTTP, from its own process or from another. */
import { z } from 'zod';
import type { Delivery } from './deliveries.ts';
import { ACTOR_HEADER } from './http.ts';

export interface LocalPull {
  readonly number: number;
  readonly branch: string;
  readonly title: string;
  readonly state: 'open' | 'closed';
  readonly merged: boolean;
  readonly labels: readonly string[];
  readonly commit: string;
  readonly author: string;
  /** Address of the page that shows it. */
  readonly url: string;
  readonly updatedAt: string;
}

export interface LocalComment {
  readonly id: number;
  readonly author: string;
  readonly body: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface DeliveryMatch {
  readonly event?: string;
  readonly action?: string;
}

/** Every call acts as the repository's owner, unless it takes an author. Rejects with GitHub's message. */
export interface LocalGitHubClient {
  /** Without a slash at the end: octokit's `baseUrl`. */
  readonly url: string;
  /** By number. Default `all`. */
  pulls(state?: 'open' | 'closed' | 'all'): Promise<LocalPull[]>;
  /** The pull request of a branch, open or closed. Rejects when there is none. */
  pull(branch: string): Promise<LocalPull>;
  addLabel(number: number, label: string): Promise<void>;
  removeLabel(number: number, label: string): Promise<void>;
  closePull(number: number): Promise<void>;
  reopenPull(number: number): Promise<void>;
  /** The oldest first. */
  comments(number: number): Promise<LocalComment[]>;
  comment(number: number, body: string, author?: string): Promise<LocalComment>;
  /** The newest first; the last 1,000 are kept. */
  deliveries(match?: DeliveryMatch): Promise<Delivery[]>;
  /** Sends the newest that matches once more, under the same GUID; resolves when it was answered or given up. */
  redeliver(match?: DeliveryMatch): Promise<Delivery>;
  /** Null for no webhooks. A new address is sent a `ping`. */
  setWebhookUrl(url: string | null): Promise<void>;
  /** Reads the branches now instead of at the next poll. */
  refresh(): Promise<void>;
  /** Resolves when every webhook so far was answered or given up. */
  idle(): Promise<void>;
}

export interface ClientOptions {
  readonly url: string;
  readonly fullName: string;
  readonly token?: string | undefined;
}

const user = z.object({ login: z.string() });
const pullShape = z
  .object({
    number: z.number(),
    title: z.string(),
    state: z.enum(['open', 'closed']),
    merged_at: z.string().nullable(),
    labels: z.array(z.object({ name: z.string() })),
    user,
    html_url: z.string(),
    updated_at: z.string(),
    head: z.object({ ref: z.string(), sha: z.string() }),
  })
  .transform(
    (pull): LocalPull => ({
      number: pull.number,
      branch: pull.head.ref,
      title: pull.title,
      state: pull.state,
      merged: pull.merged_at !== null,
      labels: pull.labels.map((label) => label.name),
      commit: pull.head.sha,
      author: pull.user.login,
      url: pull.html_url,
      updatedAt: pull.updated_at,
    }),
  );
const commentShape = z
  .object({ id: z.number(), user, body: z.string(), created_at: z.string(), updated_at: z.string() })
  .transform(
    (one): LocalComment => ({
      id: one.id,
      author: one.user.login,
      body: one.body,
      createdAt: one.created_at,
      updatedAt: one.updated_at,
    }),
  );
const deliveryShape: z.ZodType<Delivery> = z.object({
  id: z.number(),
  guid: z.string(),
  event: z.string(),
  action: z.string().nullable(),
  redelivery: z.boolean(),
  delivered_at: z.string(),
  status_code: z.number(),
  status: z.string(),
  duration: z.number(),
  url: z.string(),
  request: z.object({ headers: z.record(z.string(), z.string()), payload: z.unknown() }),
});
const errorShape = z.object({
  message: z.string(),
  errors: z.array(z.object({ message: z.string().optional() })).optional(),
});

class Connection {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async call(method: string, path: string, body?: object, author?: string): Promise<Response> {
    const { url, fullName, token } = this.#options;
    const [owner = ''] = fullName.split('/');
    const response = await fetch(url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        [ACTOR_HEADER]: author ?? owner,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await reasonOf(response)}`);
    return response;
  }

  async read<Shape extends z.ZodType>(shape: Shape, path: string): Promise<z.infer<Shape>> {
    return shape.parse(await (await this.call('GET', path)).json());
  }

  async pages<Shape extends z.ZodType>(shape: Shape, path: string): Promise<z.infer<Shape>[]> {
    const all: z.infer<Shape>[] = [];
    for (let page = 1; ; page += 1) {
      const items = await this.read(
        z.array(shape),
        `${path}${path.includes('?') ? '&' : '?'}per_page=100&page=${page}`,
      );
      all.push(...items);
      if (items.length < 100) return all;
    }
  }

  /** For calls whose answer nobody reads; its body must not hold the connection. */
  async act(method: string, path: string, body?: object): Promise<void> {
    await (await this.call(method, path, body)).body?.cancel();
  }
}

async function reasonOf(response: Response): Promise<string> {
  const parsed = errorShape.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) return response.statusText;
  const details = (parsed.data.errors ?? []).map((error) => error.message).filter((text) => text !== undefined);
  return [parsed.data.message, ...details].join(': ');
}

function query(match: DeliveryMatch): string {
  return new URLSearchParams(Object.entries(match).filter(([, value]) => value !== undefined)).toString();
}

export function connectLocalGitHub(options: ClientOptions): LocalGitHubClient {
  const connection = new Connection(options);
  const base = `/repos/${options.fullName}`;
  const setState = (number: number, state: string): Promise<void> =>
    connection.act('PATCH', `${base}/pulls/${number}`, { state });
  const pulls = async (state = 'all'): Promise<LocalPull[]> =>
    connection.pages(pullShape, `${base}/pulls?state=${state}&direction=asc`);
  const deliveries = async (match: DeliveryMatch = {}): Promise<Delivery[]> =>
    connection.pages(deliveryShape, `/_deliveries?${query(match)}`);
  const idle = (): Promise<void> => connection.act('POST', '/_idle');

  return {
    url: options.url,
    pulls,
    async pull(branch) {
      const all = await pulls();
      const found = all.find((pull) => pull.branch === branch);
      if (found !== undefined) return found;
      throw new Error(
        `no pull request of branch ${branch}; there are ${all.map((pull) => pull.branch).join(', ') || 'none'}`,
      );
    },
    addLabel: (number, label) => connection.act('POST', `${base}/issues/${number}/labels`, { labels: [label] }),
    removeLabel: (number, label) =>
      connection.act('DELETE', `${base}/issues/${number}/labels/${encodeURIComponent(label)}`),
    closePull: (number) => setState(number, 'closed'),
    reopenPull: (number) => setState(number, 'open'),
    comments: (number) => connection.pages(commentShape, `${base}/issues/${number}/comments`),
    async comment(number, body, author) {
      const response = await connection.call('POST', `${base}/issues/${number}/comments`, { body }, author);
      return commentShape.parse(await response.json());
    },
    deliveries,
    async redeliver(match = {}) {
      const last = (await deliveries(match))[0];
      if (last === undefined) throw new Error(`no delivery matches ${JSON.stringify(match)}`);
      const response = await connection.call('POST', `/_deliveries/${last.id}/redeliver`);
      const { id } = deliveryShape.parse(await response.json());
      await idle();
      return connection.read(deliveryShape, `/_deliveries/${id}`);
    },
    setWebhookUrl: (url) => connection.act('PUT', '/_webhook', { url }),
    refresh: () => connection.act('POST', '/_refresh'),
    idle,
  };
}
