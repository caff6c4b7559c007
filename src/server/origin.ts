import type { IncomingMessage } from 'node:http';

/**
 * Whether a request may come from where it says it does: from no page at all, from a page of our own, or from one of
 * the configured origins. Browsers tell the origin of every WebSocket and of every request that could do harm.
 */
export function isAllowedOrigin({ headers }: IncomingMessage, allowedOrigins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowedOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
