import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be closed and opened again. */
export interface Road extends AsyncDisposable {
  readonly port: number;
  /** How many connections lead over it. */
  readonly open: number;
  /** Resets what leads over it; from then on, connections are refused. */
  close(): Promise<void>;
  /** Lets connections through again, at the same port. */
  reopen(): Promise<void>;
  /**
   * The next message in which this stands arrives, and its answer does not: the connection is reset.
   * @returns what resolves once that has happened
   */
  loseAnswerTo(words: string): Promise<void>;
  /** From now on what is sent arrives, and no answer comes back; connections are made, and stay open. */
  silence(): void;
  /** Ends the silence: connections that are made from then on are answered. */
  speak(): void;
}

/** @param target the port at 127.0.0.1 that it leads to */
export async function startRoad(target: number): Promise<Road> {
  const sockets = new Set<Socket>();
  let loss: { readonly words: string; readonly happened: () => void } | null = null;
  let isSilent = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };

  function open(port: number): Promise<Server> {
    const server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      keep(near);
      keep(far);
      near.on('data', (bytes) => {
        if (loss === null || !bytes.includes(loss.words)) return;
        // Once it has answered, it has done what it was asked for.
        far
          .removeAllListeners('data')
          .once('data', loss.happened)
          .on('data', () => near.resetAndDestroy());
        loss = null;
      });
      near.pipe(far);
      far.on('data', (bytes) => {
        if (!isSilent) near.write(bytes);
      });
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
    });
  }

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  }

  let server = await open(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The road begins at no port.');
  const { port } = address;
  return {
    port,
    get open() {
      return sockets.size / 2;
    },
    close,
    async reopen() {
      server = await open(port);
    },
    loseAnswerTo: (words) =>
      new Promise((resolve) => {
        loss = { words, happened: () => resolve() };
      }),
    silence() {
      isSilent = true;
    },
    speak() {
      isSilent = false;
    },
    [Symbol.asyncDispose]: close,
  };
}
