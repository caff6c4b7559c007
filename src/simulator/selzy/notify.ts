const timeoutMs = 10_000;

function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}

/**
 * Posts a notification once. It is never sent to another machine, by a redirect neither, and nobody hears of it when
 * it can't be delivered.
 */
export async function notify(address: string, body: unknown, stopped: AbortSignal): Promise<void> {
  const url = new URL(address);
  if (!isLoopback(url)) return;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
  } catch {
    // Nobody listens there, or the simulator was stopped.
  }
}
