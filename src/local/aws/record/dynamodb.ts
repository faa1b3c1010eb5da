/** DynamoDB answers whole requests, so its calls are read from the wire. */
import { bodyText, header } from '../wire/message.ts';
import type { Dispatch, WireResponse } from '../wire/message.ts';
import { principalOf } from '../wire/signature.ts';
import type { CallRecorder } from './recorder.ts';

export function recordedDynamoDb(dispatch: Dispatch, recorder: CallRecorder): Dispatch {
  return async (request) => {
    const operation = header(request, 'x-amz-target').split('.')[1] ?? '';
    const call = { service: 'dynamodb', operation, input: parsed(bodyText(request)), principal: principalOf(request) };
    const finish = recorder.begin(call);
    const response = await dispatch(request);
    finish(outcomeOf(response));
    return response;
  };
}

function outcomeOf({ status, body }: WireResponse): string {
  if (status < 400) return 'ok';
  const { __type: code } = parsed(body) as { readonly __type?: unknown };
  return typeof code === 'string' ? (code.split('#').at(-1) ?? code) : `HTTP ${status}`;
}

/** What is no object is left to the service to refuse. */
function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
