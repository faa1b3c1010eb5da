/** A commit as recipes look at it: the source, its directories, and its manifests, each read once. */
import { PhaseError } from '../updates/progress.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { directoriesOf, isBelow, join } from './paths.ts';
import type { Source, Surroundings } from './recipe.ts';

export interface Repo {
  readonly source: Source;
  readonly surroundings: Surroundings;
  readonly directories: ReadonlySet<string>;
  has(directory: string, name: string): boolean;
  /** Of the directory's package.json; undefined when it has none. Throws a PhaseError when it is not valid. */
  manifest(directory: string): Promise<Manifest | undefined>;
  /** Text of a file that may be missing, a link, or too large to be worth a look. */
  glance(path: string): Promise<string | undefined>;
  /** Directories at or below this one that hold a package.json, installed modules excepted. */
  packagesBelow(directory: string): readonly string[];
}

export function makeRepo(source: Source, surroundings: Surroundings): Repo {
  const manifests = new Map<string, Promise<Manifest | undefined>>();
  const read = async (directory: string): Promise<Manifest | undefined> => {
    const path = join(directory, 'package.json');
    const text = await source.text(path);
    return text === undefined ? undefined : parseManifest(text, path);
  };
  const packages = [...source.files.keys()]
    .filter((path) => /^(?!.*(?:^|\/)node_modules\/)(?:.*\/)?package\.json$/.test(path))
    .map((path) => join(path, '..'));
  return {
    source,
    surroundings,
    directories: directoriesOf(source.files.keys()),
    has: (directory, name) => source.files.has(join(directory, name)),
    manifest(directory) {
      const known = manifests.get(directory) ?? read(directory);
      manifests.set(directory, known);
      return known;
    },
    async glance(path) {
      try {
        return await source.text(path);
      } catch (error) {
        if (error instanceof PhaseError) return undefined;
        throw error;
      }
    },
    packagesBelow: (directory) => packages.filter((each) => isBelow(each, directory)),
  };
}
