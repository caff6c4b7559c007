import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { GraphiQLOptions } from 'graphql-yoga';
import { exampleTabs } from '../graphql/examples.ts';
import { signIn, signInHeaders, signInTab } from './graphiql-sign-in.ts';

/** GraphiQL's page, from our own files: it works with no internet. */
export type Graphiql = (response: ServerResponse) => Promise<void>;

/** @param isOpen whether everybody is let in without a token: else the page says how to sign in, and does it */
export function createGraphiql({ isOpen }: { readonly isOpen: boolean }): Graphiql {
  // It is large, so it is made when first asked for.
  let page: ReturnType<typeof makePage> | null = null;
  return async (response) => {
    page ??= makePage(isOpen);
    const { html, policy } = await page;
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': html.length,
      'content-security-policy': policy,
    });
    response.end(html);
  };
}

const commonOptions = {
  title: 'campaign-graph',
  subscriptionsProtocol: 'WS',
  inputValueDeprecation: true,
  schemaDescription: true,
} as const satisfies GraphiQLOptions;

const openOptions: GraphiQLOptions = { ...commonOptions, defaultTabs: [...exampleTabs] };

const closedOptions: GraphiQLOptions = {
  ...commonOptions,
  defaultTabs: [signInTab, ...exampleTabs],
  defaultHeaders: signInHeaders,
  defaultEditorToolsVisibility: 'headers',
  // A token in the browser's storage would outlast the visit.
  shouldPersistHeaders: false,
};

async function makePage(isOpen: boolean) {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const rendered = renderGraphiQL(isOpen ? openOptions : closedOptions);
  const page = rendered.replace('</head>', () => `${steadyTabs}</head>`);
  const html = isOpen ? page : withOptions(page, `...(${signIn})()`);
  return { html: Buffer.from(html), policy: policyOf(html) };
}

/**
 * A tab that gets the focus is moved to where a drag would have left it: with several tabs from the start it jumps away
 * from under the pointer, and the click goes nowhere. So it stays where it is.
 */
const steadyTabs = '<style>.graphiql-tab { transform: none !important; }</style>';

/** The options go into the page as JSON, which has no functions: those are written in. */
function withOptions(page: string, code: string): string {
  const [before, call, after] = page.split(/(YogaGraphiQL\.renderYogaGraphiQL\(\s*window[^{]*\{)/);
  if (!call || !after) throw new Error('GraphiQL is begun in another way than the one that is known.');
  return `${before}${call}${code},${after}`;
}

/**
 * The page's one script is run and no other; its workers it makes itself, as blobs. The editor writes its style sheets
 * while it runs, so those can't be named. 'self' is WebSocket too (CSP 3, "Does url match expression in origin").
 */
function policyOf(html: string): string {
  const script = html.slice(html.indexOf('<script>') + '<script>'.length, html.lastIndexOf('</script>'));
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'font-src data:',
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
