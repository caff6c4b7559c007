import process from 'node:process';
import { parseArgs } from 'node:util';
import { configPath, fail, readConfigFile } from '../command-line.ts';
import { ConfigError } from '../config.ts';
import { forecast } from './forecast.ts';
import { withStored } from './stored.ts';
import { planText } from './text.ts';

const usage = `npm run plan -- --config FILE [--minutes 5]

Prints what the service would read of your campaigns in the next minutes, per account, and why. It asks no provider and
changes nothing. CAMPAIGN_GRAPH_CONFIG=FILE says the same as --config FILE.
`;

const mostMinutes = 24 * 60;

/** @throws ConfigError */
async function main(): Promise<string> {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, minutes: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return usage;
  const minutes = Number(values.minutes ?? 5);
  if (!(minutes > 0 && minutes <= mostMinutes))
    throw new ConfigError([`--minutes: must be a number above 0, ${mostMinutes} at most`]);
  const path = configPath(values.config);
  if (path === null) {
    throw new ConfigError([
      '--config: missing; name the file that the service is configured by: npm run plan -- --config FILE',
    ]);
  }
  const config = readConfigFile(path);
  return withStored(config.database, async (stored) => {
    const span = { startAt: Date.now(), forMs: minutes * 60_000 };
    const text = planText(config, await forecast(config, stored, span), minutes);
    return stored ? text : `${nothingStored}\n\n${text}`;
  });
}

const nothingStored =
  'Nothing is stored yet, so nothing is followed but what the configuration names under `follow`.';

try {
  process.stdout.write(await main());
} catch (error) {
  fail(error);
}
