/** Containers under a virtual clock: it knows the few scripts that the cases use, and does what a shell would do. */
import type { ContainerExit, ContainerSpec, RunningProcess, TaskRunner } from '../../src/local/aws/runner/port.ts';
import type { LocalClock } from '../../src/local/aws/service.ts';

export function makeScriptRunner(clock: LocalClock): TaskRunner {
  return { start: (spec) => start(clock, spec), reap: () => undefined };
}

function start(clock: LocalClock, spec: ContainerSpec): RunningProcess {
  let told: ((exit: ContainerExit) => void) | undefined;
  const end = (exitCode: number): void => {
    const fn = told;
    told = undefined;
    clock.after(1, () => fn?.({ exitCode }));
  };
  const script = spec.command.join(' ');
  const exitCode = exitCodeOf(script, spec.env);
  if (exitCode !== undefined) clock.after(100, () => end(exitCode));
  return {
    onExit: (fn) => void (told = fn),
    onStart: () => undefined,
    signal(signal) {
      if (signal === 'SIGKILL') end(137);
      else if (!script.includes("trap ''")) end(Number(/trap 'exit (\d+)' TERM/.exec(script)?.[1] ?? 143));
    },
  };
}

/** Of `sh -c 'exit N'`, and of `[ "$A$B" = "x" ] && exit N; exit M`; undefined for a program that stays. */
function exitCodeOf(script: string, env: Readonly<Record<string, string>>): number | undefined {
  const test = /^sh -c \[ "([^"]*)" = "([^"]*)" \] && exit (\d+); exit (\d+)$/.exec(script);
  if (test) {
    const [, left = '', right, then, otherwise] = test;
    const value = left.replaceAll(/\$(\w+)/g, (_, name: string) => env[name] ?? '');
    return Number(value === right ? then : otherwise);
  }
  const plain = /^sh -c exit (\d+)$/.exec(script);
  return plain ? Number(plain[1]) : undefined;
}
