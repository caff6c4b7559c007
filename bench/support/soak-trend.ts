/** A figure at a moment. */
export interface Point {
  readonly minutes: number;
  readonly value: number;
}

/** By how much a figure grows in a minute: the slope of the line that is nearest to the points (least squares). */
export function slopeOf(points: readonly Point[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanMinutes = mean(points.map(({ minutes }) => minutes));
  const meanValue = mean(points.map(({ value }) => value));
  let above = 0;
  let below = 0;
  for (const { minutes, value } of points) {
    above += (minutes - meanMinutes) * (value - meanValue);
    below += (minutes - meanMinutes) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
