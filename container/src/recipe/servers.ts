/** Servers of front ends that do not listen where PORT says, or that answer only to hosts that they know. */
import type { Change } from './commands.ts';

export interface Server {
  readonly kind: 'vite' | 'next';
  /** Serves the sources and reloads what changes; otherwise it serves what was built. */
  readonly development: boolean;
  /** Makes it listen on $PORT. */
  readonly change: Change;
}

/** What may stand before the command itself without changing how its arguments are read. */
const BEFORE =
  /^(?:cross-env(?:-shell)? )?(?:[A-Za-z_]\w*=[^\s"']* )*(?:(?:npx|yarn|pnpm exec|pnpm|npm exec --) )?(?:(?:\.\/)?node_modules\/\.bin\/)?/;
/** Arguments after it would go to another command, or nowhere. */
const COMPOUND = /[&|;<>`\n#]|\$\(/;

/** Undefined for all that is not one plain call of Vite or Next. */
export function recogniseServer(script: string): Server | undefined {
  if (COMPOUND.test(script)) return undefined;
  const [tool, command = ''] = script.trim().replace(BEFORE, '').split(/\s+/);
  if (tool === 'vite') return viteServer(command, script);
  if (tool === 'next') return nextServer(command, script);
  return undefined;
}

const VITE_PORT = '--port "$PORT" --strictPort';
const LOCAL_HOST = '--host 127.0.0.1';

function viteServer(command: string, script: string): Server | undefined {
  if (['build', 'optimize'].includes(command)) return undefined;
  const more = `${VITE_PORT} ${LOCAL_HOST}`;
  const own = /\s(?:--port[ =]\d+|--strictPort|--host(?:[ =](?!-)[^\s"']+)?)(?=\s|$)/g;
  return { kind: 'vite', development: command !== 'preview', change: changeOf(script, own, more) };
}

function nextServer(command: string, script: string): Server | undefined {
  const development = command === '' || command.startsWith('-') || command === 'dev';
  if (!development && command !== 'start') return undefined;
  const port = '-p "$PORT"';
  const own = /\s(?:(?:-p|--port)[ =]?\d+|(?:-H|--hostname)[ =][^\s"']+)(?=\s|$)/g;
  // It reads PORT; a number of its own would win over that.
  const more = development ? `${port} -H 127.0.0.1` : port;
  const left = !development && !own.test(script);
  return {
    kind: 'next',
    development,
    change: left ? { change: (text) => text, more: '' } : changeOf(script, own, more),
  };
}

/** A port that is given by a variable is left to the project. */
function changeOf(script: string, own: RegExp, more: string): Change {
  if (/\s(?:-p|--port)[ =]?["']?\$/.test(script)) return { change: (text) => text, more: '' };
  return { change: (text) => `${text.replaceAll(own, '').trim()} ${more}`, more };
}

/** Development servers that people start by `npm start`, of tools whose builds are static files. */
const DEVELOPMENT_SERVERS =
  /^(?:react-scripts start|craco start|react-app-rewired start|vue-cli-service serve|webpack serve|webpack-dev-server|parcel(?: serve)?(?! build)(?= |$)|ng serve|gatsby develop|docusaurus start|astro dev|rsbuild dev|rspack serve)\b/;

export function isDevelopmentServer(script: string): boolean {
  const server = recogniseServer(script);
  if (server) return server.kind === 'vite' && server.development;
  return !COMPOUND.test(script) && DEVELOPMENT_SERVERS.test(script.trim().replace(BEFORE, ''));
}
