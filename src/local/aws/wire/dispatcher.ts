/** From an HTTP message to an operation of a service and back, in the protocol that the caller speaks. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '../service.ts';
import type { Operation, Service } from '../service.ts';
import type { Gate } from './gate.ts';
import { decodeJsonInput, encodeJsonError, encodeJsonOutput } from './json.ts';
import { bodyText, header } from './message.ts';
import type { Dispatch, WireRequest, WireResponse } from './message.ts';
import { decodeQueryInput, encodeQueryError, encodeQueryOutput } from './query.ts';
import { isSigned, principalOf, signingName } from './signature.ts';
import { InvalidMember } from './validation.ts';

export interface DispatcherOptions {
  /** Ids of answers; a random UUID unless given. */
  readonly requestId?: () => string;
  /** Told of every error that is not an ApiError, i.e. of a fault of ours: the caller sees only InternalFailure. */
  readonly onFault?: (error: unknown, operation: string) => void;
  /** What calls pass before the service; none when left out. */
  readonly gate?: Gate;
  /** Refuses requests without a signature, as AWS does. Signatures themselves are not checked. Default false. */
  readonly requireSignature?: boolean;
}

/** A request whose service and operation are known, with the answers in its protocol. */
interface Call {
  readonly service: Service;
  readonly name: string;
  readonly operation: Operation<never, object>;
  readonly invalidCode: string;
  /** Of a request without a signature. */
  readonly unsigned: ApiError;
  decode(): object;
  encode(output: object): WireResponse;
}

const MISSING_TOKEN = 'Request is missing Authentication Token';

type Lookup = { readonly call: () => Call; readonly fail: (error: ApiError) => WireResponse };

/** Routes by `X-Amz-Target`, then by `Version`, then by the signing name of the credential scope. Never throws. */
export function makeDispatcher(services: readonly Service[], options: DispatcherOptions = {}): Dispatch {
  const nextId = options.requestId ?? randomUUID;
  return async (request) => {
    const { call, fail } = lookup(services, request, nextId());
    let name = 'unknown';
    try {
      const found = call();
      name = found.name;
      if (options.requireSignature && !isSigned(request)) {
        throw found.unsigned;
      }
      return await perform(found, request, options.gate);
    } catch (error) {
      if (error instanceof ApiError) {
        return fail(error);
      }
      options.onFault?.(error, name);
      return fail(new ApiError('InternalFailure', 'The local AWS failed: see its log', 500));
    }
  };
}

async function perform(call: Call, request: WireRequest, gate: Gate | undefined): Promise<WireResponse> {
  const input = decodeInput(call);
  const next = (): object | Promise<object> => call.operation.handle(input as never);
  if (gate === undefined) {
    return call.encode(await next());
  }
  const { service, name } = call;
  const gated = { service: service.signingName, operation: name, input, principal: principalOf(request) };
  return call.encode(await gate(gated, next));
}

function decodeInput(call: Call): object {
  try {
    return call.decode();
  } catch (error) {
    throw error instanceof InvalidMember ? new ApiError(call.invalidCode, error.message) : error;
  }
}

function lookup(services: readonly Service[], request: WireRequest, requestId: string): Lookup {
  const target = header(request, 'x-amz-target');
  if (target !== '') {
    return lookupJson(services, request, target, requestId);
  }
  return lookupQuery(services, request, requestId);
}

function lookupJson(services: readonly Service[], request: WireRequest, target: string, requestId: string): Lookup {
  return {
    fail: (error) => encodeJsonError(error, requestId),
    call: () => {
      const dot = target.lastIndexOf('.');
      const name = target.slice(dot + 1);
      const service = services.find((one) => one.protocol === 'json1.1' && one.target === target.slice(0, dot));
      const operation = service && operationOf(service, name);
      if (service === undefined || operation === undefined) {
        throw new ApiError('UnknownOperationException', `Unknown operation: ${target.slice(0, 200)}`);
      }
      return {
        service,
        name,
        operation,
        invalidCode: 'InvalidParameterException',
        unsigned: new ApiError('MissingAuthenticationTokenException', MISSING_TOKEN, 400),
        decode: () => decodeJsonInput(operation, bodyText(request)),
        encode: (output) => encodeJsonOutput(operation, output, requestId),
      };
    },
  };
}

function lookupQuery(services: readonly Service[], request: WireRequest, requestId: string): Lookup {
  const form = new URLSearchParams(bodyText(request));
  const service = queryService(services, form.get('Version') ?? '', signingName(request));
  return {
    fail: (error) => encodeQueryError(error, service?.namespace, requestId),
    call: () => {
      const name = form.get('Action') ?? '';
      const operation = service && operationOf(service, name);
      if (service === undefined || operation === undefined) {
        throw unknownAction(name, form.get('Version') ?? '');
      }
      return {
        service,
        name,
        operation,
        invalidCode: 'ValidationError',
        unsigned: new ApiError('MissingAuthenticationToken', MISSING_TOKEN, 403),
        decode: () => decodeQueryInput(operation, form),
        encode: (output) =>
          encodeQueryOutput({ action: name, operation, namespace: service.namespace }, output, requestId),
      };
    },
  };
}

function unknownAction(name: string, version: string): ApiError {
  if (name === '') {
    return new ApiError('MissingAction', 'The request must contain the parameter Action or the header X-Amz-Target');
  }
  const shown = `${name.slice(0, 100)} for version ${version.slice(0, 40)}`;
  return new ApiError('InvalidAction', `Could not find operation ${shown}`);
}

/** Two query services may share a version, so the signing name decides between those that match. */
function queryService(services: readonly Service[], version: string, signing: string): Service | undefined {
  const query = services.filter((service) => service.protocol === 'query');
  const sameVersion = query.filter((service) => service.target === version);
  return (
    sameVersion.find((service) => service.signingName === signing) ??
    sameVersion[0] ??
    query.find((service) => service.signingName === signing)
  );
}

function operationOf(service: Service, name: string): Operation<never, object> | undefined {
  return Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
}
