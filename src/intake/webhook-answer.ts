/** From one delivery's headers and raw body to its answer. Never throws. */
import { Webhooks } from '@octokit/webhooks';
import { faultText } from '../model/faults.ts';
import type { Clock } from '../runtime/clock.ts';
import { toError } from '../runtime/errors.ts';
import { StoreError } from '../store/port.ts';
import { type EventContext, type Handled, handleEvent, type SessionResult } from './handle-event.ts';
import { type IntakeEvent, parseEvent } from './payload.ts';
import type { WebhookReason } from './webhook-reasons.ts';

export interface Delivery {
  readonly signature: string;
  /** The X-GitHub-Event header. */
  readonly event: string | undefined;
  readonly body: Buffer;
}

export interface Answer {
  readonly reason: WebhookReason;
  readonly message?: string | undefined;
  readonly sessions?: readonly SessionResult[] | undefined;
  readonly error?: Error | undefined;
}

export interface AnswerContext extends EventContext {
  readonly secret: string;
  readonly deadlineMs: number;
  readonly onIntent: (sessionId: string) => void;
  /** Told of everything that goes on after the answer; the promise never rejects. */
  readonly track: (work: Promise<void>) => void;
  readonly onBackgroundError: (error: Error) => void;
}

const MISMATCH = 'The signature does not match. Is the webhook secret the same on both sides?';

export type Answerer = (delivery: Delivery, answered: Promise<void>) => Promise<Answer>;

export function makeAnswerer(context: AnswerContext): Answerer {
  const webhooks = new Webhooks({ secret: context.secret });
  return async (delivery, answered) => {
    const body = delivery.body.toString('utf8');
    // The library throws where either is empty; GitHub signs no empty body.
    const signed = body !== '' && delivery.signature !== '' && (await webhooks.verify(body, delivery.signature));
    if (!signed) return { reason: 'signature', message: MISMATCH };
    const read = readEvent(delivery.event, body);
    return 'reason' in read ? read : commit(context, read, answered);
  };
}

function readEvent(name: string | undefined, body: string): Answer | IntakeEvent {
  if (name === undefined || name === '')
    return { reason: 'missing-event', message: 'X-GitHub-Event: found nothing, allowed: the name of an event' };
  const json = parseJson(body);
  if (json === undefined)
    return { reason: 'not-json', message: "The body is not JSON. Set the webhook's content type to application/json." };
  const parsed = parseEvent(name, json.value);
  if (!parsed.ok) return { reason: 'invalid-payload', message: parsed.faults.map(faultText).join('; ') };
  return parsed.event;
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Waits for the write, but not past the deadline; a write that commits later still has its consequences. */
async function commit(context: AnswerContext, event: IntakeEvent, answered: Promise<void>): Promise<Answer> {
  const work = handleEvent(context, event);
  context.track(followUp(context, work, answered));
  try {
    const handled = await withDeadline(context.clock, context.deadlineMs, work);
    if (!handled) return { reason: 'deadline', message: `The store took longer than ${context.deadlineMs} ms.` };
    return { reason: handled.reason, sessions: handled.sessions };
  } catch (error) {
    return failure(toError(error));
  }
}

/** What a committed write leads to. That the write failed is told by the answer. */
async function followUp(context: AnswerContext, work: Promise<Handled>, answered: Promise<void>): Promise<void> {
  const handled = await work.catch(() => undefined);
  if (!handled) return;
  try {
    announce(context, handled);
    await answered;
    await handled.afterwards?.();
  } catch (error) {
    context.onBackgroundError(toError(error));
  }
}

function announce(context: AnswerContext, handled: Handled): void {
  for (const { session, reason } of handled.sessions)
    if (reason === 'created' || reason === 'updated') context.onIntent(session);
}

function failure(error: Error): Answer {
  if (!(error instanceof StoreError)) return { reason: 'internal', message: 'Internal error.', error };
  return { reason: `store-${error.kind}`, message: 'The store did not take the change.', error };
}

async function withDeadline<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = clock.after(ms, () => late.resolve(undefined));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}
