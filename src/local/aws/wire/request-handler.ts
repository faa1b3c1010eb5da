/** An SDK transport without sockets: the client's requests go straight to the dispatcher, in the same process. */
import type { HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler } from '@smithy/types';
import type { Dispatch } from './message.ts';

export type LocalRequestHandler = RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions>;

/** For `new ECSClient({ requestHandler: requestHandlerOf(local.dispatch), … })`. */
export function requestHandlerOf(dispatch: Dispatch): LocalRequestHandler {
  return {
    metadata: { handlerProtocol: 'h1' },
    async handle(request, options) {
      throwIfAborted(options?.abortSignal);
      const answer = await dispatch({ headers: request.headers, body: toBytes(request.body) });
      throwIfAborted(options?.abortSignal);
      const body = new Uint8Array(Buffer.from(answer.body, 'utf8'));
      return { response: { statusCode: answer.status, headers: { ...answer.headers }, body } };
    },
  };
}

function toBytes(body: unknown): Uint8Array | string {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    return body;
  }
  if (body === undefined || body === null) {
    return '';
  }
  throw new TypeError('the in-process transport takes whole bodies only, not streams');
}

/** The SDK knows an abort by the name of its error. */
function throwIfAborted(signal: HttpHandlerOptions['abortSignal']): void {
  if (signal?.aborted) {
    throw Object.assign(new Error('Request aborted'), { name: 'AbortError' });
  }
}
