import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { type AuthSettings, authSettings, unknownAccounts } from './access/settings.ts';
import type { AccountSettings } from './accounts/account.ts';
import { type Environment, fillIn, firstOfEachPath, pathText, sentences } from './config-problems.ts';
import { channels } from './model/campaign.ts';
import { isLoopback } from './model/loopback.ts';
import { providers } from './providers/index.ts';
import type { Provider } from './providers/provider.ts';
import { httpUrl, timeZone } from './providers/settings.ts';
import { type RetentionSettings, retentionSettings } from './retention/settings.ts';
import { type GraphQLSettings, graphqlSettings, type Limits, limitsSettings } from './server/settings.ts';

/** What the service runs by. Frozen; made only here. */
export interface Config {
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string | null;
    readonly allowedOrigins: readonly string[];
  };
  /** `sqlite:<file>`, `sqlite::memory:` or `postgres://…` */
  readonly database: string;
  readonly accounts: readonly AccountSettings[];
  /** Who may sign in; null: everybody, from this machine alone. */
  readonly auth: AuthSettings | null;
  readonly limits: Limits;
  readonly graphql: GraphQLSettings;
  readonly retention: RetentionSettings;
  /** Campaigns to follow from the start. */
  readonly follow: readonly { readonly account: string; readonly externalId: string }[];
}

/** Everything that is wrong with a configuration, a sentence each, with its path. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * @param text YAML; `${NAME}` in it stands for the environment's variable
 * @throws ConfigError
 */
export function readConfig(text: string, environment: Environment): Config {
  return parseConfig(parseYaml(text), environment);
}

/** The library's own messages quote the text, which may hold a key: only the place is told. */
function parseYaml(text: string): unknown {
  try {
    return parse(text, { prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    if (!(error instanceof YAMLParseError))
      throw new ConfigError(['configuration: not YAML that can be read']);
    const line = text.slice(0, error.pos[0]).split('\n').length;
    throw new ConfigError([`line ${line}: not YAML (${error.code})`]);
  }
}

/**
 * The same from a value, as the demonstration and tests have it.
 * @throws ConfigError
 */
export function parseConfig(value: unknown, environment: Environment): Config {
  const problems: string[] = [];
  const filled = fillIn(value, environment, [], problems);
  const root = rootSchema.safeParse(filled ?? {});
  for (const issue of root.error?.issues ?? []) problems.push(...sentences(issue));
  const accounts = readAccounts(filled, problems);
  problems.push(...followProblems(filled), ...accessProblems(filled));
  if (problems.length > 0 || !root.data) throw new ConfigError(firstOfEachPath(problems));
  const { server, database, auth = null, limits, graphql, retention, follow } = root.data;
  return Object.freeze({
    server: Object.freeze({ ...server, publicUrl: server.publicUrl ?? null }),
    database,
    auth: auth && Object.freeze(auth),
    accounts: Object.freeze(accounts),
    limits: Object.freeze(limits),
    graphql: Object.freeze(graphql),
    retention: Object.freeze(retention),
    follow: Object.freeze(follow),
  });
}

const seconds = z.number().positive();
const budget = z.strictObject({
  limit: z.int().positive().max(1_000_000),
  windowSeconds: z.int().positive(),
});
const budgets = z.union([budget.transform((one) => [one]), z.array(budget).min(1)]).optional();
const pollingSchema = z.strictObject({ fastest: seconds.optional(), slowest: seconds.optional() });

const followed = z.strictObject({
  account: z.string(),
  externalId: z.preprocess(
    // A larger number has lost digits already: it must be quoted.
    (value) => (Number.isSafeInteger(value) ? String(value) : value),
    z
      .string({ error: ({ input }) => (input === undefined ? undefined : 'must be a text, in quotes') })
      .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters'),
  ),
});
const followSchema = z.array(followed).default([]);

const rootSchema = z.strictObject({
  server: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.preprocess(numberOf, z.int().min(0).max(65_535).default(4000)),
      publicUrl: httpUrl.optional(),
      allowedOrigins: z.array(httpUrl.transform((url) => new URL(url).origin)).default([]),
    })
    .prefault({}),
  database: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'must be sqlite:<file>, sqlite::memory: or postgres://…')
    .default('sqlite:./data/campaign-graph.db'),
  auth: authSettings.optional(),
  limits: limitsSettings,
  graphql: graphqlSettings,
  retention: retentionSettings,
  // Read one by one below, each by its provider's own schema.
  accounts: z.array(z.unknown()).min(1, 'must name at least one account'),
  polling: pollingSchema.default({}),
  follow: followSchema,
});

const pollingDefaults = { fastest: 5, slowest: 3_600 };

