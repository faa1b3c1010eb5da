/** Faults of the configuration, from the loaded file; how they look in the terminal is in table.test.ts. */
import { describe, expect, it } from 'vitest';
import { MINIMAL, configOf, faultsOf, load } from './minimal-file.ts';

describe('faults', () => {
  it('come all at once, from the file, across keys and from the environment', () => {
    const loaded = load(
      MINIMAL.replace('installation: demo', 'installation: Demo-1')
        .replace('region: eu-west-1', 'region: europe')
        .replace('repo: acme/app', 'repo: acme')
        .replace('container: web', 'env: { A: "${NOPE}" }'),
      { MAYFLY_WEBHOOK_SECRET: 'short', MAYFLY_SIGNING_KEY: '', GITHUB_API_URL: 'github' },
    );
    expect(faultsOf(loaded).sort()).toEqual([
      'GITHUB_API_URL: text that is no such URL',
      'MAYFLY_SIGNING_KEY: nothing',
      'MAYFLY_WEBHOOK_SECRET: 5 characters',
      'aws.region: the text "europe"',
      'installation: the text "Demo-1"',
      'projects.app.container: nothing',
      'projects.app.env.A: ${NOPE}',
      'projects.app.repo: the text "acme"',
    ]);
  });

  it('name the line, what was found and what is allowed', () => {
    const loaded = load(MINIMAL.replace('prefix: tt', 'prefix: TT'));
    expect(loaded).toMatchObject({
      ok: false,
      faults: [
        {
          path: 'projects.app.prefix',
          line: 17,
          found: 'the text "TT"',
          allowed: 'lower case letters, digits and inner hyphens, at most 20, a letter first',
        },
      ],
    });
  });

  it.each([
    ['projcts: {}', 'projcts', 'did you mean "projects"?'],
    ['http: { webhook: {} }', 'http.webhook', 'did you mean "webhooks"?'],
    ['policy: { startdeadline: 5s }', 'policy.startdeadline', 'did you mean "startDeadline"?'],
    ['store: { colour: red }', 'store.colour', 'one of table, leaseTable, createTables'],
  ])('of the unknown key in %j help to spell it', (line, path, allowed) => {
    const loaded = load(`${MINIMAL}${line}\n`);
    expect(faultsOf(loaded)).toEqual([`${path}: an unknown key`]);
    expect(loaded.ok ? '' : loaded.faults[0]?.allowed).toContain(allowed);
  });

  it.each([
    ['labels: { uat: { imge: x, image: latest } }', ['projects.app.labels.uat.imge: an unknown key']],
    ['labels: { uat: 5 }', ['projects.app.labels.uat: the number 5']],
    ['labels: { uat: { agent: true } }', ['projects.app.labels.uat.image: nothing']],
    ['labels: { "42": latest }', ['projects.app.labels.42: the name "42"']],
    ['labels: { UAT: latest, uat: staging }', ['projects.app.labels.uat: the label "uat" beside "UAT"']],
    ['env: { "1A": x }', ['projects.app.env.1A: the name "1A"']],
    ['env: { A: [1] }', ['projects.app.env.A: a list']],
    ['env: { A: }', ['projects.app.env.A: null']],
    ['env: { BRANCH: x }', ['projects.app.env.BRANCH: the name "BRANCH"']],
    ['env: { A: "${B}", B: "${A}" }', ['projects.app.env.A: a cycle: A → B → A']],
    ['port: 70000', ['projects.app.port: the number 70000']],
    ['port: "3001"', ['projects.app.port: the text "3001"']],
    ['cpu: 0.5', ['projects.app.cpu: the number 0.5']],
    ['healthPath: health', ['projects.app.healthPath: the text "health"']],
    ['supervisor: "no"', ['projects.app.supervisor: the text "no"']],
    [
      'network: { subnets: [], securityGroups: [sg-1, web] }',
      ['projects.app.network.subnets: a list', 'projects.app.network.securityGroups[1]: the text "web"'],
    ],
  ])('of a project: %s', (line, expected) => {
    expect(faultsOf(load(`${MINIMAL}    ${line}\n`))).toEqual(expected);
  });

  it.each([
    ['policy: { settle: 5 minutes }', 'policy.settle: the text "5 minutes"'],
    ['policy: { settle: -5 }', 'policy.settle: the number -5'],
    ['policy: { startDeadline: 0 }', 'policy.startDeadline: the number 0'],
    ['policy: { healthCheckInterval: 1s }', 'policy.healthCheckInterval: the text "1s"'],
    ['policy: { deregistrationDelay: 1500ms }', 'policy.deregistrationDelay: the text "1500ms"'],
    ['policy: { retries: 1.5 }', 'policy.retries: the number 1.5'],
    ['intervals: { resync: 30d }', 'intervals.resync: the text "30d"'],
    ['workers: 0', 'workers: the number 0'],
    ['logLevel: loud', 'logLevel: the text "loud"'],
    ['launchType: LAMBDA', 'launchType: the text "LAMBDA"'],
    ['github: { apiUrl: "ftp://x" }', 'github.apiUrl: the text "ftp://x"'],
    ['http: [8080]', 'http: a list'],
    ['http: { admin: { port: 8080 } }', 'http.admin.port: the number 8080, the port of http.webhooks'],
    ['store: { table: mayfly-leases }', 'store.leaseTable: the text "mayfly-leases", the table of the records'],
    ['http: { advertise: 10.0.0.1 }', 'http.advertise: the text "10.0.0.1"'],
  ])('of %s', (line, expected) => {
    expect(faultsOf(load(`${MINIMAL}${line}\n`))).toEqual([expected]);
  });

  it.each([
    ['dev.example.com', 'Dev.Example.com'],
    ['dev.example.com', 'dev.example.c0m'],
    ['dev.example.com', '"*.example.com"'],
    ['dev.example.com', `${'a'.repeat(74)}.com`],
  ])('of a domain in place of %s: %s', (good, bad) => {
    expect(faultsOf(load(MINIMAL.replace(good, bad)))[0]).toContain('listeners.main.domain');
  });

  it('of a listener URL without a place for the host', () => {
    const url = (value: string): string => MINIMAL.replace('vpcId: vpc-1', `vpcId: vpc-1\n    url: "${value}"`);
    expect(faultsOf(load(url('https://example.com')))).toEqual(['listeners.main.url: the text "https://example.com"']);
    expect(faultsOf(load(url('{host}')))).toEqual(['listeners.main.url: the text "{host}"']);
    expect(configOf(load(url('http://{host}:8000'))).listeners[0]?.url).toBe('http://{host}:8000');
  });

  it('of what is missing for every project', () => {
    const yaml = MINIMAL.replace('cluster: dev\n', '').replace(/network:\n.*\n.*\n/, '');
    expect(faultsOf(load(yaml))).toEqual(['projects.app.cluster: nothing', 'projects.app.network: nothing']);
  });

  it('of empty maps, an empty file and a file that is no map', () => {
    expect(faultsOf(load(MINIMAL.replace(/projects:[^]*/, 'projects: {}')))).toEqual(['projects: an empty map']);
    expect(faultsOf(load(''))).toEqual(['(the file): null']);
    expect(faultsOf(load('- a\n'))).toEqual(['(the file): a list']);
  });
});

describe('projects beside each other', () => {
  const beside = (name: string, prefix: string, repo: string): string =>
    `${MINIMAL}  ${name}: { repo: ${repo}, prefix: ${prefix}, taskDefinition: t, container: c }\n`;

  it('may have prefixes that only look alike', () => {
    expect(faultsOf(load(beside('b', 'tta', 'acme/b')))).toEqual([]);
  });

  it('may not have a prefix that extends another by a hyphen, in either order', () => {
    expect(faultsOf(load(beside('b', 'tt-b', 'acme/b')))).toEqual([
      'projects.b.prefix: "tt-b", which extends the prefix "tt" of app',
    ]);
    expect(faultsOf(load(beside('b', 't', 'acme/b').replace('prefix: tt', 'prefix: t-t')))).toEqual([
      'projects.app.prefix: "t-t", which extends the prefix "t" of b',
    ]);
  });

  it('may not share a prefix or a repository', () => {
    expect(faultsOf(load(beside('b', 'tt', 'Acme/App')))).toEqual([
      'projects.b.prefix: "tt", which is the prefix of app',
      'projects.b.repo: "Acme/App", the repository of app',
    ]);
  });
});
