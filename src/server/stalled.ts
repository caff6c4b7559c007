import type { Socket } from 'node:net';

/** A client that has taken nothing of what waits for it for so long is let go. */
const patienceMs = 60_000;

/** How many bytes of what was written to a connection are no longer ours to keep. */
export function takenBytes({ bytesWritten, writableLength }: Socket): number {
  return bytesWritten - writableLength;
}

/**
 * Watches a connection whose client is behind.
 * @param letGo called once nothing has been taken for a minute
 * @returns a function that ends the watch
 */
export function watchStalled(connection: Socket, letGo: () => void): () => void {
  let taken = takenBytes(connection);
  let timer = setTimeout(check, patienceMs);

  function check(): void {
    const now = takenBytes(connection);
    if (now === taken) {
      letGo();
    } else {
      taken = now;
      timer = setTimeout(check, patienceMs);
    }
  }

  return () => clearTimeout(timer);
}
