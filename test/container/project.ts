/** Projects with packages of the registry: small ones, whose lock files are written here. */
import { app, type Files, SERVER } from './stage.ts';

const PACKAGES = {
  'ms@2.1.2': 'sha512-sGkPx+VjMtmA6MX27oA4FBFELFCZZ4S4XqeGOXCv68tT+jb3vk/RyaKWP0PTKyWtmLSM0b+adUTEvbs1PEaH2w==',
  'ms@2.1.3': 'sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==',
  'is-number@7.0.0': 'sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng==',
};

/** For a task that installs: whatever npm needs on this machine to reach the registry. */
export const REGISTRY: Files = Object.fromEntries(
  ['NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

export type Package = keyof typeof PACKAGES;

function split(each: Package): [name: string, version: string] {
  const [name = '', version = ''] = each.split('@');
  return [name, version];
}

/** As npm writes it. */
export function lockOf(packages: readonly Package[], name = 'app'): string {
  const entries = packages.toSorted().map((each) => {
    const [file, version] = split(each);
    const resolved = `https://registry.npmjs.org/${file}/-/${file}-${version}.tgz`;
    const engines = file === 'is-number' ? { engines: { node: '>=0.12.0' } } : {};
    return [`node_modules/${file}`, { version, resolved, integrity: PACKAGES[each], license: 'MIT', ...engines }];
  });
  const dependencies = Object.fromEntries(packages.map(split));
  const lock = {
    name,
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name, dependencies }, ...Object.fromEntries(entries) },
  };
  return `${JSON.stringify(lock, null, 2)}\n`;
}

/** Serves `text`; `/modules` tells the versions of the packages that it imported as it started, `/cwd` where it runs. */
export function projectWith(
  packages: readonly Package[],
  text: string,
  scripts: Readonly<Record<string, string>> = {},
  files: Files = {},
): Files {
  const names = packages.map((each) => split(each)[0]);
  const route = `if (request.url === '/modules') return response.end(modules.join(' '));
  if (request.url === '/cwd') return response.end(process.cwd());`;
  return {
    ...app(text, scripts),
    'package.json': JSON.stringify({
      name: 'app',
      type: 'module',
      dependencies: Object.fromEntries(packages.map(split)),
      scripts: { start: 'node server.js', ...scripts },
    }),
    'package-lock.json': lockOf(packages),
    'server.js': `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const modules = ${JSON.stringify(names)}.map((name) => (require(name), name + '@' + require(name + '/package.json').version));
${SERVER(text).replace("if (request.url === '/die')", `${route}\n  if (request.url === '/die')`)}`,
    ...files,
  };
}
