/** Ground for tests of the cache: directories, keys, logs and files; real ones. */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CacheKey } from '../../../container/src/cache/port.ts';
import { type Log, makeLog } from '../../../container/src/log/log.ts';
import type { Identity } from '../../../container/src/processes/process-group.ts';

export const IS_ROOT = process.getuid?.() === 0;
/** Whom a project's code runs as; only root can tell it from the supervisor. */
export const APP: Identity | undefined = IS_ROOT ? { uid: 65_534, gid: 65_534 } : undefined;

export const LIMITS = { maxBytes: 64 * 1_024 ** 2, maxUnpackedBytes: 256 * 1_024 ** 2, deadlineMs: 60_000 };

export const NEVER = new AbortController().signal;

/** Others may pass through it and not look into it, as with the supervisor's directories. */
export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mayfly-cache-test-'));
  chmodSync(dir, 0o711);
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}

/** As a checkout: the app's user owns it. */
export function checkout(
  files: Readonly<Record<string, string | Buffer>> = {},
  dir = join(temporary(), 'app'),
): string {
  mkdirSync(dir);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  own(dir);
  return dir;
}

/** To the app's user, with all in it. */
export function own(path: string): void {
  if (!APP) return;
  const found = lstatSync(path);
  if (!found.isSymbolicLink()) chownSync(path, APP.uid, APP.gid);
  if (found.isDirectory()) for (const name of readdirSync(path)) own(join(path, name));
}

export function keyOf(name: string, kind: 'modules' | 'build' = 'modules'): CacheKey {
  return `${kind}-${createHash('sha256').update(name).digest('hex')}`;
}

export interface Lines {
  readonly log: Log;
  readonly lines: string[];
  text(): string;
}

export function listen(): Lines {
  const lines: string[] = [];
  return { log: makeLog((text) => lines.push(text.trimEnd())), lines, text: () => lines.join('\n') };
}

/** Does not get smaller by packing. */
export function noise(bytes: number): Buffer {
  return randomBytes(bytes);
}

/** Every path below, sorted, with `/` after a directory and the target after a link. */
export function listing(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1) + (entry.isDirectory() ? '/' : ''))
    .sort();
}

/** A file of the supervisor's own. */
export function file(content: string | Buffer): string {
  const path = join(temporary(), 'file');
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}
