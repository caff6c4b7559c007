import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** A process of ours as an operator has it; leaving its scope ends it at once, however it is. */
export interface RunningProcess extends AsyncDisposable {
  /** What it has written so far to its standard output, and to its standard error. */
  readonly output: string;
  readonly errors: string;
  /** The URL that its line with "ready" names; throws when it ends without one. */
  ready(): Promise<string>;
  send(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGHUP' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Resolves once it is gone: with its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** Starts a script of the repository with an environment of its own: nothing is inherited but the path. */
export function runScript(
  script: 'src/main.ts' | 'src/simulator/main.ts',
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): RunningProcess {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: repository,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  let isGone = false;
  const ended = once(child, 'close').then((): number | string | null => {
    isGone = true;
    return child.signalCode ?? child.exitCode;
  });
  return {
    get output() {
      return output;
    },
    get errors() {
      return errors;
    },
    ended,
    send: (signal) => void child.kill(signal),
    async ready() {
      const url = await until(() => urlIn(output) ?? (isGone ? '' : null), 20_000);
      if (url === '') throw new Error(`It ended without being ready: ${output}${errors}`);
      return url;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** A configuration file in a directory of its own; an object goes in as JSON, which is YAML too. */
export function configFile(configuration: object | string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'campaign-graph-')), 'config.yaml');
  writeFileSync(path, typeof configuration === 'string' ? configuration : JSON.stringify(configuration));
  return path;
}

function urlIn(output: string): string | null {
  return /^.*\bready\b.*?(http:\/\/[^\s/]+)\S*$/m.exec(output)?.[1] ?? null;
}
