/** What the flood must have left in the table, by the pure merge over the moments in their logical order. */
import { desiredFrom } from '../../../src/intake/desired-from.ts';
import { mergeIntent } from '../../../src/intake/merge.ts';
import { canonical } from '../../../src/model/digest.ts';
import type { Desired, StoredEnvironment } from '../../../src/model/environment.ts';
import type { Project } from '../../../src/model/project.ts';
import { LABELS } from '../world/config.ts';
import { EXPECTED } from './deliveries.ts';
import { type Moment, REPO } from './payloads.ts';
import type { Outcome } from './send.ts';

/** As `configOf` configures it, as far as intake looks at it. */
export const PROJECT: Project = {
  name: 'soak',
  repo: REPO,
  prefix: 'soak',
  labels: Object.entries(LABELS).map(([label, imageTag]) => ({ label, imageTag, agent: false })),
  defaultTag: 'latest',
  listener: { name: 'local', arn: '', vpcId: '', frontDoorTargetGroupArn: '', domain: 'localhost', url: '' },
  cluster: '',
  launchType: 'FARGATE',
  network: { subnets: [], securityGroups: [], assignPublicIp: false },
  taskDefinition: '',
  container: '',
  port: 3_001,
  env: {},
  supervisor: true,
};

/** Answers that their kind does not allow. While the store is away, 503 is what there is to say. */
export function wrongAnswers(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap(({ delivery: { kind, headers, moment }, status, body, storeWasDown }) => {
    const allowed: readonly number[] = EXPECTED[kind];
    if (allowed.includes(status) || (status === 503 && storeWasDown && moment)) return [];
    return [
      `${headers['x-github-delivery']}: answered ${status} ${body.slice(0, 200)}, allowed: ${allowed.join(', ')}`,
    ];
  });
}

/** By session, of what is not as it should be. */
export function wrongRecords(
  outcomes: readonly Outcome[],
  lives: readonly (readonly Moment[])[],
  records: readonly StoredEnvironment[],
): readonly string[] {
  const bySession = new Map(records.map((record) => [record.sessionId, record]));
  const accepted = outcomes.flatMap(({ delivery: { moment }, status }) =>
    moment && status < 300 && status > 0 ? [moment] : [],
  );
  const sessions = Map.groupBy(lives.flat(), sessionOf);
  return [
    ...accepted.flatMap((moment) => lostOf(moment, accepted, bySession)),
    ...[...sessions].flatMap(([session, moments]) =>
      misappliedOf(bySession.get(session), moments).map((why) => `${session}: ${why}`),
    ),
    ...records
      .filter(({ sessionId }) => !sessions.has(sessionId))
      .map(({ sessionId }) => `${sessionId}: a record that nobody asked for`),
  ];
}

const sessionOf = ({ snapshot }: Moment): string => desiredFrom(snapshot, PROJECT).sessionId;

/** The accepted moment, or a newer one of the same pull request, is in the table; unless none of them ever asked. */
function lostOf(
  moment: Moment,
  accepted: readonly Moment[],
  records: ReadonlyMap<string, StoredEnvironment>,
): readonly string[] {
  const { sessionId, sourceKey } = desiredFrom(moment.snapshot, PROJECT);
  const record = records.get(sessionId);
  const source = record?.ok ? record.desired.sources[sourceKey] : undefined;
  if (source)
    return source.at >= moment.snapshot.at
      ? []
      : [`${sourceKey}: accepted ${moment.snapshot.at}, the table has ${source.at}`];
  const asked = accepted.some(
    (other) => other.pull === moment.pull && desiredFrom(other.snapshot, PROJECT).source.wanted,
  );
  return asked ? [`${sourceKey}: accepted ${moment.snapshot.at}, and ${sessionId} knows nothing of it`] : [];
}

/** The record beside the merge of all moments up to those that it has, in their logical order. */
function misappliedOf(record: StoredEnvironment | undefined, moments: readonly Moment[]): readonly string[] {
  if (!record) return [];
  if (!record.ok) return [`cannot be understood: ${JSON.stringify(record.faults)}`];
  const { desired } = record;
  const asks = moments.map(({ snapshot }) => desiredFrom(snapshot, PROJECT));
  const upTo = asks
    .filter(({ sourceKey, source }) => source.at <= (desired.sources[sourceKey]?.at ?? ''))
    .toSorted((a, b) => Date.parse(a.source.at) - Date.parse(b.source.at));
  let merged: Desired | undefined;
  for (const ask of upTo) {
    const merge = mergeIntent(merged, ask, Date.now());
    if (merge.kind === 'create') merged = merge.desired;
    if (merge.kind === 'update' && merged) merged = withChange(merged, merge.change);
  }
  const [found, expected] = [factsOf(desired), merged && factsOf(merged)];
  return canonical(found) === canonical(expected ?? null)
    ? []
    : [`the table has ${JSON.stringify(found)}, the merge ${JSON.stringify(expected)}`];
}

type Change = Extract<ReturnType<typeof mergeIntent>, { kind: 'update' }>['change'];

/** As a store applies it: absent members stay, null removes. */
function withChange(desired: Desired, change: Change): Desired {
  const { wanted = desired.wanted, branch = desired.branch, sources } = change;
  const { commit = desired.commit, imageTag = desired.imageTag } = change;
  return { ...desired, sources, wanted, branch, commit: commit ?? undefined, imageTag: imageTag ?? undefined };
}

/** The image of what nobody wants depends on the way there: which of the wishes were ever seen. */
function factsOf({ wanted, branch, commit, imageTag, sources }: Desired): object {
  return { wanted, branch, commit, sources, ...(wanted && { imageTag }) };
}
