import type { IncomingMessage } from 'node:http';

/** The path of a request, without the query; what is no URL has none, so there is nothing at it. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split(/[?#]/, 1);
  return path;
}
