/** Lets one at a time do something, or so many, in the order in which they have come. */
export function createTurns(atOnce = 1) {
  const waiting: (() => void)[] = [];
  let taken = 0;

  async function begin(): Promise<void> {
    if (taken < atOnce) taken += 1;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
  }

  function end(): void {
    const next = waiting.shift();
    if (next) next();
    else taken -= 1;
  }

  return {
    /** Resolves once it is the caller's turn, which lasts until the caller calls `end`. */
    begin,
    end,

    /** Does the work once it is its turn, which lasts until it has ended. */
    async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
      await begin();
      try {
        return await work();
      } finally {
        end();
      }
    },
  };
}
