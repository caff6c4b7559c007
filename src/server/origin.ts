import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../model/loopback.ts';

/** Who may use the API, as far as a browser's own word goes. */
export interface AccessRules {
  readonly publicUrl: string | null;
  readonly allowedOrigins: readonly string[];
  /** Whether everybody is let in without a token, so that a browser could be made to ask for somebody else. */
  readonly isOpen: boolean;
}

/**
 * Whether a request may come from where it says it does, and was meant for us.
 *
 * Browsers tell the origin of every WebSocket and of every request that could do harm: it must be ours or an allowed one.
 * What pages of others fetch as they fetch pictures has no origin, and is told apart by `Sec-Fetch-Site`.
 *
 * Without tokens the host must be an address of this machine or a name that we are known by: else a page could give its
 * own name our address, and be taken for one of ours.
 */
export function isAllowed(
  { headers }: IncomingMessage,
  { publicUrl, allowedOrigins, isOpen }: AccessRules,
): boolean {
  const { origin, host = '', 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  const ours = [...allowedOrigins, ...(publicUrl === null ? [] : [publicUrl])];
  const isOurs = ours.some((url) => new URL(url).host === host) || isLoopback(nameOf(host));
  if (isOpen && !isOurs) return false;
  if (origin === undefined)
    return site === undefined || site === 'same-origin' || site === 'none' || mode === 'navigate';
  if (allowedOrigins.includes(origin) || isOriginOf(publicUrl, origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** What stands before us may give us another host than the one that it is known by. */
function isOriginOf(url: string | null, origin: string): boolean {
  return url !== null && new URL(url).origin === origin;
}

/** "localhost:4000" → "localhost", "[::1]:4000" → "::1" */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
