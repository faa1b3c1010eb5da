/** What is sent in the flood: the lives of many pull requests, step by step, as GitHub's own published example tells them. */
import { createRequire } from 'node:module';
import { parsePull } from '../../../src/model/pull-payload.ts';
import type { PullSnapshot } from '../../../src/model/snapshot.ts';
import type { Random } from '../../sim/kernel/random.ts';

export const REPO = 'demo/soak';
const REPO_ID = 4_711;

/** One moment of a pull request. No two of one pull request have the same time. */
export interface Moment {
  readonly pull: number;
  readonly snapshot: PullSnapshot;
  /** Of a webhook `pull_request`. */
  readonly body: string;
  /** As the REST API answers. */
  readonly json: string;
}

interface Example {
  readonly name: string;
  readonly examples: readonly { readonly action?: string; readonly pull_request?: object }[];
}

/** Pull requests of which two each have the same branch. */
const TWINS = 20;
/** Within GitHub's days of redelivery, and past. */
const LONG_AGO_MS = 6 * 3_600_000;
const LABELS = ['uat', 'uat-staging', 'bug'] as const;

/** The moments of each of the pull requests 1 to `pulls`, in their order. */
export function livesOf(pulls: number, moments: number, random: Random, now: number): readonly (readonly Moment[])[] {
  const example = exampleOf();
  const begun = Math.floor((now - LONG_AGO_MS) / 1_000);
  return Array.from({ length: pulls }, (_one, index) => {
    const pull = index + 1;
    const own = random.stream(`pull ${pull}`);
    let state: State = { open: true, labels: [], pushes: 0 };
    let second = begun + own.int(0, 600);
    const steps = Math.max(1, moments + own.int(-5, 5));
    return Array.from({ length: steps }, () => {
      state = nextOf(state, own);
      second += own.int(1, 20);
      return momentOf(example, pull, state, second);
    });
  });
}

interface State {
  readonly open: boolean;
  readonly labels: readonly string[];
  readonly pushes: number;
}

function nextOf(state: State, random: Random): State {
  if (random.chance(0.35)) return { ...state, pushes: state.pushes + 1 };
  if (random.chance(0.2)) return { ...state, open: !state.open };
  const label = random.pick(LABELS);
  const has = state.labels.includes(label);
  return { ...state, labels: has ? state.labels.filter((one) => one !== label) : [...state.labels, label] };
}

function momentOf(example: object, pull: number, { open, labels, pushes }: State, second: number): Moment {
  const branch = pull <= 2 * TWINS ? `twin-${Math.ceil(pull / 2)}` : `flood-${pull}`;
  const repo = { id: REPO_ID, full_name: REPO };
  const json = {
    ...example,
    number: pull,
    state: open ? 'open' : 'closed',
    labels: labels.map((name) => ({ name })),
    updated_at: new Date(second * 1_000).toISOString().replace('.000Z', 'Z'),
    head: { ref: branch, sha: `${pull.toString(16).padStart(8, '0')}${pushes.toString(16).padStart(32, '0')}`, repo },
    base: { repo },
  };
  const parsed = parsePull(json);
  if (!parsed.ok) throw new Error(`the flood's own payload is wrong: ${JSON.stringify(parsed.faults)}`);
  const body = JSON.stringify({ action: 'edited', number: pull, pull_request: json, repository: repo });
  return { pull, snapshot: parsed.snapshot, body, json: JSON.stringify(json) };
}

/** With all the many fields that nobody looks at: about 20 KB. */
function exampleOf(): object {
  const all = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Example[];
  const found = all.find(({ name }) => name === 'pull_request')?.examples.find(({ action }) => action === 'labeled');
  if (!found?.pull_request) throw new Error('the published examples have no pull_request.labeled');
  return found.pull_request;
}
