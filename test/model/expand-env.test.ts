import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENV_BUILTINS, envFaults, resolveEnv } from '../../src/model/expand-env.ts';

const builtins = { PUBLIC_URL: 'https://tt-a.dev.example.com', SESSION_ID: 'tt-a', BRANCH: 'a', REPO: 'o/r' };

describe('resolveEnv', () => {
  it("expands Mayfly's own names and other keys, through several steps", () => {
    const env = { API: '${BASE}/api', BASE: '${PUBLIC_URL}/v1', NAME: '${SESSION_ID}-${BRANCH}', PLAIN: 'x' };
    expect(resolveEnv(env, builtins)).toEqual({
      API: 'https://tt-a.dev.example.com/v1/api',
      BASE: 'https://tt-a.dev.example.com/v1',
      NAME: 'tt-a-a',
      PLAIN: 'x',
    });
  });

  it('expands a known name without a value to nothing', () => {
    expect(resolveEnv({ PR: 'pr-${PR_NUMBER}' }, builtins)).toEqual({ PR: 'pr-' });
  });

  it("lets no key shadow one of Mayfly's own names", () => {
    const env = { BRANCH: 'mine', A: '${BRANCH}' };
    expect(resolveEnv(env, builtins)['A']).toBe('a');
  });

  it('takes a default only where the project sets none', () => {
    const defaults = { NODE_ENV: 'production' };
    expect(resolveEnv({ A: '${NODE_ENV}' }, defaults)).toEqual({ A: 'production' });
    expect(resolveEnv({ A: '${NODE_ENV}', NODE_ENV: 'test' }, defaults)['A']).toBe('test');
  });

  it('keeps the text of an escaped, unknown or malformed reference', () => {
    const env = { A: '$${BRANCH}', B: '${NOPE}', C: '${BRANCH', D: '$BRANCH and $5', E: '${a-b}' };
    expect(resolveEnv(env, builtins)).toEqual({ ...env, A: '${BRANCH}' });
  });

  it('does not expand what an expansion brought in', () => {
    expect(resolveEnv({ A: '${BRANCH}' }, { BRANCH: '${REPO}', REPO: 'no' })).toEqual({ A: '${REPO}' });
  });

  it('ends on cycles, whatever their order', () => {
    expect(resolveEnv({ A: 'a${B}', B: 'b${A}' }, {})).toEqual({ A: 'ab${A}', B: 'ba${B}' });
    expect(resolveEnv({ A: '${A}' }, {})).toEqual({ A: '${A}' });
  });

  it('sees only own keys', () => {
    expect(resolveEnv({ A: '${constructor}' }, {})).toEqual({ A: '${constructor}' });
    expect(envFaults({ A: '${constructor}' })).toHaveLength(1);
  });
});

describe('envFaults', () => {
  it('finds nothing wrong with known names, other keys and escapes', () => {
    expect(envFaults({ A: '${PUBLIC_URL}/${B}', B: '$${anything}', C: '$5 $HOME' })).toEqual([]);
  });

  it('names an unknown reference and what is allowed', () => {
    expect(envFaults({ A: '${PUBLIC_URI}', B: 'x' })).toEqual([
      { key: 'A', found: '${PUBLIC_URI}', allowed: `one of ${[...ENV_BUILTINS, 'NODE_ENV', 'B'].join(', ')}` },
    ]);
  });

  it('names a malformed reference', () => {
    expect(envFaults({ A: '${FOO:-bar}' }).map((fault) => fault.found)).toEqual(['a "${" without a name and "}"']);
  });

  it('names a cycle once, with its way', () => {
    expect(envFaults({ Z: '${A}', A: '${B}', B: '${C}', C: '${A}' })).toEqual([
      { key: 'A', found: 'a cycle: A → B → C → A', allowed: 'references that do not lead back' },
    ]);
  });

  it('is empty exactly when expanding leaves nothing behind', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'D', 'BRANCH', 'UNKNOWN');
    const value = fc.array(
      fc.oneof(
        fc.constantFrom('x', '-'),
        name.map((each) => `\${${each}}`),
      ),
      { maxLength: 3 },
    );
    const env = fc.dictionary(
      fc.constantFrom('A', 'B', 'C', 'D'),
      value.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(env, (map) => {
        const left = Object.values(resolveEnv(map, { BRANCH: 'b' })).some((each) => each.includes('${'));
        expect(envFaults(map).length > 0).toBe(left);
      }),
    );
  });

  it('does not refer to the commit, which changes while the task stays', () => {
    expect(envFaults({ A: '${COMMIT}' })).toHaveLength(1);
    expect(resolveEnv({ A: '${COMMIT}' }, {})).toEqual({ A: '${COMMIT}' });
  });
});
