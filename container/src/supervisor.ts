/**
 * The composition: ports first, then the first job; after that, orders from the control port. Ends with an exit code
 * that tells the operator why.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ControlServer, startControlServer } from './control/server.ts';
import { EXIT } from './exit-codes.ts';
import type { RootLog } from './log/log.ts';
import { type LogStore, makeLogStore } from './log/store.ts';
import { makeWorkDir, removeWorkDir } from './processes/ownership.ts';
import { type Proxy, startProxy } from './proxy/proxy.ts';
import { describeVersion, publicVersion, statusOf } from './control/reports.ts';
import type { Settings } from './settings.ts';
import { makeVerifier } from './control/signature.ts';
import { secretsOf } from './control/sync-order.ts';
import { TIMINGS, type Timings } from './timings.ts';
import { makeUpdates, type Updates } from './updates/updates.ts';

export interface Supervisor {
  /** Resolves with the exit code once everything is stopped and removed. */
  readonly done: Promise<number>;
  /** Drains, stops every child, and resolves `done` with `code` (0 when absent) unless another end came first. */
  stop(code?: number): void;
}

/** Resolves once both ports listen and the first job runs; rejects when a port cannot be had. */
export async function startSupervisor(
  settings: Settings,
  log: RootLog,
  timings: Timings = TIMINGS,
): Promise<Supervisor> {
  const { session, runAs } = settings;
  const workDir = await makeWorkDir(settings.workDir ?? tmpdir(), session, runAs);
  const { promise: done, resolve: finish } = Promise.withResolvers<number>();
  let ending = false;
  const logs = makeLogStore({ dir: join(workDir, 'logs'), onError: (message) => log.say(message) });
  log.keep(logs);

  const updates = makeUpdates({ settings, timings, log, workDir, onEnd: (code, lingerMs) => void end(code, lingerMs) });
  const ports = await openPorts(settings, updates, log, logs).catch(async (error: unknown) => {
    await logs.close();
    await removeWorkDir(workDir, runAs);
    throw error;
  });

  /** The first cause counts; later ones only wait for the same end. */
  async function end(code: number, lingerMs: number): Promise<void> {
    if (ending) return;
    ending = true;
    await delay(lingerMs);
    await Promise.all([updates.close(), ports.proxy.close(timings.stopDrainMs)]);
    await updates.live.stop();
    await ports.control.close();
    await logs.close();
    await removeWorkDir(workDir, runAs);
    finish(code);
  }

  updates.sync({ branch: settings.branch, ...(settings.commit === undefined ? {} : { commit: settings.commit }) });
  return { done, stop: (code = EXIT.stopped) => void end(code, 0) };
}

async function openPorts(
  settings: Settings,
  updates: Updates,
  log: RootLog,
  logs: LogStore,
): Promise<{ proxy: Proxy; control: ControlServer }> {
  const { session, bindAddress, port, controlPort, publicHost, publicKey } = settings;
  const { live, progress } = updates;
  const bootedAt = performance.now();
  const uptime = (): number => Math.round(performance.now() - bootedAt) / 1_000;
  const proxy = await startProxy({
    address: bindAddress,
    port,
    session,
    publicHost,
    upstream: () => live.upstream(),
    healthy: () => live.healthy(),
    version: () => publicVersion(live.version()?.checkout, uptime()),
  });
  const control = startControlServer({
    address: bindAddress,
    port: controlPort,
    verifier: makeVerifier(publicKey, session),
    handlers: {
      health: async () => ({ status: 'ok', session, healthy: await live.healthy(), uptime: uptime() }),
      status: () => statusOf({ session, live, progress, proxy, uptime: uptime(), redact: log.redact }),
      onChange: progress.onChange,
      logs,
      version: () => describeVersion(live.version()?.checkout, uptime()),
      sync(order, grants) {
        for (const secret of secretsOf(grants)) log.hide(secret);
        updates.sync(order);
      },
    },
  });
  try {
    return { proxy, control: await control };
  } catch (error) {
    await proxy.close(0);
    throw error;
  }
}
