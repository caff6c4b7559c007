/** Counts what is open at a time, by key. @param most how many there may be of one */
export function createCount(most: number) {
  const counts = new Map<string, number>();

  return {
    /**
     * Counts one more. @returns a function that counts it off again, once; null: there are as many as may be.
     * @param weight as how many it counts
     */
    add(key: string, weight = 1): (() => void) | null {
      const before = counts.get(key) ?? 0;
      if (before + weight > most) return null;
      counts.set(key, before + weight);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        const left = (counts.get(key) ?? weight) - weight;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      };
    },
  };
}
