import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shellCommand } from '../../../container/src/recipe/commands.ts';
import { temporary } from '../stage.ts';

function run(...commands: string[]): { readonly output: string; readonly failed: boolean } {
  const { file, args } = shellCommand(commands);
  const cwd = realpathSync(temporary());
  mkdirSync(join(cwd, 'sub'));
  const { stdout, status } = spawnSync(file, [...args], { cwd, encoding: 'utf8' });
  return { output: stdout.replaceAll(cwd, '.'), failed: status !== 0 };
}

describe('commands of a recipe', () => {
  test('run one after the other, each in the directory', () => {
    expect(run('cd sub; pwd', 'pwd # not more', 'pwd')).toEqual({ output: './sub\n.\n.\n', failed: false });
  });

  test('stop at the first that fails, as a whole', () => {
    expect(run('echo a', 'cd gone && echo b', 'echo c')).toEqual({ output: 'a\n', failed: true });
    expect(run('false || echo a', 'echo b', 'false')).toEqual({ output: 'a\nb\n', failed: true });
  });

  test('may have several lines', () => {
    expect(run('echo a\necho b', 'echo c')).toEqual({ output: 'a\nb\nc\n', failed: false });
  });

  test('have a title on one line that is not too long', () => {
    expect(shellCommand(['a  b\nc', 'd']).title).toBe('a b c && d');
    expect(shellCommand(['x'.repeat(500)]).title).toHaveLength(81);
  });
});
