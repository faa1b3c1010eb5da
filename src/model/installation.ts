/**
 * The item of the whole installation in the table of environments (DESIGN §6.11), under a key that no session id can be.
 * A person pauses everything with it: the operator goes on to observe and report, and changes nothing in AWS.
 */
import { z } from 'zod';
import type { Fault } from './environment.ts';
import { faultsOf, faultText } from './faults.ts';

export const INSTALLATION_KEY = '@installation';

/** A pause that is in force. */
export interface InstallationPause {
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
  /** ISO time at which it ends by itself. */
  readonly until?: string | undefined;
}

/** As read. `paused` is what the item says, whether its end has come or not: see `pauseInForce`. */
export type StoredInstallation =
  | { readonly ok: true; readonly paused?: InstallationPause | undefined }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const words = z.string({ error: 'text' });

const schema = z.object({
  paused: z.boolean({ error: 'true or false' }).optional(),
  reason: words.optional(),
  by: words.optional(),
  until: z.iso.datetime({ offset: true, error: 'an ISO time such as 2026-03-01T18:00:00Z' }).optional(),
});

/** `item` as the table gives it; undefined when there is none, which pauses nothing. Never throws. */
export function parseInstallation(item: Readonly<Record<string, unknown>> | undefined): StoredInstallation {
  if (!item) return { ok: true };
  const parsed = schema.safeParse(item);
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error, item) };
  const { paused, reason, by, until } = parsed.data;
  return paused ? { ok: true, paused: { reason, by, until } } : { ok: true };
}

/** The pause at `now` (ms). An item that cannot be understood pauses: whoever wrote it wanted something of the kind. */
export function pauseInForce(stored: StoredInstallation, now: number): InstallationPause | undefined {
  if (!stored.ok) {
    const faults = stored.faults.map(faultText).join('; ');
    return { reason: `the item ${INSTALLATION_KEY} cannot be understood (${faults}); correct or delete it` };
  }
  const { paused } = stored;
  return paused?.until !== undefined && Date.parse(paused.until) <= now ? undefined : paused;
}

/** For people: `Mayfly is paused by ada until 2026-03-01T18:00:00Z: the load balancer is moved.` */
export function pauseText({ by, until, reason }: InstallationPause, what = 'Mayfly'): string {
  const who = by === undefined ? '' : ` by ${by}`;
  const end = until === undefined ? '' : ` until ${until}`;
  return `${what} is paused${who}${end}${reason === undefined ? '' : `: ${reason.replace(/\.$/, '')}`}.`;
}
