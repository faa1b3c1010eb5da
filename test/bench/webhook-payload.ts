/** Payloads as GitHub sends them for a label: its own published example, about 27 KB, made to be of our repository. */
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { LABEL, REPO, SECRET } from './webhook-wire.ts';

interface Example {
  readonly name: string;
  readonly examples: readonly { readonly action?: string }[];
}

interface Labeled {
  readonly action: 'labeled';
  number: number;
  readonly label: { name: string };
  readonly repository: { full_name: string };
  readonly pull_request: {
    number: number;
    state: string;
    updated_at: string;
    readonly labels: { name: string }[];
    readonly head: { ref: string; sha: string; readonly repo: { full_name: string } };
    readonly base: { readonly repo: { full_name: string } };
  };
}

export interface Payloads {
  /** The whole request, head and body. Each step of a pull request names a newer commit at a later time. */
  request(pull: number, step: number): Buffer;
}

const FIRST_SECOND = Date.UTC(2026, 0, 1) / 1_000;

export function makePayloads(): Payloads {
  const payload = example();
  return {
    request(pull, step) {
      const at = new Date((FIRST_SECOND + step) * 1_000).toISOString().replace('.000Z', 'Z');
      payload.number = pull;
      payload.pull_request.number = pull;
      payload.pull_request.updated_at = at;
      payload.pull_request.head.ref = `branch-${pull}`;
      payload.pull_request.head.sha = `${pull.toString(16).padStart(8, '0')}${step.toString(16).padStart(32, '0')}`;
      return requestOf(Buffer.from(JSON.stringify(payload)));
    },
  };
}

function example(): Labeled {
  const all = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Example[];
  const found = all
    .find(({ name }) => name === 'pull_request')
    ?.examples.findLast(({ action }) => action === 'labeled');
  if (!found) throw new Error('the published examples have no pull_request.labeled');
  const payload = structuredClone(found) as unknown as Labeled;
  const { pull_request: pull } = payload;
  for (const repository of [payload.repository, pull.head.repo, pull.base.repo]) repository.full_name = REPO;
  payload.label.name = LABEL;
  pull.state = 'open';
  for (const label of pull.labels) label.name = LABEL;
  return payload;
}

function requestOf(body: Buffer): Buffer {
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  const head = [
    'POST /webhooks/github HTTP/1.1',
    'host: 127.0.0.1',
    'accept: */*',
    'user-agent: GitHub-Hookshot/0ca1f00',
    'content-type: application/json',
    'x-github-event: pull_request',
    'x-github-delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-github-hook-id: 1',
    `x-hub-signature-256: sha256=${signature}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}
