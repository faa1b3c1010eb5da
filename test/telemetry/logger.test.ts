import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeLogger } from '../../src/telemetry/logger.ts';

const SECRET = 'hunter2-hunter2-hunter2';

function capture(pretty = false): {
  logger: ReturnType<typeof makeLogger>;
  text: () => string;
  last: () => Record<string, unknown>;
} {
  const lines: string[] = [];
  const logger = makeLogger('trace', pretty, { write: (line) => void lines.push(line) });
  return {
    logger,
    text: () => lines.join(''),
    last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>,
  };
}

describe('secrets', () => {
  it.each([
    { token: SECRET },
    { githubToken: SECRET, secrets: { webhookSecret: SECRET } },
    { env: { GITHUB_TOKEN: SECRET, MAYFLY_WEBHOOK_SECRET: SECRET, MAYFLY_SIGNING_KEY: SECRET } },
    { request: { headers: { authorization: SECRET, Cookie: SECRET, 'x-hub-signature-256': SECRET } } },
    { a: { b: { c: { d: { password: SECRET } } } } },
    { list: [{ secretAccessKey: SECRET }, { 'set-cookie': [SECRET] }] },
    { credentials: { accessKeyId: SECRET } },
    { err: Object.assign(new Error('refused'), { request: { headers: { authorization: SECRET } } }) },
    { problem: new Error('outer', { cause: Object.assign(new Error('inner'), { apiKey: SECRET }) }) },
    { url: `https://x-access-token:${SECRET}@github.com/acme/app.git` },
    { err: new Error(`git clone https://u:${SECRET}@github.com failed`) },
    { header: `Bearer ${SECRET}` },
    { found: 'ghp_hunter2hunter2hunter2' },
    { pem: `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n` },
  ])('stay out of the log: %j', (fields) => {
    const { logger, text, last } = capture();
    logger.error(fields, 'a line');
    expect(text()).not.toContain('hunter2');
    expect(last()).toMatchObject({ msg: 'a line' });
  });

  it('stay out of child bindings and messages', () => {
    const { logger, text } = capture();
    logger.child({ token: SECRET }).info(`fetching https://u:${SECRET}@github.com/acme/app`);
    logger.info('with %s', `Bearer ${SECRET}`);
    expect(text()).not.toContain('hunter2');
  });

  it('stay out of pretty lines too', () => {
    const { logger, text } = capture(true);
    logger.child({ token: SECRET }).info({ env: { GITHUB_TOKEN: SECRET } }, 'a pretty line');
    expect(text()).toContain('a pretty line');
    expect(text()).not.toContain('hunter2');
  });
});

describe('what is no secret', () => {
  it('is logged as it is', () => {
    const { logger, last } = capture();
    const fields = {
      session: 'tt-a',
      clientToken: 'mf-1',
      nextToken: 'n',
      tokens: 5,
      at: new Date(0),
      nothing: null,
      token: undefined,
    };
    logger.info({ ...fields, url: 'https://tt-a.dev.example.com:8000/x@y' }, 'hello');
    expect(last()).toMatchObject({
      session: 'tt-a',
      clientToken: 'mf-1',
      nextToken: 'n',
      tokens: 5,
      at: '1970-01-01T00:00:00.000Z',
      url: 'https://tt-a.dev.example.com:8000/x@y',
    });
  });

  it('is an error with its type, message, stack and cause', () => {
    const { logger, last } = capture();
    logger.error(new RangeError('outer', { cause: new Error('inner') }));
    expect(last()).toMatchObject({ msg: 'outer', err: { type: 'RangeError', message: 'outer: inner' } });
    expect(JSON.stringify(last()['err'])).toContain('logger.test.ts');
  });

  it('ends at a depth, also in a circle, and tells bytes by their number', () => {
    const { logger, last } = capture();
    const circle: Record<string, unknown> = { bytes: new Uint8Array(3) };
    circle['self'] = circle;
    logger.info(circle, 'round');
    expect(last()).toMatchObject({ bytes: '[3 bytes]', msg: 'round' });
  });
});

describe('levels and exit', () => {
  it('leaves out what is below the level', () => {
    const lines: string[] = [];
    const logger = makeLogger('warn', false, { write: (line) => void lines.push(line) });
    logger.info('no');
    logger.warn('yes');
    expect(lines).toHaveLength(1);
  });

  it.each([false, true])('loses nothing when the process exits at once (pretty: %s)', (pretty) => {
    const module = fileURLToPath(new URL('../../src/telemetry/logger.ts', import.meta.url));
    const script = `import { makeLogger } from ${JSON.stringify(module)};
      const logger = makeLogger('info', ${pretty});
      for (let line = 0; line < 500; line++) logger.info('line ' + line);
      process.exit(3);`;
    const { stdout, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([3, '']);
    expect(stdout.trim().split('\n')).toHaveLength(500);
    expect(stdout).toContain('line 499');
  });
});
