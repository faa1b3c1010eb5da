import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact, redactLines } from '../../src/model/redact.ts';

const KEY_LINES = [
  '-----BEGIN RSA PRIVATE KEY-----',
  'MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MaN0q8TTPvJ1Q8ea',
  'qE2v5Hn0EsSlqhJdQkDkxQ==',
  '-----END RSA PRIVATE KEY-----',
];
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

describe('what is taken out', () => {
  it.each([
    ['a classic token', `ghp_${'a1B2'.repeat(9)}`],
    ['an OAuth token', `gho_${'a1B2'.repeat(9)}`],
    ['an installation token', `ghs_${'a1B2'.repeat(9)}`],
    ['a fine-grained token', `github_pat_${'a1B2_'.repeat(16)}`],
    ['an AWS access key', 'AKIAIOSFODNN7EXAMPLE'],
    ['a temporary AWS access key', 'ASIAIOSFODNN7EXAMPLE'],
    ['a JSON Web Token', JWT],
  ])('%s, anywhere in a line', (_what, secret) => {
    expect(redact(`before ${secret} after`)).toBe('before [redacted] after');
    expect(redact(`{"x":"${secret}"}`)).not.toContain(secret);
  });

  it.each([
    ['AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY', 'wJalr'],
    ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'wJalr'],
    ['"secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"', 'wJalr'],
    ['AWS_SESSION_TOKEN=FwoGZXIvYXdzEXAMPLEsession', 'FwoG'],
    ['Authorization: Bearer abc.def-123', 'abc.def'],
    ['authorization: Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
    [`{"Authorization":"token s3cr3t-value"}`, 's3cr3t'],
    ['curl -H "Bearer s3cr3tvalue99"', 's3cr3t'],
    ['postgres://admin:hunter2@db.internal:5432/app', 'hunter2'],
    ['redis://:hunter2@cache:6379', 'hunter2'],
    ['mongodb+srv://u:p@ss/word@cluster0.test/x', 'word'],
    ['cloning https://x-access-token:s3cr3t@github.com/a/b.git', 's3cr3t'],
    ['https://s3cr3ttoken@github.com/a/b.git', 's3cr3t'],
    ['DATABASE_PASSWORD=hunter2', 'hunter2'],
    ['export STRIPE_API_KEY="sk_live_123"', 'sk_live'],
  ])('%s', (line, secret) => {
    const redacted = redact(line);
    expect(redacted).not.toContain(secret);
    expect(redacted).toContain('[redacted]');
  });

  it('names what it was: the host and the header stay', () => {
    expect(redact('postgres://admin:hunter2@db:5432/app')).toBe('postgres://[redacted]@db:5432/app');
    expect(redact('Authorization: Bearer abcdefgh')).toBe('Authorization: [redacted]');
  });
});

describe('private keys', () => {
  const body = KEY_LINES[1] ?? '';

  it('go whole, over several lines', () => {
    expect(redactLines(['a', ...KEY_LINES, 'b'])).toEqual(['a', '[redacted]', 'b']);
  });

  it('go when their end is cut off', () => {
    expect(redactLines(['a', ...KEY_LINES.slice(0, 2)])).toEqual(['a', '[redacted]']);
  });

  it('go when their beginning is cut off', () => {
    expect(redactLines([...KEY_LINES.slice(1), 'b'])).toEqual(['[redacted]', 'b']);
  });

  it('go with their line ends spelled out', () => {
    expect(redact(`{"key":"${KEY_LINES.join('\\n')}"}`)).not.toContain(body.slice(0, 20));
  });

  it('go with colours in them', () => {
    expect(redact(KEY_LINES.map((line) => `\u001b[31m${line}\u001b[0m`).join('\n'))).toBe('[redacted]');
  });
});

describe('known values', () => {
  it('go wherever they stand, longest first, also percent-encoded', () => {
    const secrets = ['s3cr3t!', 's3cr3t!/longer', ''];
    expect(redact('x=s3cr3t!/longer y=s3cr3t! z=s3cr3t!%2Flonger', secrets)).toBe(
      'x=[redacted] y=[redacted] z=[redacted]',
    );
  });

  it('never survive, whatever surrounds them', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9+/=_.-]{8,40}$/);
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        fc.pre(!'[redacted]'.includes(value));
        expect(redact(`${before}${value}${after}`, [value])).not.toContain(value);
      }),
    );
  });

  it('too short to be told from words are left', () => {
    expect(redact('a short abc', ['abc'])).toBe('a short abc');
  });
});

describe('escapes', () => {
  it('go: colours, links, titles, control characters; tabs and line ends stay', () => {
    expect(redact('\u001b[1;32mok\u001b[0m\tdone\u0007\u0000')).toBe('ok\tdone');
    expect(redact('\u001b]8;;https://x.test\u0007link\u001b]8;;\u0007')).toBe('link');
    expect(redact('\u001b]0;title\u001b\\text')).toBe('text');
    expect(redact('10%\r20%\r\n30%')).toBe('10%\n20%\n30%');
  });

  it('cannot hide a secret by splitting it', () => {
    expect(redact(`ghp_${'a'.repeat(10)}\u001b[0m${'b'.repeat(26)}`)).toBe('[redacted]');
  });

  it('never survive', () => {
    const text = fc.string({ unit: fc.constantFrom('\u001b', '[', ']', '0', 'm', ';', '\u0007', 'x', ' ') });
    fc.assert(
      fc.property(text, (hostile) => {
        expect(redact(hostile)).not.toContain('\u001b');
      }),
    );
  });
});

describe('what stays', () => {
  it.each([
    'VITE v7.0.0 ready in 300 ms, Local: http://localhost:3000/@vite/client',
    'GET http://127.0.0.1:8080/users?email=a 200',
    'npm error code ERESOLVE',
    'at Object.<anonymous> (/app/node_modules/.pnpm/next@15.0.0/index.js:1:1)',
    'commit 0123456789abcdef0123456789abcdef01234567',
    'basic authentication is enabled',
    'SyntaxError: Unexpected token: punc (,)',
    'arn:aws:ecs:eu-west-1:123456789012:task/main/abc',
  ])('%s', (line) => {
    expect(redact(line)).toBe(line);
  });

  it('no lines are no lines', () => {
    expect(redactLines([])).toEqual([]);
  });

  it('redacting twice is redacting once', () => {
    const hostile = fc.array(
      fc.oneof(fc.string(), fc.constantFrom(JWT, 'Authorization: Bearer x', 'https://u:p@h', ...KEY_LINES, 'TOKEN=x')),
    );
    fc.assert(
      fc.property(hostile, (lines) => {
        const once = redact(lines.join('\n'));
        expect(redact(once)).toBe(once);
      }),
    );
  });
});

describe('hostile text', () => {
  it.each([
    ['base64 lines', `${'A'.repeat(76)}\n`.repeat(3_000)],
    ['token starts', 'eyJ'.repeat(50_000)],
    ['URL starts', 'a://b:'.repeat(20_000)],
    ['key beginnings', '-----BEGIN RSA PRIVATE KEY-----\n'.repeat(5_000)],
    ['names', 'SECRET_'.repeat(20_000)],
    ['escapes', '\u001b]'.repeat(50_000)],
    ['headers', 'authorization: '.repeat(10_000)],
  ])('of many %s costs no more than its length allows', { timeout: 10_000 }, (_what, text) => {
    redact(text, ['some-secret']);
  });
});
