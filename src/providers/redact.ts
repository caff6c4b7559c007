const secretName = '(api[-_]?key|apikey|session[-_]?id|bearer|token|authorization|password|secret)';
const secretNames = new RegExp(`^${secretName}$`, 'i');
const mask = '[redacted]';
/** Where providers notify us: the last part is a secret of its own, which a provider may quote. */
const webhooks = /(\/webhooks\/[\w.-]+\/)[\w-]{16,}/g;

export interface Redactor {
  /** Takes the secrets out of a text, also where they stand encoded for a URL, a form or JSON. */
  text(text: string): string;
  /** Whether there may be anything to take out of a JSON text, or of the value that it is parsed to. */
  mayFind(json: string): boolean;
  /** The same for a JSON value; what stands under the name of a secret goes as well, whatever it is. */
  json(value: unknown): unknown;
  /** From now on this one is taken out as well, for good. */
  addSecret(secret: string): void;
  /**
   * The same of one that another will take the place of. Of each holder the newest few are kept in mind: those before
   * have run out, or were refused.
   */
  addToken(token: string, holder: string): void;
}

/** A token is replaced when it is about to run out: so many later it has done so long ago. */
const tokensKept = 8;

/** What removes the given secrets. What was added costs something when it is next used. */
export function createRedactor(secrets: Iterable<string>): Redactor {
  const lasting = new Set(secrets);
  /** By holder, oldest first. */
  const tokens = new Map<string, readonly string[]>();
  let compiled: Patterns | null = null;

  function patterns(): Patterns {
    compiled ??= compile([...lasting, ...[...tokens.values()].flat()]);
    return compiled;
  }

  const text = (dirty: string) => {
    const { secrets } = patterns();
    const clean = secrets ? dirty.replace(secrets, mask) : dirty;
    return clean.replace(webhooks, `$1${mask}`);
  };

  // A secret can be escaped in as many ways as it has characters.
  const mayFind = (dirty: string) => dirty.includes('\\') || patterns().anything.test(dirty);

  function json(value: unknown): unknown {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(json);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([name, inner]) => [text(name), secretNames.test(name) ? mask : json(inner)]),
    );
  }

  function addSecret(secret: string): void {
    if (lasting.has(secret)) return;
    lasting.add(secret);
    compiled = null;
  }

  function addToken(token: string, holder: string): void {
    const others = (tokens.get(holder) ?? []).filter((held) => held !== token);
    tokens.set(holder, [...others, token].slice(-tokensKept));
    compiled = null;
  }

  return { text, mayFind, json, addSecret, addToken };
}

interface Patterns {
  /** null: there are none. */
  readonly secrets: RegExp | null;
  /** Whatever `json` takes out. */
  readonly anything: RegExp;
}

function compile(secrets: readonly string[]): Patterns {
  const forms = new Set(secrets.flatMap(formsOf));
  // Longest first: one secret can begin with another.
  const longestFirst = [...forms].sort((one, other) => other.length - one.length).map(RegExp.escape);
  const names = `"${secretName}"\\s*:`;
  return {
    secrets: forms.size === 0 ? null : new RegExp(longestFirst.join('|'), 'gi'),
    anything: new RegExp([...longestFirst, '/webhooks/', names].join('|'), 'i'),
  };
}

function formsOf(secret: string): string[] {
  if (secret === '') return [];
  const inForm = new URLSearchParams({ secret }).toString().slice('secret='.length);
  return [secret, encodeURIComponent(secret), inForm, JSON.stringify(secret).slice(1, -1)];
}
