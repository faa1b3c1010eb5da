/** The flood itself: all moments, doubled and out of order, and among them what is malformed, badly signed or not ours. */
import { createHmac } from 'node:crypto';
import type { Random } from '../../sim/kernel/random.ts';
import { type Moment, REPO } from './payloads.ts';

/** What must be answered to each kind; a moment may also be 202, when a newer one came first. */
export const EXPECTED = {
  moment: [200, 202],
  again: [200, 202],
  ping: [200],
  'unknown event': [202],
  'unknown repository': [202],
  'no signature': [401],
  'wrong signature': [401],
  'signed, then changed': [401],
  'not JSON': [400],
  'no event': [400],
  'missing fields': [400],
  'mistyped fields': [400],
} as const satisfies Readonly<Record<string, readonly number[]>>;

export type Kind = keyof typeof EXPECTED;

export interface Delivery {
  readonly kind: Kind;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of the kinds `moment` and `again`. */
  readonly moment?: Moment | undefined;
}

const STRANGE: readonly Kind[] = (Object.keys(EXPECTED) as Kind[]).filter(
  (kind) => kind !== 'moment' && kind !== 'again',
);
const SHARE_AGAIN = 0.1;
const SHARE_STRANGE = 0.1;
/** How far a delivery may be from its place, in deliveries; a few are much further. */
const NEAR = 60;
const FAR = 1_500;

/** Exactly `count`, of which the moments come from `lives`, in their order until these are used up. */
export function deliveriesOf(
  lives: readonly (readonly Moment[])[],
  count: number,
  secret: string,
  random: Random,
): readonly Delivery[] {
  const moments = lives.flat().toSorted((a, b) => Date.parse(a.snapshot.at) - Date.parse(b.snapshot.at));
  const strange = Math.round(count * SHARE_STRANGE);
  const again = Math.round(count * SHARE_AGAIN);
  const first = moments.slice(0, count - strange - again);
  const placed = [
    ...first.map((moment, index) => ({ at: index, delivery: made('moment', moment, secret) })),
    ...Array.from({ length: again }, () => {
      const index = random.int(0, first.length - 1);
      const moment = first[index] as Moment;
      return { at: index + random.int(0, NEAR), delivery: made('again', moment, secret) };
    }),
    ...Array.from({ length: strange }, () => {
      const index = random.int(0, first.length - 1);
      return { at: index, delivery: made(random.pick(STRANGE), first[index] as Moment, secret) };
    }),
  ];
  return placed
    .map(({ at, delivery }) => ({ at: at + random() * (random.chance(0.03) ? FAR : NEAR), delivery }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ delivery }) => delivery);
}

function made(kind: Kind, moment: Moment, secret: string): Delivery {
  const { body, event } = contentOf(kind, moment);
  const signature = signatureOf(body, kind === 'wrong signature' ? 'another secret' : secret);
  const headers = {
    'content-type': 'application/json',
    'x-github-delivery': `${kind} ${moment.pull} ${moment.snapshot.at}`,
    ...(event !== undefined && { 'x-github-event': event }),
    ...(kind !== 'no signature' && { 'x-hub-signature-256': signature }),
  };
  const sent = kind === 'signed, then changed' ? body.replace('"open"', '"closed"').concat(' ') : body;
  return { kind, headers, body: sent, moment: kind === 'moment' || kind === 'again' ? moment : undefined };
}

function contentOf(kind: Kind, moment: Moment): { readonly body: string; readonly event: string | undefined } {
  const pull = JSON.parse(moment.json) as Record<string, unknown>;
  const event = 'pull_request';
  const repository = { id: 1, full_name: REPO };
  switch (kind) {
    case 'ping':
      return { event: 'ping', body: JSON.stringify({ zen: 'Keep it logically awesome.', hook_id: 1, repository }) };
    case 'unknown event':
      return { event: 'fork', body: JSON.stringify({ forkee: {}, repository }) };
    case 'unknown repository': {
      const base = { repo: { id: 99, full_name: 'somebody/else' } };
      return { event, body: JSON.stringify({ action: 'edited', pull_request: { ...pull, base } }) };
    }
    case 'not JSON':
      return { event, body: moment.body.slice(0, -20) };
    case 'missing fields':
      return {
        event,
        body: JSON.stringify({ action: 'edited', pull_request: { number: moment.pull, state: 'open' } }),
      };
    case 'mistyped fields':
      return {
        event,
        body: JSON.stringify({ action: 'edited', pull_request: { ...pull, labels: 'uat', updated_at: 5 } }),
      };
    default:
      return { event: kind === 'no event' ? undefined : event, body: moment.body };
  }
}

function signatureOf(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
