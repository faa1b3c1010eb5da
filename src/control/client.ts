/** The operator's side of the control port: signs, asks, and says in words what went wrong. */
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { ControlAnswer } from '../model/observed.ts';
import type { Clock } from '../runtime/clock.ts';
import { redact } from '../model/redact.ts';
import { TransientError } from '../runtime/errors.ts';
import { type Exchange, exchange } from './exchange.ts';
import type { ControlPort, SyncRequest } from './port.ts';
import { parseRefusal, parseReport, type ParsedReport } from './report-schema.ts';
import { bodySha256, type Claims, parseSigningKey, sign } from './signing.ts';

export interface ControlClientOptions {
  /** Ed25519 private key, PKCS #8 PEM. */
  readonly signingKey: string;
  /** 8080 when absent. */
  readonly port?: number | undefined;
  /** For one whole exchange; about 2,000. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Values that never leave in a message or report: the installation's own secrets. */
  readonly secrets: readonly string[];
  /** A fresh value for every request, 16 to 64 characters of base64url; random bytes when absent. */
  readonly nonce?: (() => string) | undefined;
}

const CONTROL_PORT = 8_080;
/** Room for clocks that differ; the supervisor takes at most 300. */
const VALID_SECONDS = 60;

/** Throws when the signing key is not usable. */
export function makeControlClient(options: ControlClientOptions): ControlPort {
  const key = parseSigningKey(options.signingKey);
  const { clock, timeoutMs, secrets } = options;
  const port = options.port ?? CONTROL_PORT;
  const nonce = options.nonce ?? (() => randomBytes(16).toString('base64url'));

  async function ask(ip: string, call: Pick<Claims, 'session' | 'method' | 'path'>, body: string): Promise<Exchange> {
    if (isIP(ip) === 0) return { kind: 'error', code: 'not an IP address' };
    const iat = Math.floor(clock.now() / 1_000);
    const claims = { ...call, bodySha256: bodySha256(body), iat, exp: iat + VALID_SECONDS, nonce: nonce() };
    const authorization = sign(claims, key);
    const { method, path } = call;
    return await exchange({ ip, port, method, path, authorization, body }, { timeoutMs, clock });
  }

  const where = (ip: string): string => `the control port ${ip}:${port}`;
  /** A person's sentence about what may have been answered by anybody. */
  const said = (ip: string, result: Exchange, more: readonly string[] = []): string =>
    redact(`${where(ip)} ${describe(result, timeoutMs)}`, [...secrets, ...more]);

  return {
    async report(ip, session) {
      const result = await ask(ip, { session, method: 'GET', path: '/status' }, '');
      if (result.kind !== 'answer' || result.status !== 200) {
        return { ok: false, message: said(ip, result) };
      }
      const answer = reportOf(parseReport(result.body, secrets), session, where(ip));
      return answer.ok ? answer : { ok: false, message: redact(answer.message, secrets) };
    },
    async sync(ip, session, request) {
      const { branch, commit, credential, cache } = request;
      const body = JSON.stringify({ branch, commit, credential, cache });
      const result = await ask(ip, { session, method: 'POST', path: '/sync' }, body);
      if (result.kind === 'answer' && result.status === 202) return;
      throw new TransientError('ControlUnreachable', said(ip, result, lent(request)));
    },
  };
}

/** What of an order must be in no message, though the answer may repeat it. */
function lent({ credential, cache }: SyncRequest): string[] {
  return [credential, cache?.get, cache?.put].filter((secret) => secret !== undefined);
}

function reportOf(parsed: ParsedReport, session: string, where: string): ControlAnswer {
  if (!parsed.ok)
    return { ok: false, message: `${where} is not a supervisor's: its report is not valid (${parsed.fault})` };
  if (parsed.report.session !== session) {
    return { ok: false, message: `${where} belongs to another session (${parsed.report.session.slice(0, 63)})` };
  }
  return parsed;
}

/** What happened, as the end of a sentence about the port. */
function describe(result: Exchange, timeoutMs: number): string {
  switch (result.kind) {
    case 'timeout':
      return `timed out after ${timeoutMs} ms; a security group that drops the packets looks like this`;
    case 'too-large':
      return "is not a supervisor's: its answer does not end";
    case 'error':
      return describeError(result.code);
    default:
      return describeStatus(result.status, result.body);
  }
}

function describeError(code: string): string {
  if (code === 'ECONNREFUSED') return 'refused the connection: no supervisor listens there';
  if (code.startsWith('HPE_')) return "is not a supervisor's: the answer is not HTTP";
  return `cannot be reached (${code})`;
}

function describeStatus(status: number, body: string): string {
  const refusal = parseRefusal(body);
  if (!refusal) return `is not a supervisor's: it answered ${status}`;
  if (status === 401) return `refused the signature (${refusal.error}): ${refusal.message}`;
  return `answered ${status} (${refusal.error}): ${refusal.message}`;
}
