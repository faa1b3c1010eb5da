/** The cache's own children: programs of this folder, in process groups of their own, with nothing of the project's. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Exit, type Identity, runGroup, type SpawnOptions } from '../processes/process-group.ts';

export interface ChildOptions extends Pick<SpawnOptions, 'input' | 'output' | 'onLine'> {
  /** Absent: as the supervisor itself. */
  readonly runAs: Identity | undefined;
  readonly signal: AbortSignal;
}

/** A child that is cancelled is given so long to end by itself. It has nothing to save. */
const CANCEL_AFTER_MS = 200;
/** For servers whose certificates are signed by an authority of the operator's. */
const PASSED_ON = ['PATH', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** Runs `script`, a file of this folder named without what it ends in, in Node. It is started before the first `await`. */
export async function runScript(script: string, args: readonly string[], options: ChildOptions): Promise<Exit> {
  const path = fileURLToPath(new URL(script + extname(import.meta.filename), import.meta.url));
  return await runChild(process.execPath, [path, ...args], options);
}

/** Neither the project's directory nor its variables. */
export async function runChild(file: string, args: readonly string[], options: ChildOptions): Promise<Exit> {
  const kept = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const env = { ...Object.fromEntries(kept), LC_ALL: 'C' };
  return await runGroup({ file, args, title: file }, { ...options, cwd: '/', env, cancelAfterMs: CANCEL_AFTER_MS });
}
