/** The AWS JSON 1.1 protocol, by the SDK's own codec. */
import { JsonCodec } from '@aws-sdk/core/protocols';
import { NormalizedSchema } from '@smithy/core/schema';
import type { DocumentType } from '@smithy/types';
import { ApiError } from '../service.ts';
import type { Operation } from '../service.ts';
import type { WireResponse } from './message.ts';
import { checkJson } from './validation.ts';

/** How JSON services write timestamps: seconds since the epoch. */
const EPOCH_SECONDS = 7;

const codec = new JsonCodec({ timestampFormat: { useTrait: true, default: EPOCH_SECONDS }, jsonName: false });

/** Throws ApiError for text that is not JSON, InvalidMember for a value that does not fit the schema. */
export function decodeJsonInput(operation: Operation<never, object>, text: string): object {
  const value = parse(text);
  const schema = NormalizedSchema.of(operation.input);
  checkJson(schema, value);
  return codec.createDeserializer().readObject(schema, value as DocumentType) as object;
}

function parse(text: string): unknown {
  try {
    return text.trim() === '' ? {} : (JSON.parse(text) as unknown);
  } catch {
    throw new ApiError('SerializationException', 'The request body is not valid JSON');
  }
}

export function encodeJsonOutput(operation: Operation<never, object>, output: object, requestId: string): WireResponse {
  const serializer = codec.createSerializer();
  serializer.write(operation.output, output);
  return json(200, serializer.flush(), requestId);
}

export function encodeJsonError(error: ApiError, requestId: string): WireResponse {
  const body = JSON.stringify({ ...error.fields, __type: error.code, message: error.message });
  const answer = json(error.status, body, requestId);
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': error.code } };
}

function json(status: number, body: string, requestId: string): WireResponse {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId };
  return { status, headers, body };
}
