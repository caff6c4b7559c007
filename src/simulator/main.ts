import process from 'node:process';
import { parseArgs } from 'node:util';
import { welcome } from './routing.ts';
import { type SimulatorOptions, startSimulator } from './simulator.ts';

const usage = `npm run simulate -- [--port 4100] [--host 127.0.0.1] [--speed 1] [--campaigns 12] [--seed 1]

Runs the four simulated providers until SIGINT or SIGTERM. --port 0 takes any free port; --speed 10 makes
campaigns live ten times as fast; --campaigns is how many live at each provider at once.
`;

function numberOf(name: string, text: string, low: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < low) {
    throw new TypeError(`--${name}: "${text}" should be a number from ${low}`);
  }
  return value;
}

/** Throws a TypeError that says what is wrong; null when only help is wanted. */
function readArguments(args: string[]): SimulatorOptions | null {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '4100' },
      host: { type: 'string', default: '127.0.0.1' },
      speed: { type: 'string', default: '1' },
      campaigns: { type: 'string', default: '12' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    host: values.host,
    port: numberOf('port', values.port, 0),
    speed: numberOf('speed', values.speed, 0.001),
    campaigns: Math.floor(numberOf('campaigns', values.campaigns, 0)),
    seed: Math.floor(numberOf('seed', values.seed, 0)),
  };
}

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (!options) {
    process.stdout.write(usage);
    return;
  }
  const simulator = await startSimulator(options);
  const { selzy, octeth } = simulator.providers;
  const campaigns = [...selzy.campaigns.values()];
  const moving = campaigns.find(({ status }) => status === 'in_progress') ?? campaigns.at(-1);
  process.stdout.write(
    `${welcome(new Map(Object.entries(simulator.providers)))}
Octeth also takes SessionID=${octeth.sessionId}. For example:

  curl ${selzy.baseUrl}/getCampaignStatus -d format=json -d api_key=${selzy.apiKey} -d campaign_id=${moving?.externalId ?? 1}

ready ${simulator.url}
`,
  );
  const stop = () => void simulator.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
