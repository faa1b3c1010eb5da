/** In-place updates through the supervisor. */
import { ReasonedError } from '../runtime/errors.ts';
import type { ApplyStep } from './context.ts';

const RETRY_MS = 5_000;

export const sync: ApplyStep<'sync'> = async ({ control, sessionId, pass }, { ip, branch, commit }) => {
  try {
    await control.sync(ip, sessionId, { branch, commit });
    return { ok: true };
  } catch (error) {
    // A lost lease is not the supervisor's: it ends the pass.
    if (error instanceof ReasonedError && error.reason !== 'ControlUnreachable') throw error;
    pass.logger.debug({ err: error }, 'the supervisor did not accept the update');
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: 'ControlUnreachable', message, retryAfterMs: RETRY_MS };
  }
};
