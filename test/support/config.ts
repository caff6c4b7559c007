import { ConfigError, readConfig } from '../../src/config.ts';

/** What the environment's SECRET holds. */
export const secret = '5ecr3t-k3y';

/** ${NAME}, as a configuration writes it. */
export function placeholder(name: string): string {
  return `\${${name}}`;
}

/** What a configuration is refused with, a sentence per problem; JSON is YAML, too. */
export function problemsOf(config: object | string): readonly string[] {
  try {
    readConfig(typeof config === 'string' ? config : JSON.stringify(config), { SECRET: secret });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
