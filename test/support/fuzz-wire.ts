import { connect } from 'node:net';

/**
 * Writes bytes to a server and half closes the connection, or resets it once they are out.
 * @returns the statuses of the answers, once the server has closed
 */
export function exchange(url: string, bytes: string | Buffer, { reset = false } = {}): Promise<number[]> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes, () => {
        if (reset) socket.resetAndDestroy();
        else socket.end();
      });
    });
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    // The server may well close while more is being written.
    socket.on('error', () => {});
    socket.on('close', () =>
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))),
    );
  });
}

export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request of HTTP/1.1 as it goes over the wire; whatever is wrong with its parts stays wrong. */
export function written({ method, target, headers = [], body = '' }: WireRequest, host: string): string {
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...headers];
  if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
