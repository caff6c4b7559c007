import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * What each part of src may import besides itself, `import type` included. A part is a folder or a file of src; the
 * order is the one of design.md, from the top down.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['app.ts', 'command-line.ts', 'config.ts', 'demo.ts', 'keep-running.ts', 'tracing'],
  'keep-running.ts': [],
  plan: ['command-line.ts', 'config.ts', 'polling', 'accounts', 'store', 'providers', 'model'],
  'command-line.ts': ['config.ts'],
  'demo.ts': ['app.ts', 'config.ts', 'tracing', 'providers', 'simulator'],
  'app.ts': [
    ...[
      'config.ts',
      'config-secrets.ts',
      'roster.ts',
      'server',
      'graphql',
      'tasks',
      'actions',
      'campaigns',
      'polling',
      'live',
      'replicas',
      'retention',
      'accounts',
      'store',
      'access',
      'tracing',
      'providers',
      'model',
    ],
  ],
  'config-secrets.ts': ['config.ts'],
  replicas: ['tasks', 'actions', 'campaigns', 'polling', 'accounts', 'store', 'model'],
  'roster.ts': ['polling', 'campaigns', 'accounts', 'model'],
  'config.ts': ['config-problems.ts', 'server', 'retention', 'access', 'accounts', 'providers', 'model'],
  'config-problems.ts': [],
  server: ['graphql', 'live', 'access', 'tracing', 'model'],
  graphql: [
    'generated',
    'tasks',
    'actions',
    'campaigns',
    'polling',
    'live',
    'accounts',
    'store',
    'providers',
    'model',
  ],
  polling: ['campaigns', 'accounts', 'model'],
  tasks: ['actions', 'campaigns', 'accounts', 'store', 'model'],
  actions: ['campaigns', 'accounts', 'store', 'model'],
  campaigns: ['accounts', 'store', 'model'],
  live: ['store', 'model'],
  retention: ['store', 'model'],
  accounts: ['providers', 'model'],
  store: ['model'],
  access: ['model'],
  tracing: ['providers', 'model'],
  providers: ['model'],
  model: [],
  simulator: [],
};

/** What codegen writes: the types of the schema, over those of the parts that resolvers speak of. */
const generated = 'generated';

interface Import {
  /** Paths below src. */
  readonly from: string;
  readonly to: string;
}

const root = join(import.meta.dirname, '../src');
const files = globSync('**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
const imports = files.flatMap(importsOf);

function importsOf(from: string): Import[] {
  const text = readFileSync(join(root, from), 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm,
  );
  return [...found]
    .map(([, named, bare, called]) => named ?? bare ?? called ?? '')
    .filter((to) => to.startsWith('.'))
    .map((to) => ({ from, to: posix.join(posix.dirname(from), to) }));
}

/** The folder of src, or the file that stands in src itself. */
function partOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function told(found: readonly Import[]): string[] {
  return found.map(({ from, to }) => `${from} imports ${to}`);
}

test('the imports are found, those over several lines, of types and on demand too', () => {
  expect(files.length).toBeGreaterThan(80);
  expect(told(imports)).toEqual(
    expect.arrayContaining([
      'main.ts imports demo.ts',
      'app.ts imports server/http.ts',
      'graphql/context.ts imports live/live.ts',
      'generated/graphql.ts imports accounts/account.ts',
    ]),
  );
  const missing = imports.filter(({ to }) => !files.includes(to));
  expect(told(missing)).toEqual([]);
});

describe('the parts', () => {
  test('of src all stand in the table, and the table names no others', () => {
    const parts = new Set(files.map(partOf));
    parts.delete(generated);
    expect([...parts].toSorted()).toEqual(Object.keys(mayImport).toSorted());
  });

  test('import one way', () => {
    const odd = imports.filter(({ from, to }) => {
      const [part, other] = [partOf(from), partOf(to)];
      return part !== other && part !== generated && !mayImport[part]?.includes(other);
    });
    expect(told(odd)).toEqual([]);
  });

  test('stand above one another in the table: none leads back to itself', () => {
    const above = Object.keys(mayImport);
    for (const [part, others] of Object.entries(mayImport)) {
      for (const other of others) {
        if (other === generated) continue;
        expect([part, other, above.indexOf(other) > above.indexOf(part)]).toEqual([part, other, true]);
      }
    }
  });

  test('no file leads back to itself, whichever way', () => {
    const hand = imports.filter(({ from, to }) => partOf(from) !== generated && partOf(to) !== generated);
    let left = files;
    // What imports nothing that is left can't be part of a circle.
    for (let before = -1; before !== left.length; ) {
      before = left.length;
      left = left.filter((file) => hand.some(({ from, to }) => from === file && left.includes(to)));
    }
    expect(told(hand.filter(({ from, to }) => left.includes(from) && left.includes(to)))).toEqual([]);
  });

  test('leave what is generated to graphql', () => {
    const users = imports.filter(({ to }) => partOf(to) === generated).map(({ from }) => partOf(from));
    expect([...new Set(users)]).toEqual(['graphql']);
  });
});

describe('providers', () => {
  const folderOf = (file: string) => /^providers\/([^/]+)\//.exec(file)?.[1] ?? null;

  test('know nothing of each other, and what they share knows none of them', () => {
    const odd = imports.filter(({ from, to }) => {
      const registers = from === 'providers/index.ts' && to.endsWith('/index.ts');
      return folderOf(to) !== null && folderOf(from) !== folderOf(to) && !registers;
    });
    expect(told(odd)).toEqual([]);
  });

  test('are all in the registry', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== null));
    const registered = imports
      .filter(({ from }) => from === 'providers/index.ts')
      .map(({ to }) => folderOf(to));
    expect(registered.filter((folder) => folder !== null).toSorted()).toEqual([...folders].toSorted());
  });

  test('are known by name to nobody else, save the worked examples', () => {
    const names = /selzy|bsg|octeth|appizer/i;
    const free = new Set(['providers', 'simulator', generated]);
    const naming = files
      .filter((file) => !free.has(partOf(file)) && file !== 'graphql/examples.ts')
      .filter((file) => names.test(readFileSync(join(root, file), 'utf8')) || names.test(file));
    expect(naming).toEqual([]);
  });
});

test('the simulator stands alone, and only the demonstration starts it', () => {
  const users = imports.filter(({ from, to }) => partOf(to) === 'simulator' && partOf(from) !== 'simulator');
  expect(told(users)).toEqual(['demo.ts imports simulator/simulator.ts']);
});
