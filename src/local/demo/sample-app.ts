/** What the scenario knows of the sample application's repository. */
import { commitChange } from './sample-repo.ts';
import type { ScenarioApp } from './scenario.ts';

const TEXTS: Readonly<Record<string, string>> = {
  'add-greeting': 'Good morning, harbour',
  'dark-theme': '#0b161b',
  'broken-build': 'Hello from main',
};

export function sampleApp(repo: string): ScenarioApp {
  const texts = new Map(Object.entries(TEXTS));
  const textOf = (branch: string): string => texts.get(branch) ?? '';
  return {
    first: 'add-greeting',
    second: 'dark-theme',
    broken: 'broken-build',
    expects: textOf,
    compilerMessage: /TS2345/,
    async change(branch) {
      const text = `Pushed at ${new Date().toISOString()}`;
      const content = `export const content = { greeting: '${text}', lead: 'Another tide.' };\n`;
      const sha = await commitChange(repo, branch, { file: 'src/content.ts', content }, 'Another greeting');
      texts.set(branch, text);
      return { sha, text };
    },
    async repair(branch) {
      const sha = await commitChange(
        repo,
        branch,
        { file: 'src/app.tsx', replace: ["'six'", '6'] },
        'A number of tides',
      );
      return { sha, text: textOf(branch) };
    },
  };
}
