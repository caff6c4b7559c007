import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page, type WebSocket } from 'playwright-core';

/** Where Chromium is, by any of its names; null: nowhere. */
const chromiumPath = findChromium();

/** Whether tests in a browser are skipped: without Chromium, unless they must be run, as in CI. */
export const hasNoBrowser = chromiumPath === null && !process.env.REQUIRE_CHROMIUM;

/** What people who read the results are told. */
export const unlessNoChromium = hasNoBrowser
  ? ' (NOT TESTED: there is no Chromium; on Debian: apt-get install chromium)'
  : '';

/** @throws when there is no Chromium */
export async function startBrowser(): Promise<Browser & AsyncDisposable> {
  if (chromiumPath === null) throw new Error('There is no Chromium, and REQUIRE_CHROMIUM is set.');
  return chromium.launch({ executablePath: chromiumPath });
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Warnings and errors of the page, among them all that its policy forbids. */
  readonly complaints: readonly string[];
  /** Addresses elsewhere that it wanted something from, in vain. */
  readonly elsewhere: readonly string[];
  /** Of WebSockets, the messages that it has sent and received, in their order. */
  readonly sent: readonly string[];
  readonly received: readonly string[];
  /** Takes a picture, for people to look at: <temporary directory>/campaign-graph-graphiql/<name>.png */
  picture(name: string): Promise<void>;
}

/** A page of its own, with nothing kept from others, for which there is no network but one server. */
export async function openPage(browser: Browser, url: string): Promise<OpenPage> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  const sent: string[] = [];
  const received: string[] = [];
  const { origin } = new URL(url);
  await context.route(
    (asked) => asked.origin !== origin,
    async (route) => {
      elsewhere.push(route.request().url());
      await route.abort();
    },
  );
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('websocket', (socket: WebSocket) => {
    socket.on('framesent', ({ payload }) => sent.push(String(payload)));
    socket.on('framereceived', ({ payload }) => received.push(String(payload)));
  });
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  return {
    page,
    complaints,
    elsewhere,
    sent,
    received,
    async picture(name) {
      const directory = join(tmpdir(), 'campaign-graph-graphiql');
      await mkdir(directory, { recursive: true });
      await page.screenshot({ path: join(directory, `${name}.png`) });
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

function findChromium(): string | null {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const directories = (process.env.PATH ?? '').split(delimiter);
  const installed = directories.flatMap((directory) => names.map((name) => join(directory, name)));
  // And the one that `playwright-core install chromium` downloads.
  return [...installed, chromium.executablePath()].find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
