/** What installed modules and built output depend on besides the project's files. */
import { readdirSync } from 'node:fs';

export const NODE = {
  version: process.version,
  modules: process.versions.modules,
  platform: process.platform,
  arch: process.arch,
  ...(process.platform === 'linux' ? { libc: libc() } : {}),
};

/** The loader of musl lies where glibc has none. */
function libc(): string {
  return readdirSync('/lib').some((name) => name.startsWith('ld-musl-')) ? 'musl' : 'glibc';
}
