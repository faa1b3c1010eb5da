/** Which Mayfly this is. */
import { readFileSync } from 'node:fs';

/** As package.json has it, e.g. `0.1.0`. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
