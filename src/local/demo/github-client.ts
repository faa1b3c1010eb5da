/** The local GitHub as the demo drives it over HTTP: what a person does in the browser. */
export interface PullRequest {
  readonly number: number;
  readonly state: 'open' | 'closed';
  readonly head: { readonly ref: string; readonly sha: string };
  readonly base: { readonly ref: string };
  readonly labels: readonly { readonly name: string }[];
}

export interface Comment {
  readonly id: number;
  readonly body: string;
}

export interface Delivery {
  readonly id: number;
  readonly event: string;
  readonly action?: string | null;
  readonly status_code?: number | null;
}

export interface GitHubClient {
  readonly url: string;
  pulls(): Promise<readonly PullRequest[]>;
  /** The open pull request of a branch; throws when there is none. */
  pullOf(branch: string): Promise<PullRequest>;
  addLabel(number: number, label: string): Promise<void>;
  removeLabel(number: number, label: string): Promise<void>;
  setState(number: number, state: 'open' | 'closed'): Promise<void>;
  comments(number: number): Promise<readonly Comment[]>;
  comment(number: number, body: string): Promise<void>;
  deliveries(): Promise<readonly Delivery[]>;
  redeliver(id: number): Promise<void>;
}

export function makeGitHubClient(url: string, repo: string, token: string): GitHubClient {
  const api = `${url}/repos/${repo}`;
  const call = async (method: string, target: string, body?: object): Promise<unknown> => {
    const response = await fetch(target, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : await response.json();
  };
  const pulls = async (): Promise<readonly PullRequest[]> =>
    (await call('GET', `${api}/pulls?state=open&per_page=100`)) as PullRequest[];
  return {
    url,
    pulls,
    async pullOf(branch) {
      const pull = (await pulls()).find(({ head }) => head.ref === branch);
      if (!pull) throw new Error(`no open pull request for branch ${branch}`);
      return pull;
    },
    addLabel: async (number, label) => void (await call('POST', `${api}/issues/${number}/labels`, { labels: [label] })),
    removeLabel: async (number, label) =>
      void (await call('DELETE', `${api}/issues/${number}/labels/${encodeURIComponent(label)}`)),
    setState: async (number, state) => void (await call('PATCH', `${api}/pulls/${number}`, { state })),
    comments: async (number) => (await call('GET', `${api}/issues/${number}/comments?per_page=100`)) as Comment[],
    comment: async (number, body) => void (await call('POST', `${api}/issues/${number}/comments`, { body })),
    deliveries: async () => (await call('GET', `${url}/_deliveries`)) as Delivery[],
    redeliver: async (id) => void (await call('POST', `${url}/_deliveries/${id}/redeliver`)),
  };
}
