/** Pull requests, issues and comments as GitHub's REST API and webhooks show them. */
import { apiUrl, labelJson, repositoryJson, userJson } from './shapes.ts';
import type { Comment, Pull, State } from './state.ts';
import { API_USER, forkOf, nodeIdOf, ownerOf, permissionOf, type Site } from './world.ts';

type Json = Record<string, unknown>;

export const REACTIONS = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'] as const;

function association(site: Site, login: string): string {
  if (login === site.owner) return 'OWNER';
  if (login === API_USER) return 'NONE';
  return ['admin', 'write'].includes(permissionOf(site, login)) ? 'COLLABORATOR' : 'CONTRIBUTOR';
}

function pullLinks(site: Site, pull: Pull): Record<string, string> {
  const api = apiUrl(site);
  const html = `${site.url}/${site.fullName}/pull/${pull.number}`;
  return {
    url: `${api}/pulls/${pull.number}`,
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: `${api}/issues/${pull.number}`,
    commits_url: `${api}/pulls/${pull.number}/commits`,
    review_comments_url: `${api}/pulls/${pull.number}/comments`,
    review_comment_url: `${api}/pulls/comments{/number}`,
    comments_url: `${api}/issues/${pull.number}/comments`,
    statuses_url: `${api}/statuses/${pull.sha}`,
  };
}

function headJson(site: Site, state: State, pull: Pull): Json {
  const fork = forkOf(site, pull.branch);
  const owner = ownerOf(site, pull.branch);
  const gone = fork !== undefined && fork.repo === null;
  return {
    label: gone ? pull.branch : `${owner}:${pull.branch}`,
    ref: pull.branch,
    sha: pull.sha,
    user: gone ? null : userJson(site, owner),
    repo: gone ? null : repositoryJson(site, state, fork),
  };
}

function baseJson(site: Site, state: State, pull: Pull): Json {
  return {
    label: `${site.owner}:${pull.base}`,
    ref: pull.base,
    sha: pull.baseSha,
    user: userJson(site, site.owner),
    repo: repositoryJson(site, state),
  };
}

/** As in lists; `pullJson` has more. */
export function pullListJson(site: Site, state: State, pull: Pull): Json {
  const links = pullLinks(site, pull);
  const link = (key: string): Json => ({ href: links[key] });
  return {
    ...links,
    id: pull.id,
    node_id: nodeIdOf('PullRequest', pull.id),
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: userJson(site, pull.author),
    body: pull.body,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    merged_at: pull.closedBy === 'merge' ? pull.closedAt : null,
    merge_commit_sha: pull.closedBy === 'merge' ? pull.baseSha : null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: pull.labels.map((name) => labelJson(site, state, name)),
    milestone: null,
    head: headJson(site, state, pull),
    base: baseJson(site, state, pull),
    _links: {
      self: link('url'),
      html: link('html_url'),
      issue: link('issue_url'),
      comments: link('comments_url'),
      review_comments: link('review_comments_url'),
      review_comment: link('review_comment_url'),
      commits: link('commits_url'),
      statuses: link('statuses_url'),
    },
    author_association: association(site, pull.author),
    auto_merge: null,
    active_lock_reason: null,
    draft: false,
  };
}

/** The whole pull request, as one of its own and in webhooks. */
export function pullJson(site: Site, state: State, pull: Pull): Json {
  const merged = pull.closedBy === 'merge';
  return {
    ...pullListJson(site, state, pull),
    merged,
    mergeable: merged ? null : true,
    rebaseable: merged ? null : true,
    mergeable_state: merged ? 'unknown' : 'clean',
    merged_by: merged ? userJson(site, site.owner) : null,
    comments: state.comments.filter((comment) => comment.number === pull.number).length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: pull.stat.commits,
    additions: pull.stat.additions,
    deletions: pull.stat.deletions,
    changed_files: pull.stat.files,
  };
}

/** Every pull request is an issue too. */
export function issueJson(site: Site, state: State, pull: Pull): Json {
  const url = `${apiUrl(site)}/issues/${pull.number}`;
  const links = pullLinks(site, pull);
  return {
    url,
    repository_url: apiUrl(site),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: links['html_url'],
    id: pull.id,
    node_id: nodeIdOf('PullRequest', pull.id),
    number: pull.number,
    title: pull.title,
    user: userJson(site, pull.author),
    labels: pull.labels.map((name) => labelJson(site, state, name)),
    state: pull.state,
    state_reason: null,
    locked: false,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: state.comments.filter((comment) => comment.number === pull.number).length,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    author_association: association(site, pull.author),
    active_lock_reason: null,
    draft: false,
    pull_request: {
      url: links['url'],
      html_url: links['html_url'],
      diff_url: links['diff_url'],
      patch_url: links['patch_url'],
      merged_at: pull.closedBy === 'merge' ? pull.closedAt : null,
    },
    body: pull.body,
    performed_via_github_app: null,
  };
}

export function commentJson(site: Site, comment: Comment): Json {
  const url = `${apiUrl(site)}/issues/comments/${comment.id}`;
  const count = (content: string): number => comment.reactions.filter((one) => one.content === content).length;
  return {
    url,
    html_url: `${site.url}/${site.fullName}/pull/${comment.number}#issuecomment-${comment.id}`,
    issue_url: `${apiUrl(site)}/issues/${comment.number}`,
    id: comment.id,
    node_id: nodeIdOf('IssueComment', comment.id),
    user: userJson(site, comment.author),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: association(site, comment.author),
    body: comment.body,
    reactions: {
      url: `${url}/reactions`,
      total_count: comment.reactions.length,
      ...Object.fromEntries(REACTIONS.map((content) => [content, count(content)])),
    },
    performed_via_github_app: null,
  };
}
