/**
 * Signed control requests. The operator holds an Ed25519 private key; a task is given the public half only, so a pull
 * request's code has nothing to steal (DESIGN §6).
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign as signBytes } from 'node:crypto';

export interface Claims {
  readonly session: string;
  readonly method: 'GET' | 'POST';
  /** The request target, e.g. `/status`. */
  readonly path: string;
  /** Hex SHA-256 of the body; of nothing, when there is none. */
  readonly bodySha256: string;
  /** When it is signed, in seconds since the epoch: a supervisor that began later refuses it. */
  readonly iat: number;
  /** Seconds since the epoch; the supervisor takes at most five minutes ahead. */
  readonly exp: number;
  /** 16 to 64 characters of base64url, never used twice. */
  readonly nonce: string;
}

/** The Authorization header: `Mayfly <base64url(JSON claims)>.<base64url(signature over the first part)>`. */
export function sign(claims: Claims, key: KeyObject): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `Mayfly ${payload}.${signBytes(null, Buffer.from(payload), key).toString('base64url')}`;
}

export function bodySha256(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** `pem`: PKCS #8, Ed25519. Throws an Error that says what is wrong and never shows the key. */
export function parseSigningKey(pem: string): KeyObject {
  const key = tryParse(pem);
  if (!key) throw new Error('the signing key is not a private key in PEM (PKCS #8)');
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error(`the signing key is of type ${key.asymmetricKeyType ?? 'unknown'}; Ed25519 is needed`);
  }
  return key;
}

function tryParse(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** For a task's MAYFLY_PUBLIC_KEY: base64 of the SPKI DER, one line. */
export function publicKeyOf(signingKey: string): string {
  return createPublicKey(parseSigningKey(signingKey)).export({ format: 'der', type: 'spki' }).toString('base64');
}
