/** What a request's signature tells: who calls, and which service. Nobody checks it: whoever reaches us may call. */
import { header } from './message.ts';
import type { WireRequest } from './message.ts';

/** `AWS4-HMAC-SHA256 Credential=key/date/region/service/aws4_request, …` */
const SCOPE = /Credential=([^,\s/]+)\/\d+\/[^,\s/]+\/([^,\s/]+)\/aws4_request/;

/** The service in the credential scope, e.g. `elasticloadbalancing`; empty without one. */
export function signingName(request: WireRequest): string {
  return scopeOf(request)?.[2] ?? '';
}

/** The access key id; empty without a signature. */
export function principalOf(request: WireRequest): string {
  return scopeOf(request)?.[1] ?? '';
}

export function isSigned(request: WireRequest): boolean {
  return header(request, 'authorization') !== '';
}

function scopeOf(request: WireRequest): RegExpExecArray | null {
  return SCOPE.exec(header(request, 'authorization'));
}
