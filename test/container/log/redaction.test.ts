import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_LINE } from '../../../container/src/log/lines.ts';
import { makeRedaction } from '../../../container/src/log/redaction.ts';

const TOKEN = 'ghs_verysecret+token/1';
const BLOT = '[redacted]';

describe('a secret', () => {
  const { redact } = makeRedaction([TOKEN]);

  test('is blotted out wherever it stands, and as often', () => {
    expect(redact(`a ${TOKEN}${TOKEN} b`)).toBe(`a ${BLOT}${BLOT} b`);
  });

  test('is blotted out of a URL', () => {
    expect(redact(`https://x:${encodeURIComponent(TOKEN)}@example.com`)).toBe(`https://x:${BLOT}@example.com`);
    expect(redact(encodeURIComponent(TOKEN).replaceAll('%2B', '%2b').replaceAll('%2F', '%2f'))).toBe(BLOT);
  });

  test('is blotted out of base64', () => {
    expect(redact(Buffer.from(TOKEN).toString('base64'))).toBe(BLOT);
    expect(redact(Buffer.from(TOKEN).toString('base64url'))).not.toContain(
      Buffer.from(TOKEN).toString('base64url').slice(0, 8),
    );
  });

  test('leaves nothing of use in base64 of a text that holds it, wherever that begins and ends', () => {
    const secrets = fc.string({ unit: 'binary-ascii', minLength: 8, maxLength: 60 });
    fc.assert(
      fc.property(fc.string(), secrets, fc.string(), fc.constantFrom('base64', 'base64url'), (...args) => {
        const [before, secret, after, encoding] = args;
        const shown = makeRedaction([secret]).redact(Buffer.from(before + secret + after).toString(encoding));
        const left = shown.split(BLOT).map((part) => Buffer.from(part, encoding).toString());
        expect(left.length).toBeGreaterThan(1);
        if (!(before + after).includes(secret.slice(1, -1))) {
          expect(left.some((text) => text.includes(secret.slice(1, -1)))).toBe(false);
        }
      }),
    );
  });

  test('with characters that mean something in a pattern is taken literally', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), (secret, text) => {
        const shown = makeRedaction([secret]).redact(`${text}${secret}`);
        expect(shown).toContain(BLOT);
        if (!BLOT.includes(secret) && !text.includes(BLOT)) expect(shown.split(BLOT).join('\n')).not.toContain(secret);
      }),
    );
  });

  test('that begins like another one is blotted out as a whole', () => {
    expect(makeRedaction(['abcd', 'abcdefgh']).redact('abcdefgh abcd')).toBe(`${BLOT} ${BLOT}`);
  });

  test('of fewer than four characters takes no words with it', () => {
    const redaction = makeRedaction(['', 'a', 'the']);
    redaction.hide('is');
    expect(redaction.redact('this is the a')).toBe('this is the a');
  });

  test('that comes later counts from then on, and one given at the start is never forgotten', () => {
    const redaction = makeRedaction([TOKEN]);
    expect(redaction.redact('later-secret')).toBe('later-secret');
    redaction.hide('later-secret');
    expect(redaction.redact('later-secret')).toBe(BLOT);
    for (let i = 0; i < 300; i += 1) redaction.hide(`another secret ${i}.`);
    expect(redaction.redact(TOKEN)).toBe(BLOT);
    expect(redaction.redact('another secret 299.')).toBe(BLOT);
  });
});

describe('a line that is too long', () => {
  test('is cut', () => {
    expect(makeRedaction().line('x'.repeat(MAX_LINE))).toBe('x'.repeat(MAX_LINE));
    expect(makeRedaction().line('x'.repeat(MAX_LINE + 1))).toBe(`${'x'.repeat(MAX_LINE)}…`);
  });

  test('shows no half of a secret at its cut', () => {
    const { line } = makeRedaction([TOKEN]);
    for (let at = MAX_LINE - TOKEN.length - 2; at < MAX_LINE + 2; at += 1) {
      const shown = line(`${'x'.repeat(at)}${TOKEN}${'y'.repeat(50)}`);
      expect(shown).toMatch(/^x+(?:\[redacted\])?y{0,2}…$/);
    }
  });
});
