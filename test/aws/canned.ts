/** AWS as bytes on the wire: the real SDK clients, with a handler in place of the network. */
import { Readable } from 'node:stream';
import { makeAws } from '../../src/aws/make-aws.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';

export interface CannedCall {
  /** e.g. `RunTask` */
  readonly operation: string;
  /** JSON body, or the form's fields. */
  readonly input: Readonly<Record<string, unknown>>;
  /** As sent. */
  readonly body: string;
  readonly host: string;
}

export interface CannedAnswer {
  readonly status?: number;
  readonly body: string;
}

/** Answers one call; throws to play a broken network. */
export type Answer = (call: CannedCall) => CannedAnswer | Promise<CannedAnswer>;

export const json = (value: unknown, status = 200): CannedAnswer => ({ status, body: JSON.stringify(value) });
export const jsonError = (code: string, message: string, more: object = {}): CannedAnswer =>
  json({ __type: code, message, ...more }, 400);

/** The result of a Query operation, as the XML within `<OperationResult>`. */
export const xml = (operation: string, result: string): CannedAnswer => ({
  body: `<${operation}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${operation}Result>${result}</${operation}Result></${operation}Response>`,
});
export const xmlError = (code: string, message: string, status = 400): CannedAnswer => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});

interface WireRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly hostname: string;
}

export interface CannedOptions {
  readonly clock?: Clock;
  readonly beforeMutation?: (operation: string) => void;
}

/** The adapters on top of canned answers; `calls` is what reached the wire. */
export function cannedAws(answer: Answer, { clock = systemClock, beforeMutation }: CannedOptions = {}) {
  const calls: CannedCall[] = [];
  const metrics = makeMetrics();
  const requestHandler = {
    async handle(request: WireRequest) {
      const call = read(request);
      calls.push(call);
      const { status = 200, body } = await answer(call);
      return { response: { statusCode: status, headers: {}, body: Readable.from([Buffer.from(body)]) } };
    },
  };
  const aws = makeAws({
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:1',
    clock,
    metrics,
    requestHandler,
    random: () => 0,
    beforeMutation,
  });
  return { aws, calls, metrics };
}

function read({ headers, body, hostname }: WireRequest): CannedCall {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : (body ?? '');
  const target = headers['x-amz-target'];
  if (target !== undefined) {
    const input = JSON.parse(text) as Record<string, unknown>;
    return { operation: target.slice(target.indexOf('.') + 1), input, body: text, host: hostname };
  }
  const input = Object.fromEntries(new URLSearchParams(text));
  return { operation: input['Action'] ?? '', input, body: text, host: hostname };
}
