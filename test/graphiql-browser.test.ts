import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp, type TestApp } from './support/app.ts';
import { hasNoBrowser, openPage, startBrowser, unlessNoChromium } from './support/browser.ts';
import { tokenOf } from './support/signing-in.ts';

/** What a page of 9 MB may take on a busy machine. */
const patience = { timeout: 120_000 };

describe.skipIf(hasNoBrowser)(`in a browser${unlessNoChromium}`, patience, () => {
  const token = tokenOf('dashboard');
  const secret = token.bearer.slice('Bearer '.length);
  let browser: Browser;
  let open: TestApp;
  let closed: TestApp;
  let allowedPage: string;
  let foreignPage: string;

  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    browser = stack.use(await startBrowser());
    // Fast enough for a campaign to change within a moment.
    const simulator = stack.use(await startSimulator({ campaigns: 6, speed: 60 }));
    const accounts = providerNames.map((name) => accountAt(simulator, name));
    const polling = { fastest: 0.5, slowest: 1 };
    allowedPage = await stack.use(startEmptyPage()).url();
    foreignPage = await stack.use(startEmptyPage()).url();
    open = stack.use(await startTestApp({ accounts, polling }));
    closed = stack.use(
      await startTestApp({
        accounts,
        polling,
        auth: { tokens: [token.settings] },
        server: { allowedOrigins: [allowedPage] },
      }),
    );
    const kept = stack.move();
    return () => kept.disposeAsync();
  }, patience.timeout);

  test('GraphiQL runs queries and subscriptions, loads the documentation, and needs nothing from elsewhere', async () => {
    await using opened = await openPage(browser, `${open.url}/graphql`);
    const { page } = opened;
    await run(page, 'Campaigns');
    await answerWith(page, '"totalCount":');
    await opened.picture('open-query');
    await run(page, 'Changes');
    await answerWith(page, '"cursor":');
    await opened.picture('open-subscription');
    expect(opened.sent[0]).toBe('{"type":"connection_init","payload":{}}');
    await expectDocumentation(page);
    expect(opened.complaints).toEqual([]);
    expect(opened.elsewhere).toEqual([]);
  });

  test('GraphiQL says how to sign in; a token holds for all tabs, over HTTP and WebSocket, and is kept nowhere', async () => {
    await using opened = await openPage(browser, `${closed.url}/graphql`);
    const { page } = opened;
    await answerWith(page, hint);
    await opened.picture('closed');
    await run(page, 'Statuses');
    await answerWith(page, hint);
    expect(opened.sent).toEqual([]);

    await selectTab(page, 'SignedIn');
    await writeToken(page, secret);
    await run(page, 'SignedIn');
    await answerWith(page, '"selzy-main"');
    await opened.picture('closed-query');
    await run(page, 'Changes');
    await answerWith(page, '"cursor":');
    await opened.picture('closed-subscription');
    expect(JSON.parse(opened.sent[0] ?? '')).toEqual({
      type: 'connection_init',
      payload: { authorization: token.bearer },
    });

    await page.keyboard.press('Control+Shift+R');
    await expectDocumentation(page);
    const kept = await page.evaluate<string>(
      'JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie + location',
    );
    expect(kept).toContain('Campaigns');
    expect(kept).not.toContain(secret);
    expect(opened.complaints).toEqual([]);
    expect(opened.elsewhere).toEqual([]);

    // What is edited stands in its address by now.
    expect(page.url()).toContain('?query=');
    await page.reload();
    await answerWith(page, hint);
  });

  test('another tab may have a token of its own', async () => {
    await using opened = await openPage(browser, `${closed.url}/graphql`);
    const { page } = opened;
    await writeToken(page, secret);
    await selectTab(page, 'Summary');
    await writeToken(page, 'wrong');
    await run(page, 'Summary');
    await answerWith(page, 'UNAUTHENTICATED');
    await run(page, 'SignedIn');
    await answerWith(page, '"selzy-main"');
  });

  test('the page’s policy lets it have events over SSE, and nothing from elsewhere', async () => {
    await using opened = await openPage(browser, `${closed.url}/graphql`);
    expect(await opened.page.evaluate<string>(firstEvent(closed.url, token.bearer))).toContain('event: next');
    const answer = opened.page.evaluate(
      `fetch('${foreignPage}', { headers: { authorization: 'Bearer x' } })`,
    );
    await expect(answer).rejects.toThrow('Failed to fetch');
    expect(opened.complaints.join()).toContain('Content Security Policy');
    expect(opened.elsewhere).toEqual([]);
  });

  test('GraphiQL says that introspection is turned off', async () => {
    await using app = await startQuiet({ introspection: false });
    await using opened = await openPage(browser, `${app.url}/graphql`);
    await answerWith(opened.page, 'Introspection (__schema, __type) is turned off here.');
    await run(opened.page, 'Campaigns');
    await answerWith(opened.page, '"totalCount":');
  });

  test('pages of allowed origins may use the API, others may not', async () => {
    for (const [url, may] of [
      [allowedPage, true],
      [foreignPage, false],
    ] as const) {
      await using opened = await openPage(browser, url);
      await opened.page.context().unrouteAll();
      const ask = (script: string) =>
        opened.page.evaluate<string>(script).catch((error: unknown) => String(error));
      expect((await ask(firstAnswer(closed.url, token.bearer))).includes('"selzy-main"')).toBe(may);
      expect((await ask(firstEvent(closed.url, token.bearer))).includes('event: next')).toBe(may);
      expect((await ask(firstMessage(closed.url, token.bearer))).includes('connection_ack')).toBe(may);
    }
  });
});

