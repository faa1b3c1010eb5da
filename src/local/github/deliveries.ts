/** Signed webhooks, one at a time in the order of their events, recorded, and repeated only when somebody asks. */
import { createHmac, randomUUID } from 'node:crypto';

export interface Delivery {
  readonly id: number;
  /** `X-GitHub-Delivery`; a redelivery keeps it. */
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly redelivery: boolean;
  /** ISO time with milliseconds. */
  readonly deliveredAt: string;
  readonly state: 'pending' | 'done';
  /** HTTP status of the answer; 0 when there was none. */
  readonly statusCode: number;
  /** `OK`, or what went wrong, for people. */
  readonly status: string;
  readonly durationMs: number;
  readonly payload: unknown;
}

export interface Hook {
  readonly secret: string;
  readonly timeoutMs: number;
  readonly repoId: number;
  readonly now: () => number;
  readonly log: (message: string) => void;
}

/** GitHub keeps some days' worth; this keeps a count. */
const KEPT = 1_000;

type Mutable = { -readonly [Key in keyof Delivery]: Delivery[Key] };

interface Entry {
  readonly record: Mutable;
  readonly body: string;
}

export class Deliveries {
  readonly #hook: Hook;
  readonly #entries: Entry[] = [];
  readonly #stop = new AbortController();
  #url: string | undefined;
  #tail: Promise<void> = Promise.resolve();
  #nextId = 1;

  constructor(hook: Hook, url: string | undefined) {
    this.#hook = hook;
    this.#url = url;
  }

  get url(): string | undefined {
    return this.#url;
  }

  set url(url: string | undefined) {
    this.#url = url;
  }

  /** Returns at once. Without an address there is no hook, and nothing is recorded, as on GitHub. */
  send(event: string, action: string | undefined, payload: object): void {
    if (this.#url === undefined) return;
    this.#enqueue(event, action ?? null, JSON.stringify(payload));
  }

  /** The newest last; without payloads' copies being made. */
  list(): readonly Delivery[] {
    return this.#entries.map((entry) => entry.record);
  }

  find(id: number): Delivery | undefined {
    return this.#entries.find((entry) => entry.record.id === id)?.record;
  }

  /** The same body and GUID once more, to the address as it is now. Undefined when there is no such delivery. */
  redeliver(id: number): Delivery | undefined {
    const old = this.#entries.find((entry) => entry.record.id === id);
    if (old === undefined || this.#url === undefined) return undefined;
    return this.#enqueue(old.record.event, old.record.action, old.body, old.record.guid);
  }

  /** Resolves when everything sent so far was answered or given up. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the local GitHub stops'));
    await this.#tail;
  }

  #enqueue(event: string, action: string | null, body: string, guid?: string): Delivery {
    const record: Mutable = {
      id: this.#nextId,
      guid: guid ?? randomUUID(),
      event,
      action,
      redelivery: guid !== undefined,
      deliveredAt: new Date(this.#hook.now()).toISOString(),
      state: 'pending',
      statusCode: 0,
      status: 'pending',
      durationMs: 0,
      payload: JSON.parse(body),
    };
    this.#nextId += 1;
    const entry = { record, body };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT) this.#entries.shift();
    this.#tail = this.#tail.then(() => this.#deliver(entry));
    return record;
  }

  async #deliver({ record, body }: Entry): Promise<void> {
    const started = this.#hook.now();
    record.deliveredAt = new Date(started).toISOString();
    try {
      record.statusCode = await this.#post(record, body);
      record.status = record.statusCode < 400 ? 'OK' : `Invalid HTTP Response: ${record.statusCode}`;
    } catch (error) {
      record.status = reasonOf(error);
    }
    record.durationMs = this.#hook.now() - started;
    record.state = 'done';
    const name = record.action === null ? record.event : `${record.event}.${record.action}`;
    this.#hook.log(`webhook ${name}: ${record.status}`);
  }

  async #post(record: Delivery, body: string): Promise<number> {
    this.#stop.signal.throwIfAborted();
    if (this.#url === undefined) throw new Error('the webhook was removed');
    const signature = createHmac('sha256', this.#hook.secret).update(body).digest('hex');
    const response = await fetch(this.#url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#hook.timeoutMs)]),
      headers: {
        accept: '*/*',
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/0ca1f00',
        'x-github-event': record.event,
        'x-github-delivery': record.guid,
        'x-github-hook-id': String(HOOK_ID),
        'x-github-hook-installation-target-id': String(this.#hook.repoId),
        'x-github-hook-installation-target-type': 'repository',
        'x-hub-signature-256': `sha256=${signature}`,
      },
      body,
    });
    await response.body?.cancel();
    return response.status;
  }
}

export const HOOK_ID = 1;

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'timed out';
  return error.cause instanceof Error ? `failed to connect: ${error.cause.message}` : error.message;
}
