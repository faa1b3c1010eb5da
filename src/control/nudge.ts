/**
 * Nudges between replicas: one that received a webhook tells the leader which environments to look at. A nudge carries
 * no order, only names, so that one repeated or lost does no harm: it costs a look, or the wait for the next one.
 * Whoever signs has the installation's signing key; the key of the nudges is derived from it.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../runtime/clock.ts';
import { toError } from '../runtime/errors.ts';
import { MAX_NUDGED, NUDGE_HEADERS, type VerifyNudge } from '../telemetry/nudge-route.ts';
import type { Logger } from '../telemetry/logger.ts';
import { parseSigningKey } from './signing.ts';

/** For clocks that differ, and for how long a nudge can be repeated by somebody else. */
const VALID_SECONDS = 60;
/** What waits for one address; more is left to the leader's own looks. */
const MAX_WAITING = 1_000;

export interface NudgerOptions {
  /** Ed25519 private key, PKCS #8 PEM. */
  readonly signingKey: string;
  readonly clock: Clock;
  /** For one request. */
  readonly timeoutMs: number;
  readonly logger?: Logger | undefined;
}

/** Resolves when the nudge was delivered, or given up. Never rejects. `url`: the base of the leader's admin server. */
export type Nudger = (url: string, sessions: readonly string[]) => Promise<void>;

interface Line {
  readonly waiting: Set<string>;
  sending: Promise<void> | undefined;
}

/** One request at a time for each address: what comes meanwhile goes together in the next. Throws when the key is not usable. */
export function makeNudger(options: NudgerOptions): Nudger {
  const key = nudgeKey(options.signingKey);
  const lines = new Map<string, Line>();
  const drain = async (url: string, { waiting }: Line): Promise<void> => {
    try {
      while (waiting.size > 0) {
        const sessions = [...waiting].slice(0, MAX_NUDGED);
        for (const session of sessions) waiting.delete(session);
        await post(url, JSON.stringify({ sessions }), key, options);
      }
    } catch (error) {
      options.logger?.debug({ err: toError(error), url }, 'a nudge is lost; the leader looks by itself soon');
    } finally {
      lines.delete(url);
    }
  };
  return async (url, sessions) => {
    const line = lines.get(url) ?? { waiting: new Set(), sending: undefined };
    lines.set(url, line);
    for (const session of sessions) if (line.waiting.size < MAX_WAITING) line.waiting.add(session);
    line.sending ??= drain(url, line);
    await line.sending;
  };
}

async function post(url: string, body: string, key: Buffer, { clock, timeoutMs }: NudgerOptions): Promise<void> {
  const timestamp = String(Math.floor(clock.now() / 1_000));
  const abort = new AbortController();
  const timer = clock.after(timeoutMs, () => abort.abort(new Error(`no answer within ${timeoutMs} ms`)));
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/nudge`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [NUDGE_HEADERS.timestamp]: timestamp,
        [NUDGE_HEADERS.signature]: signatureOf(key, timestamp, body),
      },
      body,
      redirect: 'manual',
      signal: abort.signal,
    });
    await response.body?.cancel();
    if (response.status !== 202) throw new Error(`the answer is ${response.status}`);
  } finally {
    timer.cancel();
  }
}

/** Throws when the key is not usable. The check takes as long for a wrong signature as for a right one. */
export function makeNudgeVerifier({ signingKey, clock }: Pick<NudgerOptions, 'signingKey' | 'clock'>): VerifyNudge {
  const key = nudgeKey(signingKey);
  return ({ timestamp, signature, body }) => {
    if (!/^\d{1,12}$/.test(timestamp)) return false;
    if (Math.abs(clock.now() / 1_000 - Number(timestamp)) > VALID_SECONDS) return false;
    const expected = Buffer.from(signatureOf(key, timestamp, body));
    const found = Buffer.from(signature);
    return expected.length === found.length && timingSafeEqual(expected, found);
  };
}

function nudgeKey(signingKey: string): Buffer {
  const secret = parseSigningKey(signingKey).export({ format: 'der', type: 'pkcs8' });
  return Buffer.from(hkdfSync('sha256', secret, '', 'mayfly nudge', 32));
}

function signatureOf(key: Buffer, timestamp: string, body: string | Buffer): string {
  return createHmac('sha256', key).update(`${timestamp}.`).update(body).digest('hex');
}