describe('without GraphiQL', () => {
  test('there is no page, and queries are answered', async () => {
    await using app = await startQuiet({ graphiql: false });
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const page = await fetch(`${app.url}/graphql`, { headers });
    expect(page.status).toBe(406);
    expect(await page.json()).toEqual({
      errors: [{ message: expect.stringContaining('graphql.graphiql'), extensions: { code: 'BAD_INPUT' } }],
    });
    const answer = await fetch(`${app.url}/graphql?query={accounts{name}}`, { headers });
    expect(await answer.json()).toEqual({ data: { accounts: [{ name: 'main' }] } });
    expect((await app.request('{ accounts { name } }')).errors).toBeUndefined();
  });
});

/** Nobody is at the other end. */
function startQuiet(graphql: object): Promise<TestApp> {
  const account = { name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' };
  return startTestApp({ accounts: [account], graphql });
}

/** Another site, with nothing on its page. */
function startEmptyPage() {
  const server = createServer((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><link rel="icon" href="data:,">');
  });
  return {
    async url(): Promise<string> {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('It listens on no port.');
      return `http://127.0.0.1:${address.port}`;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Brings a tab to the front, and waits until GraphiQL has read what it holds: till then, it would run the one before. */
async function selectTab(page: Page, name: string): Promise<void> {
  const tab = page.getByRole('tab', { name });
  // Chosen again, a tab would forget what was just written into its headers.
  if ((await tab.getAttribute('aria-selected')) === 'true') return;
  await tab.click();
  await page.waitForURL(({ searchParams }) => searchParams.get('query')?.includes(` ${name} {`) === true);
}

/** Runs what a tab holds. */
async function run(page: Page, tab: string): Promise<void> {
  await selectTab(page, tab);
  await page.getByRole('button', { name: /^Execute query/ }).click();
}

/** Waits until something stands in the answer. */
async function answerWith(page: Page, text: string): Promise<void> {
  await page.locator('.result-window').getByText(text).first().waitFor();
}

/** Writes a token where each tab's headers have a place for it. */
async function writeToken(page: Page, token: string): Promise<void> {
  const editor = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .monaco-editor').first();
  await editor.click();
  for (const key of ['Control+Home', 'ArrowDown', 'End', 'ArrowLeft']) await page.keyboard.press(key);
  await page.keyboard.insertText(token);
  await editor.getByText(`"Bearer ${token}"`).first().waitFor();
  // The tab keeps it 100 ms later, by a timer of the page. One that begins after that one, with as long to wait, ends after it.
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 100))');
}

async function expectDocumentation(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByText('CampaignSummary').first().waitFor();
}

/** As it stands in the answer, which is JSON. */
const hint = 'Sign in: write {\\"Authorization\\": \\"Bearer <token>\\"}';

const query = '{ accounts { name } }';
const subscription = 'subscription { campaignUpdated { cursor } }';

// What is run in a page is a text: it is none of ours.

function firstAnswer(url: string, bearer: string): string {
  const headers = { authorization: bearer, 'content-type': 'application/json' };
  const options = JSON.stringify({ method: 'POST', headers, body: JSON.stringify({ query }) });
  return `fetch('${url}/graphql', ${options}).then((response) => response.text())`;
}

function firstEvent(url: string, bearer: string): string {
  const headers = { authorization: bearer, 'content-type': 'application/json', accept: 'text/event-stream' };
  const options = JSON.stringify({ method: 'POST', headers, body: JSON.stringify({ query: subscription }) });
  return `(async () => {
    const response = await fetch('${url}/graphql', ${options});
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes('event: next')) return text;
    }
    return text;
  })()`;
}

function firstMessage(url: string, bearer: string): string {
  const greeting = JSON.stringify({ type: 'connection_init', payload: { authorization: bearer } });
  return `new Promise((resolve) => {
    const socket = new WebSocket('${url.replace('http', 'ws')}/graphql', 'graphql-transport-ws');
    socket.onopen = () => socket.send(${JSON.stringify(greeting)});
    socket.onmessage = ({ data }) => resolve(data);
    socket.onclose = ({ code }) => resolve(String(code));
  })`;
}
