/**
 * What a supervisor answers, validated, bounded, and without what looks like a secret: a pull request's code runs beside
 * it and could answer in its place, and what it says ends in comments and on public pages.
 */
import { z } from 'zod';
import { JOB_PHASES, PHASE_OUTCOMES, type SupervisorReport } from '../model/observed.ts';
import { redact, redactLines } from '../model/redact.ts';

const MAX_MESSAGE = 2_000;
const MAX_TAIL = 20;
const MAX_LINE = 1_000;
/** A job has six; more can only come from something that is no supervisor. */
const MAX_PHASES = 12;
const MAX_NOTE = 200;

const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'expected 40 or 64 hex digits');
const phase = z.enum(JOB_PHASES);
const cut = (limit: number) => (whole: string) => (whole.length > limit ? `${whole.slice(0, limit - 1)}…` : whole);

/** Redacted before it is cut, since half a secret is not known as one. */
const text = (limit: number, secrets: readonly string[]) =>
  z.string().transform((given) => cut(limit)(redact(given, secrets)));

const phases = (secrets: readonly string[]) =>
  z
    .array(z.unknown())
    .transform((all) => all.slice(-MAX_PHASES))
    .pipe(
      z.array(
        z.object({
          phase,
          startedAt: z.iso.datetime(),
          endedAt: z.iso.datetime().optional(),
          outcome: z.enum(PHASE_OUTCOMES),
          note: text(MAX_NOTE, secrets).optional(),
        }),
      ),
    );

const reportWithout = (secrets: readonly string[]) =>
  z.object({
    session: z.string(),
    liveCommit: commit.optional(),
    healthy: z.boolean(),
    job: z.object({ commit: commit.optional(), phase, startedAt: z.iso.datetime() }).optional(),
    failure: z
      .object({
        commit: commit.optional(),
        phase,
        message: text(MAX_MESSAGE, secrets),
        at: z.iso.datetime(),
        logTail: z
          .array(z.string())
          .transform((lines) => redactLines(lines, secrets).slice(-MAX_TAIL).map(cut(MAX_LINE))),
      })
      .optional(),
    inFlight: z.int().nonnegative(),
    phases: phases(secrets).optional(),
    // What else a newer supervisor may wait for is nothing that this Mayfly could tell of.
    waitingFor: z.enum(['credential', 'order']).optional().catch(undefined),
  });

export type ParsedReport =
  | { readonly ok: true; readonly report: SupervisorReport }
  | { readonly ok: false; readonly fault: string };

/** `fault` names the first field that is wrong. Fields that this Mayfly does not know are dropped. */
export function parseReport(body: string, secrets: readonly string[]): ParsedReport {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { ok: false, fault: 'the body is not JSON' };
  }
  const parsed = reportWithout(secrets).safeParse(value);
  if (parsed.success) return { ok: true, report: parsed.data };
  const issue = parsed.error.issues[0];
  return { ok: false, fault: `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not valid'}` };
}

const refusal = z.object({ error: z.string().max(64), message: z.string().transform(cut(300)) });

/** The code and message of a supervisor's refusal; undefined when the body is nothing of a supervisor's. */
export function parseRefusal(body: string): { readonly error: string; readonly message: string } | undefined {
  try {
    return refusal.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
