/** The command that serves an app. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../processes/process-group.ts';
import { type Change, scriptCommand, shellCommand } from './commands.ts';
import { chooseManager } from './managers.ts';
import type { Manifest } from './manifest.ts';
import type { ProcessRecipe } from './recipe.ts';
import type { Repo } from './repo.ts';
import { recogniseServer, type Server } from './servers.ts';
import { parent } from './paths.ts';
import { homeOf } from './workspaces.ts';

export interface Run {
  readonly directory: string;
  readonly command: Command;
  /** For this process; the project's own variables win over them. */
  readonly env: Readonly<Record<string, string>>;
  readonly hot?: NonNullable<ProcessRecipe['hot']>;
  /** Directories that have to be installed, and built unless it is hot. */
  readonly needs: readonly string[];
  readonly notes: readonly string[];
}

const STATIC_SERVER = fileURLToPath(new URL(`../static/main${extname(import.meta.filename)}`, import.meta.url));
const NO_CHANGE: Change = { change: (script) => script, more: '' };

export async function runScript(repo: Repo, directory: string, manifest: Manifest, name: string): Promise<Run> {
  const script = manifest.scripts[name] ?? '';
  const server = recogniseServer(script);
  const { root: home } = await homeOf(repo, directory);
  const { manager } = chooseManager(repo, home, await repo.manifest(home));
  return {
    directory,
    command: scriptCommand(manager, manifest, name, server?.change ?? NO_CHANGE),
    env: environmentOf(repo, { manifest, server, development: name === 'dev' || server?.development === true }),
    needs: [directory],
    notes: await notesOn(repo, directory, server),
  };
}

export async function runStated(
  repo: Repo,
  directory: string,
  manifest: Manifest | undefined,
  text: string,
): Promise<Run> {
  const server = recogniseServer(text);
  return {
    directory,
    command: { ...shellCommand([server ? server.change.change(text) : text]), title: shellCommand([text]).title },
    env: environmentOf(repo, { manifest, server, development: server?.development === true }),
    needs: [directory],
    notes: await notesOn(repo, directory, server),
  };
}

/** The same command when the files change below it. */
export function asHot(repo: Repo, run: Run, script: string, manifest: Manifest | undefined): Run {
  const server = recogniseServer(script);
  const env = { ...run.env, ...environmentOf(repo, { manifest, server, development: true }) };
  return { ...run, env, hot: server?.development ? server.kind : 'other' };
}

/** The first of the folders that has an index.html when it starts. */
export function runStatic(directory: string, folders: readonly string[], needs: readonly string[]): Run {
  const command = {
    file: process.execPath,
    args: [STATIC_SERVER, ...folders],
    title: `static files of ${folders.join(', ')}`,
  };
  return { directory, command, env: {}, needs, notes: [] };
}

interface Facts {
  readonly manifest: Manifest | undefined;
  readonly server: Server | undefined;
  readonly development: boolean;
}

function environmentOf(repo: Repo, { manifest, server, development }: Facts): Record<string, string> {
  // A script may start Vite among others; then its dependencies tell.
  const vite = server ? server.kind === 'vite' : development && manifest?.dependencies['vite'] !== undefined;
  return {
    ...(development ? { NODE_ENV: 'development' } : {}),
    // Vite answers only to hosts that it knows, and has this variable for operators.
    ...(vite ? { __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: repo.surroundings.publicHost } : {}),
  };
}

/** Next knows the hosts that it may answer to only from its configuration, and has no variable for operators. */
async function notesOn(repo: Repo, directory: string, server: Server | undefined): Promise<readonly string[]> {
  const { publicHost } = repo.surroundings;
  if (server?.kind !== 'next' || !server.development || publicHost.endsWith('.localhost')) return [];
  const configs = [...repo.source.files.keys()].filter(
    (path) => parent(path) === directory && /(?:^|\/)next\.config\.\w+$/.test(path),
  );
  const texts = await Promise.all(configs.map((path) => repo.glance(path)));
  if (texts.some((text) => text?.includes('allowedDevOrigins'))) return [];
  const hosts = `*${publicHost.slice(publicHost.indexOf('.'))}`;
  return [
    `WARNING: the development server of Next refuses requests from ${publicHost}, so pages stay dead; say allowedDevOrigins: ['${hosts}'] in next.config`,
  ];
}
