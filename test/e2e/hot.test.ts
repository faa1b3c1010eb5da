/**
 * A push to a branch that reloads by itself, seen in a real browser through the load balancer: the module is exchanged
 * in the page that is open, over Vite's WebSocket, without a reload of the page.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { label } from '../../src/local/demo/scenario.ts';
import { until } from '../../src/local/demo/until.ts';
import { commitWords, makeHotRepo } from './support/hot-repo.ts';
import { LONG_MS, reportOf, visitSession } from './support/looks.ts';
import { openTestStack, type TestStack } from './support/test-stack.ts';

/** Debian's; nothing downloads a browser. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
if (CHROMIUM === undefined)
  console.warn('hot reload in a browser is not tried: there is no chromium (apt-get install)');

const SESSION = 'tiny-hot';

describe.runIf(CHROMIUM !== undefined)('hot: true', () => {
  let world: TestStack;
  let browser: Browser;

  beforeAll(async () => {
    world = await openTestStack({ addresses: '127.40.8.0/24', fill: makeHotRepo });
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(`the operator's log ends with\n${world.log()}`);
  });

  it('shows a push in the page that is open, without loading it anew', async () => {
    const { stack } = world;
    await label(stack, 'hot', 'uat');
    const up = async (): Promise<boolean> => (await visitSession(stack, SESSION)).status === 200;
    await until('the development server answers', up, LONG_MS);

    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    const connected = page.waitForEvent('websocket');
    await page.goto(`http://${SESSION}.localhost:${stack.ports.balancer}/`);
    await page.getByText('one', { exact: true }).waitFor();
    await connected;
    await page.evaluate('window.stillTheSame = true');

    const commit = await commitWords(world.repo, 'two');
    await page.getByText('two', { exact: true }).waitFor({ timeout: LONG_MS });

    expect(await page.evaluate('window.stillTheSame')).toBe(true);
    expect(faults).toEqual([]);
    const told = async (): Promise<boolean> => JSON.stringify(await reportOf(stack, SESSION)).includes(commit);
    await until('the record knows what serves', told, LONG_MS);
  });
});
