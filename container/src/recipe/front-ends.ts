/** Apps whose build makes static files. */
import type { Manifest } from './manifest.ts';
import { join } from './paths.ts';
import type { Repo } from './repo.ts';

/** Where builds put their files; the first that has an index.html when the app starts is served. */
const BUILT = ['dist', 'build', 'out', 'public', '_site'];
const AS_THEY_ARE = ['.', 'public'];

/** Their builds make static files, though there is no index.html in the repository. */
const GENERATORS = ['astro', 'gatsby', '@docusaurus/core', 'vitepress', '@angular/core', '@11ty/eleventy'];
/** With one of them, an index.html in public/ or src/ is a front end's and not a server's. */
const BUNDLERS = (
  'vite react-scripts react-app-rewired @craco/craco @vue/cli-service webpack parcel rollup esbuild ' +
  '@rsbuild/core @rspack/core @rspack/cli'
).split(' ');

export function shownFolders(built: boolean): readonly string[] {
  return built ? BUILT : AS_THEY_ARE;
}

export function isFrontEnd(repo: Repo, directory: string, { dependencies }: Manifest): boolean {
  const hasAny = (names: readonly string[]): boolean => names.some((name) => Object.hasOwn(dependencies, name));
  const hasPage = (folder: string): boolean => repo.has(join(directory, folder), 'index.html');
  return hasPage('') || hasAny(GENERATORS) || (hasAny(BUNDLERS) && ['public', 'src'].some(hasPage));
}
