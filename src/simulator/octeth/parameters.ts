/** A command's parameters, whose names Octeth matches without regard to case. */
export interface Parameters {
  /** The value, without spaces around it; '' when it is missing. */
  text(name: string): string;
  flag(name: string): boolean;
  /** The parts between commas. */
  list(name: string): string[];
  has(name: string): boolean;
}

export function parametersOf(fields: Readonly<Record<string, string>>): Parameters {
  const values = new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value.trim()]));
  const text = (name: string) => values.get(name.toLowerCase()) ?? '';
  return {
    text,
    has: (name) => text(name) !== '',
    flag: (name) => ['true', '1', 'yes'].includes(text(name).toLowerCase()),
    list: (name) =>
      text(name)
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
  };
}
