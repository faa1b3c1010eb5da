/** A real browser on the page, when this machine has one. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { HOST, PORT } from './container-visits.ts';

export interface OpenPage {
  /** Resolves once the element holds the text; rejects after a minute. */
  shows(selector: string, text: string): Promise<void>;
  close(): Promise<void>;
}

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const LIMIT_MS = 60_000;

export function browserHere(): string | undefined {
  return PROGRAMS.find((path) => existsSync(path));
}

/** The environment's page at its own host, which the browser is told to find at `address`. */
export async function openPage(program: string, address: string): Promise<OpenPage> {
  const args = [`--host-resolver-rules=MAP ${HOST} ${address}`, '--no-sandbox'];
  const browser = await chromium.launch({ executablePath: program, args });
  try {
    const page = await browser.newPage();
    await page.goto(`http://${HOST}:${PORT}/`);
    return {
      shows: async (selector, text) => {
        const [where, what] = [JSON.stringify(selector), JSON.stringify(text)];
        await page.waitForFunction(`document.querySelector(${where})?.textContent?.includes(${what})`, undefined, {
          timeout: LIMIT_MS,
        });
      },
      close: () => browser.close(),
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}
