/** Counts what is open at a time, by key. @param most how many there may be of one */
export function createCount(most: number) {
  const counts = new Map<string, number>();

  return {
    /** Counts one more. @returns a function that counts it off again, once; null: there are as many as may be. */
    add(key: string): (() => void) | null {
      const before = counts.get(key) ?? 0;
      if (before >= most) return null;
      counts.set(key, before + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        const left = (counts.get(key) ?? 1) - 1;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      };
    },
  };
}
