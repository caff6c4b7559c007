import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../src/config.ts';
import { startTestApp } from './support/app.ts';

/** What is written for containers agrees with itself and with the service; containers themselves are not run here. */

const root = join(import.meta.dirname, '..');
const text = (name: string) => readFileSync(join(root, name), 'utf8');

const dockerfile = text('Dockerfile').replaceAll('\\\n', ' ');
const caddyfile = text('deploy/Caddyfile');
const configuration = text('deploy/config.yaml');

const replicaSchema = z.object({
  env_file: z.literal('.env'),
  volumes: z.array(z.string()),
  depends_on: z.record(z.string(), z.object({ condition: z.literal('service_healthy') })),
});
const services = z
  .object({ services: z.record(z.string(), z.looseObject({})) })
  .parse(parse(text('compose.yaml'))).services;
const replicas = Object.entries(services).filter(([, service]) => replicaSchema.safeParse(service).success);

const environment: Readonly<Record<string, string | undefined>> = parseEnv(text('deploy/env.example'));
const filled = Object.fromEntries(
  Object.keys(environment).map((name, place) => [name, String(place).repeat(64)]),
);
const config = readConfig(configuration, filled);

const manifest = z
  .object({ scripts: z.object({ start: z.string() }), devDependencies: z.object({ node: z.string() }) })
  .parse(JSON.parse(text('package.json')));

/** What follows an instruction, each time that it is given. */
function instructions(name: string): string[] {
  return [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map(([, rest]) => rest ?? '');
}

function commandIn(written: string | undefined): string[] {
  return z.array(z.string()).parse(JSON.parse(/\[.*\]$/.exec(written ?? '')?.[0] ?? ''));
}

/** Of `${NAME}`, of `${NAME:?…}` and of Caddy's `{$NAME}`. */
function namesIn(written: string): string[] {
  return [...written.matchAll(/\$\{([A-Z0-9_]+)[:}]|\{\$([A-Z0-9_]+)\}/g)].map(
    ([, name, inCaddy]) => name ?? inCaddy ?? '',
  );
}

describe('compose.yaml', () => {
  test('has two replicas, alike, that are given the configuration where the image looks for it', () => {
    expect(replicas.map(([name]) => name)).toEqual(['replica-1', 'replica-2']);
    const [one, other] = replicas.map(([, service]) => service);
    expect(one).toEqual(other);
    const path = /CAMPAIGN_GRAPH_CONFIG=(\S+)/.exec(dockerfile)?.[1];
    expect(replicaSchema.parse(one).volumes).toEqual([`./deploy/config.yaml:${path}:ro`]);
  });

  test('and every name that is to be filled in stands in deploy/env.example, which names no others', () => {
    // What stands in comments is an example.
    const written = [configuration, text('compose.yaml'), caddyfile]
      .join('\n')
      .replaceAll(/(^|\s)#.*$/gm, '');
    expect([...new Set(namesIn(written))].toSorted()).toEqual(Object.keys(environment).toSorted());
    expect(
      z.object({ environment: z.record(z.string(), z.string()) }).parse(services.balancer).environment,
    ).toHaveProperty('SITE');
  });

  test('starts the PostgreSQL that the replicas look for', () => {
    const { hostname, username, password, pathname } = new URL(config.database);
    expect(Object.keys(replicaSchema.parse(replicas[0]?.[1]).depends_on)).toEqual([hostname]);
    expect(z.object({ environment: z.unknown() }).parse(services[hostname]).environment).toMatchObject({
      POSTGRES_USER: username,
      POSTGRES_DB: pathname.slice(1),
      POSTGRES_PASSWORD: expect.stringMatching(/^\$\{POSTGRES_PASSWORD:/),
    });
    expect(password).toBe(filled.POSTGRES_PASSWORD);
  });

  test('has the balancer hand on to each replica, and look whether it is ready', () => {
    const [, upstreams] = /^\s*reverse_proxy (.*) \{$/m.exec(caddyfile) ?? [];
    expect(upstreams?.split(' ')).toEqual(replicas.map(([name]) => `${name}:${config.server.port}`));
    expect(caddyfile).toMatch(/^\s*health_uri \/health\/ready$/m);
  });
});

describe('The image', () => {
  test('runs what npm start runs, on the Node.js that the repository is tested with, and not as root', () => {
    expect(commandIn(instructions('CMD')[0]).join(' ')).toBe(manifest.scripts.start);
    const [major] = manifest.devDependencies.node.split('.');
    expect(instructions('FROM')).toEqual([`node:${major}-slim`]);
    expect(instructions('USER')).toEqual(['node']);
    expect(instructions('EXPOSE')).toEqual([String(config.server.port)]);
  });

  test('is given what it copies, and nothing else', () => {
    const lines = text('.dockerignore').split('\n');
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const copied = instructions('COPY').flatMap((rest) => rest.split(' ').slice(0, -1));
    expect(lines).toContain('*');
    expect(copied.toSorted()).toEqual(allowed.toSorted());
    expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  test('knows by its health check whether the service is ready', async () => {
    const [program = '', flag = '', written = ''] = commandIn(instructions('HEALTHCHECK')[0]);
    expect([program, flag]).toEqual(['node', '-e']);
    expect(written).toContain(`http://127.0.0.1:${config.server.port}/health/ready`);
    const app = await startTestApp({
      accounts: [{ name: 'one', provider: 'appizer', apiKey: 'none', baseUrl: 'http://127.0.0.1:9' }],
    });
    const check = written.replace(`127.0.0.1:${config.server.port}`, new URL(app.url).host);
    const run = promisify(execFile);
    await run(process.execPath, [flag, check]);
    await app.stop();
    await expect(run(process.execPath, [flag, check])).rejects.toMatchObject({ code: 1 });
  });
});
