/** In-place updates through the supervisor. */
import type { ApplyStep } from './context.ts';

const RETRY_MS = 5_000;

export const sync: ApplyStep<'sync'> = async ({ control, sessionId, pass }, { ip, branch, commit }) => {
  try {
    await control.sync(ip, sessionId, { branch, commit });
    return { ok: true };
  } catch (error) {
    pass.logger.debug({ err: error }, 'the supervisor did not accept the update');
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: 'ControlUnreachable', message, retryAfterMs: RETRY_MS };
  }
};
