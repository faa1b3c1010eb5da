/** Every answer that a webhook can get: its HTTP status, and its place in the metric `mayfly_webhooks_total`. */
export interface WebhookAnswer {
  readonly status: number;
  readonly outcome: 'accepted' | 'ignored' | 'rejected' | 'failed';
}

export const WEBHOOK_REASONS = {
  // Understood, and whatever it asks for is committed.
  ping: { status: 200, outcome: 'accepted' },
  created: { status: 200, outcome: 'accepted' },
  updated: { status: 200, outcome: 'accepted' },
  unchanged: { status: 200, outcome: 'accepted' },
  // Understood, and nothing to write.
  older: { status: 202, outcome: 'ignored' },
  push: { status: 202, outcome: 'ignored' },
  delete: { status: 202, outcome: 'ignored' },
  comment: { status: 202, outcome: 'ignored' },
  issue: { status: 202, outcome: 'ignored' },
  'unknown-event': { status: 202, outcome: 'ignored' },
  'unknown-repository': { status: 202, outcome: 'ignored' },
  'invalid-record': { status: 202, outcome: 'ignored' },
  'name-taken': { status: 202, outcome: 'ignored' },
  // The sender is wrong; sending it again does not help.
  signature: { status: 401, outcome: 'rejected' },
  'not-found': { status: 404, outcome: 'rejected' },
  'too-large': { status: 413, outcome: 'rejected' },
  'missing-event': { status: 400, outcome: 'rejected' },
  'not-json': { status: 400, outcome: 'rejected' },
  'invalid-payload': { status: 400, outcome: 'rejected' },
  'bad-request': { status: 400, outcome: 'rejected' },
  // Mayfly or its store is at fault; a redelivery helps later, and so does the next resync.
  'store-unavailable': { status: 503, outcome: 'failed' },
  'store-misconfigured': { status: 503, outcome: 'failed' },
  'store-conflict': { status: 503, outcome: 'failed' },
  deadline: { status: 503, outcome: 'failed' },
  internal: { status: 500, outcome: 'failed' },
} as const satisfies Readonly<Record<string, WebhookAnswer>>;

export type WebhookReason = keyof typeof WEBHOOK_REASONS;
