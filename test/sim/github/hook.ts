/** Webhooks of the simulated GitHub: the local GitHub's bodies, signed, and handed over instead of sent. */
import { createHmac } from 'node:crypto';
import { Deliveries } from '../../../src/local/github/deliveries.ts';

export const SIM_WEBHOOK_SECRET = 'sim-webhook-secret';

export interface SimDelivery {
  /** `X-GitHub-Delivery`, a GUID; a redelivery keeps it. */
  readonly id: string;
  readonly event: string;
  /** E.g. `labeled`; for the story. */
  readonly action: string | undefined;
  /** The number of the pull request that it is about; for the story. */
  readonly pull: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HookOptions {
  readonly now: () => number;
  readonly random: () => number;
  readonly deliver: (delivery: SimDelivery) => void;
  /** Changes the payload before it is signed: what the local GitHub's shapes know nothing of. */
  readonly amend: (payload: Readonly<Record<string, unknown>>) => object;
}

const NO_HOOK = { secret: SIM_WEBHOOK_SECRET, timeoutMs: 1, repoId: 1, log: () => undefined };

/** Takes the place of what posts, so that the local GitHub's own world makes the bodies. */
export class SimHook extends Deliveries {
  readonly #options: HookOptions;

  constructor(options: HookOptions) {
    super({ ...NO_HOOK, now: options.now }, undefined);
    this.#options = options;
  }

  override send(event: string, action: string | undefined, payload: object): void {
    const { random, deliver, amend } = this.#options;
    const amended = amend({ ...payload });
    const body = JSON.stringify(amended);
    const id = guid(random);
    const signature = createHmac('sha256', SIM_WEBHOOK_SECRET).update(body).digest('hex');
    const headers = {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${signature}`,
    };
    deliver({ id, event, action, pull: pullOf(amended), headers, body });
  }
}

interface About {
  readonly number?: number;
  readonly issue?: { readonly number: number };
}

function pullOf({ number, issue }: About): number | undefined {
  return number ?? issue?.number;
}

/** As a version 4 UUID. */
function guid(random: () => number): string {
  const digit = (): string => Math.floor(random() * 16).toString(16);
  return 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replaceAll('x', digit);
}
