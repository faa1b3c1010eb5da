/** What the scenario knows of the tiny repository. */
import type { ScenarioApp } from '../../../src/local/demo/scenario.ts';
import { commitText, tinyPageText } from './tiny-repo.ts';

export function tinyApp(repo: string): ScenarioApp {
  const texts = new Map<string, string>();
  const say = async (branch: string, text: string): Promise<{ sha: string; text: string }> => {
    const sha = await commitText(repo, branch, text);
    texts.set(branch, text);
    return { sha, text: tinyPageText(branch, text) };
  };
  return {
    first: 'one',
    second: 'two',
    broken: 'broken-build',
    expects: (branch) => tinyPageText(branch, texts.get(branch) ?? branch),
    compilerMessage: /error TINY1005: '\)' expected/,
    change: (branch) => say(branch, `pushed ${texts.size + 1}`),
    repair: (branch) => say(branch, 'repaired'),
  };
}
