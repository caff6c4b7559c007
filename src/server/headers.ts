import type { ServerResponse } from 'node:http';

/**
 * What every answer tells browsers (OWASP's "HTTP Security Response Headers Cheat Sheet"): it is what it says it is, it
 * goes into nobody's page, frame or cache, and nothing in it is run or loaded. Who asks from an allowed origin is not
 * concerned: CORS has the say there, and Cross-Origin-Resource-Policy only where it was not asked.
 */
const securityHeaders = new Map([
  [
    'content-security-policy',
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  // Of frame-ancestors, for browsers that do not know it.
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cache-control', 'no-store'],
]);

/** Called before an answer is begun: what the answer itself says of one of these headers goes before. */
export function setSecurityHeaders(response: ServerResponse): void {
  response.setHeaders(securityHeaders);
}
