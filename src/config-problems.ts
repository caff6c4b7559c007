import type { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is not in the environment makes its place wrong in other ways too: one sentence is enough. */
export function firstOfEachPath(problems: readonly string[]): string[] {
  const byPath = new Map<string, string>();
  for (const problem of problems) {
    const [path = ''] = problem.split(': ', 1);
    if (!byPath.has(path)) byPath.set(path, problem);
  }
  return [...byPath.values()];
}

/** Puts the environment's values in the place of `${NAME}`, everywhere in the texts of a value. */
export function fillIn(
  value: unknown,
  environment: Environment,
  path: readonly PropertyKey[],
  problems: string[],
): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_whole, name: string) => {
      const filled = environment[name];
      if (filled === undefined || filled === '')
        problems.push(`${pathText(path)}: \${${name}} is not in the environment`);
      // Something must stand there, or the same fault is told twice.
      return filled || 'missing';
    });
  }
  if (Array.isArray(value))
    return value.map((part, place) => fillIn(part, environment, [...path, place], problems));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, fillIn(part, environment, [...path, name], problems)]),
  );
}

/** zod's findings as people read them. They name no value, so no secret. */
export function sentences(issue: z.core.$ZodIssue, parent: readonly PropertyKey[] = []): string[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${pathText([...path, key])}: unknown key`);
  if (issue.code === 'invalid_union') {
    // The branch that got furthest is the one that was meant.
    const depth = (branch: readonly z.core.$ZodIssue[]) => Math.max(...branch.map((one) => one.path.length));
    const [meant] = [...issue.errors].sort((one, other) => depth(other) - depth(one));
    if (meant) return meant.flatMap((one) => sentences(one, path));
  }
  const isMissing = issue.code === 'invalid_type' && /received undefined/.test(issue.message);
  const message = isMissing ? 'missing' : issue.message.replace(/^Invalid input: /, '');
  return [`${pathText(path)}: ${message}`];
}

/** accounts[1].apiKey */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || 'configuration';
}
