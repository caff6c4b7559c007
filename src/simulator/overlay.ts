export type WireObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A wire object with others' fields laid over it: objects are merged, everything else replaced. A field that is
 * `undefined` stays in the object as such, which leaves it out of the JSON.
 */
export function overlay(wire: WireObject, over: WireObject): WireObject {
  const result: Record<string, unknown> = { ...wire };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isObject(below) && isObject(value) ? overlay(below, value) : value;
  }
  return result;
}
