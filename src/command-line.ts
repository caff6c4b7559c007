import { readFileSync } from 'node:fs';
import { type Config, ConfigError, readConfig } from './config.ts';

/** The configuration file that was named, by `--config` or else by the environment; null: none. */
export function configPath(argument: string | undefined): string | null {
  return argument ?? process.env.CAMPAIGN_GRAPH_CONFIG ?? null;
}

/** @throws ConfigError */
export function readConfigFile(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`${path}: can't be read (${errorCode(error)})`]);
  }
  return readConfig(text, process.env);
}

/** Ends the process with a sentence for the person who started it. */
export function fail(error: unknown): never {
  process.stderr.write(`${sentenceFor(error)}\n`);
  process.exit(1);
}

function sentenceFor(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (errorCode(error) === 'EADDRINUSE') return 'server.port: it is taken; is the service running already?';
  return error.message;
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
