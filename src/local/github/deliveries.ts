/** Signed webhooks, one at a time in the order of their events, recorded, and repeated only when somebody asks. */
import { createHmac, randomUUID } from 'node:crypto';

/** As in GitHub's REST API, `hook-delivery`. */
export interface Delivery {
  readonly id: number;
  /** `X-GitHub-Delivery`; a redelivery keeps it. */
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly redelivery: boolean;
  /** ISO time with milliseconds. */
  readonly delivered_at: string;
  /** HTTP status of the answer; 0 when there was none (yet). */
  readonly status_code: number;
  /** `pending`, `OK`, or what went wrong, for people. */
  readonly status: string;
  /** Seconds. */
  readonly duration: number;
  readonly url: string;
  readonly request: { readonly headers: Readonly<Record<string, string>>; readonly payload: unknown };
}

export interface Hook {
  readonly secret: string;
  readonly timeoutMs: number;
  readonly repoId: number;
  readonly now: () => number;
  readonly log: (message: string) => void;
}

export const HOOK_ID = 1;
/** GitHub keeps some days' worth; this keeps a count. */
const KEPT = 1_000;

export type DeliveryLine = Omit<Delivery, 'request'>;

interface Entry {
  readonly line: { -readonly [Key in keyof DeliveryLine]: DeliveryLine[Key] };
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function deliveryOf({ line, headers, body }: Entry): Delivery {
  return { ...line, request: { headers, payload: JSON.parse(body) as unknown } };
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

  /** The newest first, without what was sent. */
  list(): readonly DeliveryLine[] {
    return this.#entries.map((entry) => entry.line).reverse();
  }

  find(id: number): Delivery | undefined {
    const entry = this.#entries.find(({ line }) => line.id === id);
    return entry === undefined ? undefined : deliveryOf(entry);
  }

  /** The same body and GUID once more, to the address as it is now. Undefined when there is no such delivery, or no hook. */
  redeliver(id: number): Delivery | undefined {
    const old = this.#entries.find(({ line }) => line.id === id);
    if (old === undefined || this.#url === undefined) return undefined;
    return deliveryOf(this.#enqueue(old.line.event, old.line.action, old.body, old.line.guid));
  }

  /** Resolves when everything sent so far was answered or given up. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the local GitHub stops'));
    await this.#tail;
  }

  #enqueue(event: string, action: string | null, body: string, guid?: string): Entry {
    const line = {
      id: this.#nextId,
      guid: guid ?? randomUUID(),
      event,
      action,
      redelivery: guid !== undefined,
      delivered_at: new Date(this.#hook.now()).toISOString(),
      status_code: 0,
      status: 'pending',
      duration: 0,
      url: this.#url ?? '',
    };
    this.#nextId += 1;
    const entry = { line, headers: this.#headers(event, line.guid, body), body };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT) this.#entries.shift();
    this.#tail = this.#tail.then(() => this.#deliver(entry));
    return entry;
  }

  #headers(event: string, guid: string, body: string): Record<string, string> {
    const signature = createHmac('sha256', this.#hook.secret).update(body).digest('hex');
    return {
      accept: '*/*',
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/0ca1f00',
      'x-github-event': event,
      'x-github-delivery': guid,
      'x-github-hook-id': String(HOOK_ID),
      'x-github-hook-installation-target-id': String(this.#hook.repoId),
      'x-github-hook-installation-target-type': 'repository',
      'x-hub-signature-256': `sha256=${signature}`,
    };
  }

  async #deliver(entry: Entry): Promise<void> {
    const { line } = entry;
    const started = this.#hook.now();
    line.delivered_at = new Date(started).toISOString();
    try {
      line.status_code = await this.#post(entry);
      line.status = line.status_code < 300 ? 'OK' : `Invalid HTTP Response: ${line.status_code}`;
    } catch (error) {
      line.status = reasonOf(error);
    }
    line.duration = (this.#hook.now() - started) / 1_000;
    const name = line.action === null ? line.event : `${line.event}.${line.action}`;
    this.#hook.log(`webhook ${name}: ${line.status}`);
  }

  /** To the address as it is now, which may have changed while this one waited. GitHub follows no redirects. */
  async #post({ line, headers, body }: Entry): Promise<number> {
    this.#stop.signal.throwIfAborted();
    if (this.#url === undefined) throw new Error('the webhook was removed');
    line.url = this.#url;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#hook.timeoutMs)]);
    const response = await fetch(this.#url, { method: 'POST', redirect: 'manual', signal, headers, body });
    await response.body?.cancel();
    return response.status;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'timed out';
  return error.cause instanceof Error ? `failed to connect: ${error.cause.message}` : error.message;
}
