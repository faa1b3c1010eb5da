/** What a person can do now, in words. Plain text; whoever shows it escapes it. */
import type { EnvironmentState, Fault } from '../model/environment.ts';
import { utc } from './time.ts';
import type { FailureView } from './trouble.ts';

export interface NextStepsInput {
  readonly state: EnvironmentState;
  readonly faults: readonly Fault[];
  readonly failure?: FailureView | undefined;
  readonly updateFailure?: FailureView | undefined;
  /** Trigger labels of the project, in the order of its configuration. */
  readonly labels: readonly string[];
  readonly held: number;
  /** Some open pull request or issue asks for the environment. */
  readonly asked: boolean;
}

export function nextStepsOf(input: NextStepsInput): readonly string[] {
  const { faults, updateFailure, state, held } = input;
  const steps: string[] = [];
  if (faults.length > 0) steps.push('Correct the named attributes in the table; what runs keeps running meanwhile.');
  if (state === 'FAILED') steps.push(afterFailure(input.failure));
  if (state === 'RUNNING' && updateFailure) steps.push('Push a fix; the previous commit keeps serving meanwhile.');
  if (state === 'SLEEPING') steps.push('Open the address to wake it.');
  steps.push(...startOrStop(input));
  if (held > 0)
    steps.push('To hand a field back to GitHub, set it as asked there, or remove its override, in the table.');
  return steps;
}

function afterFailure(failure: FailureView | undefined): string {
  if (failure?.reason === 'CredentialNeeded')
    return 'Once the task definition has the token, it is tried again by itself.';
  if (failure?.final) return 'Push a new commit: it is then tried again by itself.';
  if (failure?.retryAt !== undefined) return `It is tried again at ${utc(failure.retryAt)}.`;
  return 'It starts by itself as soon as that is put right.';
}

function startOrStop({ state, labels, asked }: NextStepsInput): readonly string[] {
  if (labels.length === 0) return [];
  const names = labels.map((label) => `“${label}”`);
  const which = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  if (state === 'STOPPED' || state === 'STOPPING') return [`To start it again, put the label ${which} on.`];
  return asked ? [`To stop it, take the label ${which} off, or close the pull request or issue.`] : [];
}
