/** Users, repositories, labels and commits as GitHub's REST API and webhooks show them. */
import { pathToFileURL } from 'node:url';
import type { Commit } from './git.ts';
import type { State } from './state.ts';
import { type Fork, idOf, nodeIdOf, type Site } from './world.ts';

type Json = Record<string, unknown>;

export function userJson(site: Site, login: string): Json {
  const id = idOf(login);
  const url = `${site.url}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeIdOf('User', id),
    avatar_url: '',
    gravatar_id: '',
    url,
    html_url: `${site.url}/${encodeURIComponent(login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: login.endsWith('[bot]') ? 'Bot' : 'User',
    site_admin: false,
  };
}

export function apiUrl(site: Site, repo = site.fullName): string {
  return `${site.url}/repos/${repo}`;
}

/** Templates of a repository's further addresses: `name_url` → path below the repository's own. */
const LINKS: Readonly<Record<string, string>> = {
  forks_url: '/forks',
  keys_url: '/keys{/key_id}',
  collaborators_url: '/collaborators{/collaborator}',
  teams_url: '/teams',
  hooks_url: '/hooks',
  issue_events_url: '/issues/events{/number}',
  events_url: '/events',
  assignees_url: '/assignees{/user}',
  branches_url: '/branches{/branch}',
  tags_url: '/tags',
  blobs_url: '/git/blobs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  git_refs_url: '/git/refs{/sha}',
  trees_url: '/git/trees{/sha}',
  statuses_url: '/statuses/{sha}',
  languages_url: '/languages',
  stargazers_url: '/stargazers',
  contributors_url: '/contributors',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  commits_url: '/commits{/sha}',
  git_commits_url: '/git/commits{/sha}',
  comments_url: '/comments{/number}',
  issue_comment_url: '/issues/comments{/number}',
  contents_url: '/contents/{+path}',
  compare_url: '/compare/{base}...{head}',
  merges_url: '/merges',
  archive_url: '/{archive_format}{/ref}',
  downloads_url: '/downloads',
  issues_url: '/issues{/number}',
  pulls_url: '/pulls{/number}',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  labels_url: '/labels{/name}',
  releases_url: '/releases{/id}',
  deployments_url: '/deployments',
};

const COUNTS = { size: 0, stargazers_count: 0, watchers_count: 0, forks_count: 0, forks: 0, watchers: 0 };
const FEATURES = {
  has_issues: true,
  has_projects: false,
  has_downloads: false,
  has_wiki: false,
  has_pages: false,
  has_discussions: false,
  is_template: false,
  allow_forking: true,
  archived: false,
  disabled: false,
  web_commit_signoff_required: false,
};

/** The base repository, or a fork of it. */
export function repositoryJson(site: Site, state: State, fork?: Fork): Json {
  const fullName = fork?.repo ?? site.fullName;
  const [owner = '', name = ''] = fullName.split('/');
  const id = fork?.repoId ?? site.repoId;
  const url = apiUrl(site, fullName);
  const clone = pathToFileURL(site.repoPath).href;
  const open = fork === undefined ? state.pulls.filter((pull) => pull.state === 'open').length : 0;
  return {
    id,
    node_id: nodeIdOf('Repository', id),
    name,
    full_name: fullName,
    private: false,
    owner: userJson(site, owner),
    html_url: `${site.url}/${fullName}`,
    description: null,
    fork: fork !== undefined,
    url,
    ...Object.fromEntries(Object.entries(LINKS).map(([key, path]) => [key, url + path])),
    created_at: state.createdAt,
    updated_at: state.createdAt,
    pushed_at: state.pulls.reduce(
      (latest, pull) => (pull.updatedAt > latest ? pull.updatedAt : latest),
      state.createdAt,
    ),
    git_url: clone,
    ssh_url: clone,
    clone_url: clone,
    svn_url: `${site.url}/${fullName}`,
    homepage: null,
    language: null,
    mirror_url: null,
    license: null,
    ...COUNTS,
    ...FEATURES,
    open_issues_count: open,
    open_issues: open,
    default_branch: state.defaultBranch,
    topics: [],
    visibility: 'public',
    custom_properties: {},
  };
}

export function labelJson(site: Site, state: State, name: string): Json {
  const label = state.labels[name.toLowerCase()];
  const id = label?.id ?? idOf(name);
  return {
    id,
    node_id: nodeIdOf('Label', id),
    url: `${apiUrl(site)}/labels/${encodeURIComponent(name)}`,
    name,
    color: 'ededed',
    default: false,
    description: null,
  };
}

function gitCommitJson(url: string, commit: Commit): Json {
  return {
    url: `${url}/git/commits/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    message: commit.message,
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    comment_count: 0,
    verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
  };
}

/** Authors of commits are people of the local machine, so no GitHub account belongs to them. */
export function commitJson(site: Site, repo: string, commit: Commit): Json {
  const url = apiUrl(site, repo);
  const html = `${site.url}/${repo}/commit`;
  return {
    url: `${url}/commits/${commit.sha}`,
    sha: commit.sha,
    node_id: Buffer.from(`06:Commit${commit.sha}`).toString('base64'),
    html_url: `${html}/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: gitCommitJson(url, commit),
    author: null,
    committer: null,
    parents: commit.parents.map((sha) => ({ url: `${url}/commits/${sha}`, html_url: `${html}/${sha}`, sha })),
  };
}
