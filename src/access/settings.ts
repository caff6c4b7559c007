import { z } from 'zod';
import { holdsCredentials, noCredentials } from '../model/credentials.ts';
import { isLoopback } from '../model/loopback.ts';

/** Who may sign in, as the section `auth` of the configuration has it (contract/service.md, "Signing in"). */
export type AuthSettings = z.output<typeof authSettings>;
export type TokenSettings = AuthSettings['tokens'][number];
export type JwtSettings = NonNullable<AuthSettings['jwt']>;

export const roles = ['viewer', 'operator'] as const;

/** An HMAC with a shorter key than its hash can be found by trying (RFC 7518, section 3.2). */
const shortestSecretBytes = 32;

const someText = z.string().min(1, 'must not be empty');

// Problems of what a value holds together are told along with those of its parts, so it may be half read.
const whenObject = { when: ({ value }: z.core.ParsePayload) => typeof value === 'object' && value !== null };
const whenArray = { when: ({ value }: z.core.ParsePayload) => Array.isArray(value) };

const token = z.strictObject({
  name: z
    .string()
    .regex(/^[^\p{C}\p{Z}]([^\p{C}]{0,98}[^\p{C}\p{Z}])?$/u, 'must be 1 to 100 visible characters'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be the SHA-256 of the token, as 64 hexadecimal digits')
    .toLowerCase(),
  role: z.enum(roles, {
    error: ({ input }) => `${input === undefined ? 'missing' : 'unknown'}; there are ${roles.join(' and ')}`,
  }),
  accounts: z
    .array(someText)
    .min(1, 'must name at least one account, or be ["*"]')
    .refine((names) => !names.includes('*') || names.length === 1, {
      message: '"*" stands for all accounts, and alone',
      ...whenArray,
    }),
  /** ms since 1970 */
  expiresAt: z.iso
    .datetime({ offset: true, error: 'must be a date and time with its zone, such as 2027-01-31T00:00:00Z' })
    .transform((text) => Date.parse(text))
    .optional(),
});

const jwt = z
  .strictObject({
    jwksUrl: z
      .string()
      .refine(isKeySetUrl, 'must be a URL that begins with https://, or with http:// on a loopback address')
      .refine((text) => !holdsCredentials(text), noCredentials)
      .optional(),
    secret: z
      .string()
      .refine(
        (text) => Buffer.byteLength(text) >= shortestSecretBytes,
        `must be of at least ${shortestSecretBytes} bytes`,
      )
      .optional(),
    issuer: someText,
    audience: someText,
    rolesClaim: someText.default('role'),
    accountsClaim: someText.default('accounts'),
  })
  .refine((settings) => keySourceOf(settings) !== null, {
    message: 'needs either jwksUrl or secret',
    ...whenObject,
  })
  .transform(({ jwksUrl, secret, ...claims }) => {
    const source = keySourceOf({ jwksUrl, secret });
    return source ? { ...claims, source } : z.NEVER;
  });

export const authSettings = z
  .strictObject(
    {
      tokens: z.array(token).superRefine(tellRepeated, whenArray).default([]),
      jwt: jwt.optional(),
    },
    // "auth:" with nothing below it.
    {
      error: ({ input }) =>
        input === null ? 'is empty: leave it out, or name `tokens` or `jwt`' : undefined,
    },
  )
  .refine(({ tokens, jwt }) => jwt !== undefined || tokens?.length !== 0, {
    message: 'needs tokens or jwt: nobody could sign in',
    ...whenObject,
  });

/**
 * Which accounts are named by tokens though there are none of that name, a sentence each, with its path.
 * @param auth the section as it was written; what else is wrong with it is told elsewhere
 * @param names those of all accounts
 */
export function unknownAccounts(auth: unknown, names: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const [place, { accounts }] of writtenTokens(auth).entries()) {
    for (const [at, account] of accounts.entries()) {
      if (typeof account !== 'string' || account === '*' || names.has(account)) continue;
      // The name is not repeated: a secret may have got there by mistake.
      problems.push(`auth.tokens[${place}].accounts[${at}]: there is no account of this name`);
    }
  }
  return problems;
}

const writtenToken = z.object({ accounts: z.array(z.unknown()).catch([]) }).catch({ accounts: [] });
const writtenAuth = z.object({ tokens: z.array(writtenToken) });

function writtenTokens(auth: unknown) {
  return writtenAuth.safeParse(auth).data?.tokens ?? [];
}

const labelled = z.array(
  z.object({ name: z.unknown(), sha256: z.unknown() }).catch({ name: null, sha256: null }),
);

function tellRepeated(tokens: unknown, context: z.core.$RefinementCtx): void {
  for (const key of ['name', 'sha256'] as const) {
    const seen = new Set<unknown>();
    for (const [place, { [key]: label }] of labelled.parse(tokens).entries()) {
      if (typeof label === 'string' && seen.has(label))
        context.addIssue({ code: 'custom', path: [place, key], message: 'another token has the same' });
      seen.add(label);
    }
  }
}

type KeySource = { readonly jwksUrl: string } | { readonly secret: string };

/** null: there is none, or there are two, and it would be a guess which one is meant */
function keySourceOf(given: {
  readonly jwksUrl?: string | undefined;
  readonly secret?: string | undefined;
}): KeySource | null {
  const { jwksUrl, secret } = given;
  if (jwksUrl !== undefined && secret === undefined) return { jwksUrl };
  if (secret !== undefined && jwksUrl === undefined) return { secret };
  return null;
}

/** Keys that come in the clear could be anybody's. */
function isKeySetUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol === 'https:') return true;
  return url?.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1'));
}