/** What every account has, whatever its provider. */
const commonSchema = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be of a-z, 0-9, "-", "_" and "."'),
  provider: z.string(),
  requestBudget: budgets,
  polling: pollingSchema.default({}),
  timeoutSeconds: seconds.max(120).default(10),
});

/** Keys that mean something to some providers; the others take them without complaint. */
const sharedShape = {
  channel: z.enum(channels).optional(),
  timeZone: timeZone.optional(),
  reportHosts: z.array(z.string()).optional(),
};

/** `extend` keeps the provider's own checks, and its keys go before the shared ones. */
function accountSchema({ settings }: Provider) {
  const shared = Object.entries(sharedShape).filter(([name]) => !(name in settings.shape));
  return settings.extend({ ...Object.fromEntries(shared), ...commonSchema.shape }).strict();
}

/** @param filled the whole configuration; what is wrong with it is added to `problems` */
function readAccounts(filled: unknown, problems: string[]): AccountSettings[] {
  const root = z
    .object({ accounts: z.array(z.unknown()), polling: pollingSchema.catch({}) })
    .safeParse(filled);
  const accounts: AccountSettings[] = [];
  for (const [place, entry] of (root.data?.accounts ?? []).entries()) {
    const path = ['accounts', place];
    const provider = findProvider(entry, path, problems);
    const account = provider && readAccount(entry, provider, root.data?.polling ?? {}, path, problems);
    if (!account) continue;
    if (accounts.some(({ name }) => name === account.name)) {
      problems.push(`${pathText([...path, 'name'])}: "${account.name}" is taken already`);
    }
    accounts.push(account);
  }
  return accounts;
}

function findProvider(entry: unknown, path: readonly PropertyKey[], problems: string[]): Provider | null {
  const name = z.looseObject({ provider: z.string() }).safeParse(entry).data?.provider;
  const provider = providers.find((one) => one.name === name);
  if (provider) return provider;
  const known = providers.map((one) => one.name).join(', ');
  problems.push(
    `${pathText([...path, 'provider'])}: ${name === undefined ? 'missing' : 'unknown'}; there are ${known}`,
  );
  return null;
}

function readAccount(
  entry: unknown,
  provider: Provider,
  rootPolling: z.output<typeof pollingSchema>,
  path: readonly PropertyKey[],
  problems: string[],
): AccountSettings | null {
  const whole = accountSchema(provider).safeParse(entry);
  const common = commonSchema.safeParse(entry);
  if (!whole.success || !common.success) {
    for (const issue of whole.error?.issues ?? []) problems.push(...sentences(issue, path));
    return null;
  }
  const { name, requestBudget, timeoutSeconds, polling } = common.data;
  const fastest = polling.fastest ?? rootPolling.fastest ?? pollingDefaults.fastest;
  const slowest = polling.slowest ?? rootPolling.slowest ?? Math.max(fastest, pollingDefaults.slowest);
  if (slowest < fastest) {
    problems.push(
      `${pathText([...path, 'polling'])}: slowest (${slowest} s) is below fastest (${fastest} s)`,
    );
  }
  return {
    name,
    provider,
    settings: whole.data,
    requestBudgets: requestBudget ?? provider.requestBudgets,
    polling: { fastestMs: fastest * 1000, slowestMs: slowest * 1000 },
    timeoutMs: timeoutSeconds * 1000,
  };
}

/** An account that is named, and has a fault of its own, is there all the same. */
function followProblems(filled: unknown): string[] {
  const named = z.object({ name: z.unknown() }).catch({ name: null });
  const lists = z.object({ accounts: z.array(named).catch([]), follow: followSchema }).safeParse(filled);
  const problems: string[] = [];
  for (const [place, { account }] of (lists.data?.follow ?? []).entries()) {
    if (lists.data?.accounts.some(({ name }) => name === account)) continue;
    problems.push(`follow[${place}].account: there is no account "${account}"`);
  }
  return problems;
}

/** Whoever reaches an address that is not this machine's own has to sign in, and tokens name accounts that there are. */
function accessProblems(filled: unknown): string[] {
  const written = z
    .object({
      server: z.object({ host: z.string() }).catch({ host: '127.0.0.1' }),
      auth: z.unknown().optional(),
      accounts: z.array(z.object({ name: z.unknown() }).catch({ name: null })).catch([]),
    })
    .safeParse(filled).data;
  if (!written) return [];
  const names = written.accounts.flatMap(({ name }) => (typeof name === 'string' ? name : []));
  const problems = unknownAccounts(written.auth, new Set(names));
  if (written.auth === undefined && !isLoopback(written.server.host)) {
    const why = 'the API would be open to whoever reaches it';
    problems.push(
      `server.host: only a loopback address (127.0.0.1, ::1, localhost) without \`auth\`: ${why}`,
    );
  }
  return problems;
}

/** What comes from the environment is text, also where a number is wanted. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}
