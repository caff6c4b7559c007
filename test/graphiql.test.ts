import { Kind, type OperationDefinitionNode, parse } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { exampleTabs } from '../src/graphql/examples.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp, type TestApp } from './support/app.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

let app: TestApp;

beforeAll(async () => {
  await using stack = new AsyncDisposableStack();
  // Fast enough for a campaign to begin or end within a moment.
  const simulator = stack.use(await startSimulator({ campaigns: 12, speed: 60 }));
  app = stack.use(await startTestApp({ accounts: providerNames.map((name) => accountAt(simulator, name)) }));
  await until(async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount > 20);
  const kept = stack.move();
  return () => kept.disposeAsync();
});

describe('the page', () => {
  const getPage = () => fetch(`${app.url}/graphql`, { headers: { accept: 'text/html' } });

  test('is given to a browser', async () => {
    const response = await getPage();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    const page = await response.text();
    expect(page).toMatch(/^\s*<!doctype html>/i);
    expect(page).toContain('<title>campaign-graph</title>');
  });

  test('fetches nothing from anywhere else', async () => {
    const page = await (await getPage()).text();
    const own = /^(?:\/(?!\/)|\.{1,2}\/|#|data:|blob:)/;
    const tags = page
      .replaceAll(/(<script\b[^>]*>)[\s\S]*?<\/script>/gi, '$1')
      .replaceAll(/(<style\b[^>]*>)[\s\S]*?<\/style>/gi, '$1');
    const fetched = [
      ...tags.matchAll(
        /<(?:script|link|img|iframe|source|object|embed)\b[^>]*?\b(?:src|href|data)\s*=\s*["']?([^"'\s>]+)/gi,
      ),
    ];
    expect(fetched.map(([, url = '']) => url).filter((url) => !own.test(url))).toEqual([]);
    // Style sheets, wherever they stand, and scripts.
    expect(page.match(/@import\s+(?:url\()?["']?(?:https?:)?\/\/[^\s"')]+/g)).toBeNull();
    expect(
      page.match(/\burl\(\s*["']?(?:https?:)?\/\/[^\s"')]+/g)?.filter((url) => !url.includes('www.w3.org')) ??
        [],
    ).toEqual([]);
    expect(page.match(/\bimport\s*\(?\s*["'`](?:https?:)?\/\/[^"'`]+/g)).toBeNull();
    expect(page.match(/\bfrom\s*["'`]https?:\/\/[^"'`]+/g)).toBeNull();
    expect(page.match(/\.src\s*=\s*["'`](?:https?:)?\/\/[^"'`]+/g)).toBeNull();
  });

  test('opens with the examples, and sends subscriptions over WebSocket', async () => {
    const page = await (await getPage()).text();
    for (const { query } of exampleTabs) {
      const [, name] = /^(?:query|mutation|subscription) (\w+)/m.exec(query) ?? [];
      expect(name).toBeDefined();
      expect(page).toContain(`${name} {`);
    }
    expect(page).toContain('"subscriptionsProtocol":"WS"');
  });
});

describe('the example', () => {
  const examples = exampleTabs.map(({ query }) => {
    const operation = parse(query).definitions.find(
      (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
    );
    return { name: operation?.name?.value ?? '', type: operation?.operation, query };
  });

  test('of each kind there is one', () => {
    expect(new Set(examples.map(({ type }) => type))).toEqual(new Set(['query', 'mutation', 'subscription']));
  });

  test.each(examples.filter(({ type }) => type !== 'subscription'))(
    '$name is answered',
    async ({ query, type }) => {
      const { data, errors } = await app.request(query);
      expect(errors).toBeUndefined();
      for (const answer of Object.values<Record<string, unknown>>(data)) {
        expect(answer).not.toBeNull();
        if (type === 'mutation') expect(answer.errors).toEqual([]);
      }
    },
  );

  test.each(examples.filter(({ type }) => type === 'subscription'))(
    '$name tells of changes',
    async ({ query }) => {
      using told = overWebSocket(app.url, query);
      await told.atLeast(1);
      expect(told.errors).toEqual([]);
    },
  );
});
