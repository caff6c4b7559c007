import type { Config } from '../config.ts';
import type { RequestBudget } from '../providers/provider.ts';
import type { AccountForecast, Read } from './forecast.ts';

/** So many reads of an account are told one by one. */
const readsTold = 20;

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** How people read a forecast. */
export function planText(config: Config, forecasts: readonly AccountForecast[], minutes: number): string {
  const accounts = forecasts.map((forecast) => accountText(config, forecast, forecasts, minutes));
  return `What would be read in the next ${many(minutes, 'minute')}, if the service started now, nothing changed and nobody looked.
A list is taken to have one page, and answers to come at once.

${accounts.join('\n')}`;
}

function accountText(
  config: Config,
  forecast: AccountForecast,
  forecasts: readonly AccountForecast[],
  minutes: number,
): string {
  const { account, followed, active, reads, requests, stretch } = forecast;
  const sharing = forecasts.filter((one) => one.account.budget === account.budget);
  const names = new Set(sharing.map((one) => one.account.name));
  const limits = config.accounts.filter(({ name }) => names.has(name)).flatMap((one) => one.requestBudgets);
  const lines: [string, string][] = [
    [
      'budget',
      `${budgetText(limits)}; ${perMinute(account.budget.pollsPerMs() * 60_000)} for polls in the long run`,
    ],
  ];
  names.delete(account.name);
  if (names.size > 0) lines.push(['', `shared with ${[...names].join(', ')}`]);
  lines.push(['follows', `${many(followed, 'campaign')}, ${numbers.format(active)} of them active`]);
  lines.push(['requests', `${numbers.format(requests)}, ${perMinute(requests / minutes)}`]);
  if (stretch > 1) {
    const longer = numbers.format(stretch);
    lines.push([
      'stretched',
      `campaigns ask for more than the budget has: they wait ${longer} times as long`,
    ]);
  }
  lines.push(['list', listText(forecast)], ['reads', numbers.format(reads.length)]);
  const head = lines.map(([name, text]) => `  ${name.padEnd(11)}${text}`);
  return `${[`${account.name} (${account.provider.title})`, ...head, ...readLines(reads)].join('\n')}\n`;
}

function budgetText(limits: readonly RequestBudget[]): string {
  const texts = limits.map(
    ({ limit, windowSeconds }) => `${numbers.format(limit)} ${windowText(windowSeconds)}`,
  );
  return [...new Set(texts)].join(', ');
}

function windowText(seconds: number): string {
  if (seconds === 60) return 'a minute';
  if (seconds === 3_600) return 'an hour';
  return seconds === 86_400 ? 'a day' : `in ${numbers.format(seconds)} s`;
}

function listText({ account, rounds }: AccountForecast): string {
  if (!account.list) return 'none';
  const [first = 0, second] = rounds;
  const every = second === undefined ? '' : `, every ${secondsText(second - first)}`;
  const tells = account.list.covers === 'everything' ? 'all' : 'the status';
  return `${many(rounds.length, 'round')}${every}, from ${secondsText(first)} on: it tells ${tells} of each campaign`;
}

function readLines(reads: readonly Read[]): string[] {
  const told = reads.slice(0, readsTold);
  const times = told.map(({ inMs }) => `in ${secondsText(inMs)}`);
  const [timeWidth, idWidth] = [widthOf(times), widthOf(told.map(({ externalId }) => externalId))];
  const lines = told.map(({ externalId, why, others }, place) => {
    const together = others > 0 ? ` (by one request with ${many(others, 'other')})` : '';
    return `    ${(times[place] ?? '').padStart(timeWidth)}  ${externalId.padEnd(idWidth)}  ${why}${together}`;
  });
  const rest = reads.slice(readsTold);
  if (rest.length > 0) lines.push(`    and ${numbers.format(rest.length)} more: ${reasonsText(rest)}`);
  return lines;
}

/** The most frequent reasons first. */
function reasonsText(reads: readonly Read[]): string {
  const byReason = [...Map.groupBy(reads, ({ why }) => why)];
  byReason.sort(([, one], [, other]) => other.length - one.length);
  return byReason.map(([why, all]) => `${numbers.format(all.length)} × ${why}`).join('; ');
}

function widthOf(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function perMinute(count: number): string {
  return `${numbers.format(count)} a minute`;
}

function many(count: number, what: string): string {
  return `${numbers.format(count)} ${what}${count === 1 ? '' : 's'}`;
}
