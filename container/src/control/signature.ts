/**
 * Who may use the control port: whoever holds the installation's private Ed25519 key. The task knows the public half
 * only, so code that runs beside the supervisor has nothing to steal.
 *
 * `Authorization: Mayfly <claims>.<signature>`: both base64url; the claims are JSON, the signature is over the text of
 * the first part.
 *
 * A task is not told its number among the attempts of a session. What binds a request to it is time: one that was signed
 * before this supervisor began was meant for another.
 */
import { createHash, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import { makeNonces } from './nonces.ts';

export interface Claims {
  readonly session: string;
  readonly method: string;
  /** The request target, query included. */
  readonly path: string;
  /** Hex SHA-256 of the body; of nothing, when there is none. */
  readonly bodySha256: string;
  /** When it was signed: seconds since the epoch, as is `exp`. */
  readonly iat: number;
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
  | 'issued_before_start'
  | 'replayed'
  | 'too_many';

/** Answered with 401, but `too_many` with 429. */
export class Refusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}

export const MAX_AHEAD_SECONDS = 300;
/** Clocks of operator and task may differ by so much. */
const CLOCKS_SECONDS = 5;
/** Orders that are remembered; an operator gives a few a minute. */
const MAX_NONCES = 10_000;
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

export interface VerifierOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly maxNonces?: number;
}

/** To be made when the supervisor begins. */
export function makeVerifier(key: KeyObject, session: string, options: VerifierOptions = {}): Verifier {
  const { now = Date.now, maxNonces = MAX_NONCES } = options;
  const seconds = (): number => now() / 1_000;
  const nonces = makeNonces(maxNonces, seconds);
  const startedAt = seconds();
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
      refuseUnless(
        claims.iat >= startedAt - CLOCKS_SECONDS,
        'issued_before_start',
        'the request was signed before this supervisor began',
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
      const outcome = nonces.spend(claims.nonce, claims.exp);
      refuseUnless(outcome !== 'replayed', 'replayed', 'the request was used before');
      refuseUnless(outcome !== 'full', 'too_many', 'too many requests were used lately');
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
  const { session, method, path, bodySha256, iat, exp, nonce } = claims;
  const texts = [session, method, path, bodySha256, nonce].every((text) => typeof text === 'string');
  return texts && [iat, exp].every(Number.isFinite) && NONCE.test(String(nonce));
}

function refuseUnless(condition: boolean, code: RefusalCode, message: string): void {
  if (!condition) throw new Refusal(code, message);
}
