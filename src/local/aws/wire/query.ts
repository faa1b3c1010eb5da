/** The AWS query protocol: a form in, XML out. The XML is written by the SDK's own codec. */
import { XmlCodec } from '@aws-sdk/core/protocols';
import { NormalizedSchema } from '@smithy/core/schema';
import type { StaticStructureSchema } from '@smithy/types';
import type { ApiError, Operation } from '../service.ts';
import { decodeQuery } from './query-decode.ts';
import type { WireResponse } from './message.ts';

const TEXT = 0;
/** How query services write timestamps: ISO 8601. */
const ISO_8601 = 5;

const metadata: StaticStructureSchema = [3, 'local', 'ResponseMetadata', 0, ['RequestId'], [TEXT]];
const errorDetail: StaticStructureSchema = [3, 'local', 'Error', 0, ['Type', 'Code', 'Message'], [TEXT, TEXT, TEXT]];
const errorResponse: StaticStructureSchema = [
  3,
  'local',
  'ErrorResponse',
  0,
  ['Error', 'RequestId'],
  [() => errorDetail, TEXT],
];

export interface QueryCall {
  readonly action: string;
  readonly operation: Operation<never, object>;
  readonly namespace: string | undefined;
}

export function decodeQueryInput(operation: Operation<never, object>, form: URLSearchParams): object {
  return decodeQuery(NormalizedSchema.of(operation.input), form);
}

/** `<XResponse xmlns><XResult>…</XResult><ResponseMetadata>…` */
export function encodeQueryOutput(call: QueryCall, output: object, requestId: string): WireResponse {
  const { action } = call;
  const response: StaticStructureSchema = [
    3,
    'local',
    `${action}Response`,
    0,
    [`${action}Result`, 'ResponseMetadata'],
    [() => call.operation.output, () => metadata],
  ];
  const body = { [`${action}Result`]: output, ResponseMetadata: { RequestId: requestId } };
  return xml(200, write(response, body, call.namespace), requestId);
}

/** `<ErrorResponse xmlns><Error><Type>Sender</Type><Code>…` */
export function encodeQueryError(error: ApiError, namespace: string | undefined, requestId: string): WireResponse {
  const detail = { Type: error.status < 500 ? 'Sender' : 'Receiver', Code: error.code, Message: error.message };
  return xml(error.status, write(errorResponse, { Error: detail, RequestId: requestId }, namespace), requestId);
}

function write(schema: StaticStructureSchema, value: object, namespace: string | undefined): string {
  const codec = new XmlCodec({
    xmlNamespace: namespace ?? '',
    serviceNamespace: 'local',
    timestampFormat: { useTrait: true, default: ISO_8601 },
  });
  const serializer = codec.createSerializer();
  serializer.write(schema, value);
  return withoutControls(serializer.flush().toString());
}

/** XML 1.0 cannot carry control characters at all, escaped or not. */
function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char) => ('\n\t\r'.includes(char) ? char : ''));
}

function xml(status: number, body: string, requestId: string): WireResponse {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
}
