/**
 * How many of so many things one of the replicas takes care of: all replicas come to the same answer, the shares differ
 * by one at most, and there is one for each thing. Pure.
 */
export function shareOf(things: number, replicas: readonly string[], replica: string): number {
  const place = [...replicas].sort().indexOf(replica);
  if (place < 0) return 0;
  return Math.floor(things / replicas.length) + (place < things % replicas.length ? 1 : 0);
}
