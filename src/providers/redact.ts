const secretNames = /^(api[-_]?key|apikey|session[-_]?id|bearer|token|authorization|password|secret)$/i;
const mask = '[redacted]';

/** Takes the given secrets out of a text, also where they stand URL- or JSON-encoded. */
export function redactText(text: string, secrets: Iterable<string>): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret === '') continue;
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      clean = clean.replaceAll(form, mask);
    }
  }
  return clean;
}

/** The same for a JSON value; what stands under the name of a secret goes as well, whatever it is. */
export function redactJson(value: unknown, secrets: Iterable<string>): unknown {
  const all = [...secrets];
  const clean = (part: unknown): unknown => {
    if (typeof part === 'string') return redactText(part, all);
    if (Array.isArray(part)) return part.map(clean);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).map(([name, inner]) => [
        redactText(name, all),
        secretNames.test(name) ? mask : clean(inner),
      ]),
    );
  };
  return clean(value);
}
