import type { Config } from './config.ts';

/** What the accounts do not tell of themselves: the key that JWTs are signed with, and the database's password. */
export function secretsOf({ auth, database }: Pick<Config, 'auth' | 'database'>): string[] {
  const source = auth?.jwt?.source;
  const password = URL.parse(database)?.password ?? '';
  return [...(source && 'secret' in source ? [source.secret] : []), password, decoded(password)];
}

/** As it is, where it was written without escaping what has to be. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
