/**
 * Who may use the control port: whoever holds the installation's private Ed25519 key. The task knows the public half
 * only, so code that runs beside the supervisor has nothing to steal.
 *
 * `Authorization: Mayfly <claims>.<signature>`: both base64url; the claims are JSON, the signature is over the text of
 * the first part.
 */
import { createHash, timingSafeEqual, verify, type KeyObject } from 'node:crypto';

export interface Claims {
  readonly session: string;
  readonly method: string;
  /** The request target, query included. */
  readonly path: string;
  /** Hex SHA-256 of the body; of nothing, when there is none. */
  readonly bodySha256: string;
  /** Seconds since the epoch. */
  readonly exp: number;
  /** 16 to 64 characters; used once. */
  readonly nonce: string;
}

export type RefusalCode =
  | 'missing_authorization'
  | 'malformed_authorization'
  | 'bad_signature'
  | 'wrong_session'
  | 'wrong_method'
  | 'wrong_path'
  | 'wrong_body'
  | 'expired'
  | 'expires_too_late'
  | 'replayed';

/** Answered with 401. */
export class Refusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}

export const MAX_AHEAD_SECONDS = 300;
const HEADER = /^Mayfly ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const NONCE = /^[A-Za-z0-9_-]{16,64}$/;

export interface SignedRequest {
  readonly authorization: string | undefined;
  readonly method: string;
  readonly path: string;
}

export interface Verifier {
  /** Everything that can be judged before the body is read. Throws a Refusal. */
  claims(request: SignedRequest): Claims;
  /** Throws a Refusal unless this is the body that was signed. */
  body(claims: Claims, body: Buffer): void;
  /** For calls that change something: throws a Refusal the second time. */
  spend(claims: Claims): void;
}

/** `now` in milliseconds since the epoch. */
export function makeVerifier(key: KeyObject, session: string, now: () => number = Date.now): Verifier {
  const seen = new Map<string, number>();
  const seconds = (): number => now() / 1_000;
  return {
    claims(request) {
      const claims = decode(request.authorization, key);
      refuseUnless(claims.session === session, 'wrong_session', 'the request is for another session');
      refuseUnless(claims.method === request.method, 'wrong_method', 'the request was signed for another method');
      refuseUnless(claims.path === request.path, 'wrong_path', 'the request was signed for another path');
      refuseUnless(claims.exp > seconds(), 'expired', 'the request has expired');
      refuseUnless(
        claims.exp <= seconds() + MAX_AHEAD_SECONDS,
        'expires_too_late',
        `a request may be valid for ${MAX_AHEAD_SECONDS} s at most`,
      );
      return claims;
    },
    body(claims, body) {
      const actual = createHash('sha256').update(body).digest();
      const signed = Buffer.from(claims.bodySha256, 'hex');
      const same = signed.length === actual.length && timingSafeEqual(signed, actual);
      refuseUnless(same, 'wrong_body', 'the request was signed for another body');
    },
    spend(claims) {
      for (const [nonce, exp] of seen) if (exp <= seconds()) seen.delete(nonce);
      refuseUnless(!seen.has(claims.nonce), 'replayed', 'the request was used before');
      seen.set(claims.nonce, claims.exp);
    },
  };
}

function decode(authorization: string | undefined, key: KeyObject): Claims {
  if (authorization === undefined) throw new Refusal('missing_authorization', 'the request is not signed');
  const [, payload, signature] = HEADER.exec(authorization) ?? [];
  if (payload === undefined || signature === undefined) {
    throw new Refusal('malformed_authorization', 'Authorization is not "Mayfly <claims>.<signature>"');
  }
  const valid = verify(null, Buffer.from(payload), key, Buffer.from(signature, 'base64url'));
  refuseUnless(valid, 'bad_signature', "the signature is not of this task's operator");
  const claims = parse(Buffer.from(payload, 'base64url').toString());
  if (!claims) throw new Refusal('malformed_authorization', 'the claims are not complete');
  return claims;
}

function parse(text: string): Claims | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isClaims(value) ? value : undefined;
}

function isClaims(value: unknown): value is Claims {
  if (typeof value !== 'object' || value === null) return false;
  const claims = value as Partial<Record<keyof Claims, unknown>>;
  const { session, method, path, bodySha256, exp, nonce } = claims;
  const texts = [session, method, path, bodySha256, nonce].every((text) => typeof text === 'string');
  return texts && typeof exp === 'number' && Number.isFinite(exp) && NONCE.test(String(nonce));
}

function refuseUnless(condition: boolean, code: RefusalCode, message: string): void {
  if (!condition) throw new Refusal(code, message);
}
