/** Lets one at a time do something, in the order in which they have come. */
export function createTurns() {
  const waiting: (() => void)[] = [];
  let isTaken = false;

  return {
    /** Resolves once it is the caller's turn, which lasts until the caller calls `end`. */
    async begin(): Promise<void> {
      if (isTaken) await new Promise<void>((resolve) => void waiting.push(resolve));
      isTaken = true;
    },

    end(): void {
      const next = waiting.shift();
      if (next) next();
      else isTaken = false;
    },
  };
}
