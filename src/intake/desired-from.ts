/**
 * What a pull request asks for. Pure, and a function of the snapshot alone: the event's action is never looked at, so a
 * label, a push, a close and a periodic re-read all mean the same (DESIGN §5).
 */
import type { Source, SourceKey } from '../model/environment.ts';
import { sessionId } from '../model/names.ts';
import type { LabelRule, Project } from '../model/project.ts';
import type { PullSnapshot } from '../model/snapshot.ts';

/** One source's ask of one environment. */
export interface Ask {
  readonly sessionId: string;
  readonly sourceKey: SourceKey;
  readonly source: Source;
  /** Head repository, `owner/name`. */
  readonly repo: string;
  readonly repoId: number;
  /** Key of the project in the configuration. */
  readonly project: string;
}

export function desiredFrom(snapshot: PullSnapshot, project: Project): Ask {
  const head = headOf(snapshot);
  const fork = head.repoId !== snapshot.baseRepoId;
  const rule = snapshot.open ? ruleOf(snapshot.labels, project.labels) : undefined;
  return {
    sessionId: sessionId(project.prefix, { repoId: head.repoId, branch: snapshot.head.branch, fork }),
    sourceKey: `pull/${snapshot.number}`,
    repo: head.repo,
    repoId: head.repoId,
    project: project.name,
    source: {
      wanted: rule !== undefined && !fork,
      branch: snapshot.head.branch,
      commit: snapshot.head.commit,
      ...(rule && { imageTag: rule.imageTag }),
      ...(rule?.agent && { agent: true }),
      ...(rule && fork && { refused: 'ForkRefused' as const }),
      author: snapshot.author,
      trusted: !fork,
      open: snapshot.open,
      at: snapshot.at,
      ...(!snapshot.open && snapshot.closedAt !== undefined && { closedAt: snapshot.closedAt }),
    },
  };
}

/** The first label of the configuration that is present. GitHub's labels do not differ by case alone. */
function ruleOf(labels: readonly string[], rules: readonly LabelRule[]): LabelRule | undefined {
  const present = new Set(labels.map((label) => label.toLowerCase()));
  return rules.find((rule) => present.has(rule.label.toLowerCase()));
}

/**
 * The head repository. A deleted fork has neither name nor id: the pull request's number stands in, negative so that it
 * is no repository's, and gives each such pull request a record of its own to say in that it is refused.
 */
function headOf(snapshot: PullSnapshot): { repo: string; repoId: number } {
  const { repo, repoId } = snapshot.head;
  if (repo !== null && repoId !== null) return { repo, repoId };
  return { repo: `deleted-fork/pull-${snapshot.number}`, repoId: -snapshot.number };
}
