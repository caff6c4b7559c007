/** Counts calls per client in fixed windows of a minute, that begin with the client's first call. */
export interface RateLimit {
  take(client: string): boolean;
  retryAfterSeconds(client: string): number;
  remaining(client: string): number;
  /** When the client's window ends, in ms since 1970. */
  resetsAt(client: string): number;
}

const windowMs = 60_000;

export function createRateLimit(callsPerMinute: number, now: () => number): RateLimit {
  const windows = new Map<string, { began: number; calls: number }>();

  function windowOf(client: string): { began: number; calls: number } {
    const window = windows.get(client);
    if (window && now() < window.began + windowMs) return window;
    const fresh = { began: now(), calls: 0 };
    windows.set(client, fresh);
    return fresh;
  }

  return {
    take(client) {
      const window = windowOf(client);
      if (window.calls >= callsPerMinute) return false;
      window.calls += 1;
      return true;
    },
    retryAfterSeconds: (client) =>
      Math.max(1, Math.ceil((windowOf(client).began + windowMs - now()) / 1_000)),
    remaining: (client) => Math.max(0, callsPerMinute - windowOf(client).calls),
    resetsAt: (client) => windowOf(client).began + windowMs,
  };
}
