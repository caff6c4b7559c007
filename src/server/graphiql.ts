import type { GraphiQLOptions } from 'graphql-yoga';
import { exampleTabs } from '../graphql/examples.ts';

export const graphiqlOptions: GraphiQLOptions = {
  title: 'campaign-graph',
  subscriptionsProtocol: 'WS',
  defaultTabs: [...exampleTabs],
  inputValueDeprecation: true,
  schemaDescription: true,
};

/**
 * A tab that gets the focus is moved to where a drag would have left it: with several tabs from the start it jumps away
 * from under the pointer, and the click goes nowhere. So it stays where it is.
 */
const steadyTabs = '<style>.graphiql-tab { transform: none !important; }</style>';

/** GraphiQL from our own files: it works with no internet. It is large, so it is loaded when first asked for. */
export async function renderGraphiql(options: GraphiQLOptions): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  return renderGraphiQL(options).replace('</head>', () => `${steadyTabs}</head>`);
}
