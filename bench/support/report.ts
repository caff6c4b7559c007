import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** What the figures were measured on. */
export function printMachine(command: string): void {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  console.log(`${command}, ${new Date().toISOString().slice(0, 16)}Z`);
  console.log(`${cpu?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${memory} GB, ${process.platform}`);
  const packages = ['graphql', 'graphql-yoga', 'kysely', 'pg'].map((name) => `${name} ${versionOf(name)}`);
  console.log(`Node.js ${process.versions.node}, ${packages.join(', ')}, SQLite ${sqliteVersion()}`);
  console.log(`The service runs with: node ${[...startOptions(), 'src/main.ts'].join(' ')}\n`);
}

function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}

function sqliteVersion(): string {
  const database = new DatabaseSync(':memory:');
  const row = database.prepare('select sqlite_version() as version').get();
  database.close();
  return String(row?.version);
}

/** A table in Markdown, numbers to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, place) =>
    Math.max(title.length, ...rows.map((row) => (row[place] ?? '').length)),
  );
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, place) =>
      place === 0 ? cell.padEnd(widths[place] ?? 0) : cell.padStart(widths[place] ?? 0),
    );
    console.log(`| ${padded.join(' | ')} |`);
  };
  line(head);
  line(widths.map((width, place) => (place === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
  for (const row of rows) line(row);
  console.log();
}

/** @param share 0.5: the median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The options that `npm start` gives to Node.js: the service is measured as it is started. */
export function startOptions(): string[] {
  const file = new URL('../../package.json', import.meta.url);
  const { scripts } = z
    .object({ scripts: z.object({ start: z.string() }) })
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}
