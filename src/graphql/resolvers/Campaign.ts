import type { CampaignResolvers } from '../../generated/graphql.ts';
import { decodeCursor, encodeCursor } from '../../live/cursor.ts';
import { isActive } from '../../model/campaign.ts';
import { ProblemError } from '../../model/problem.ts';
import { progressOf, remainingOf } from '../../model/stats.ts';
import { actionsOf } from '../actions.ts';
import { accountOf } from '../context.ts';
import { pageSize } from '../pages.ts';
import { listTasks } from '../tasks.ts';

export const Campaign: CampaignResolvers = {
  id: ({ key }) => `campaign:${key}`,
  account: (campaign, _args, context) => accountOf(campaign.account, context),
  provider: (campaign, _args, context) => accountOf(campaign.account, context).provider,
  active: (campaign) => isActive(campaign),
  tags: ({ tags }) => [...tags],
  stats: (campaign, _args, { services }) => services.campaigns.statsOf(campaign),
  progress: ({ stats }) => stats && progressOf(stats),
  actions: (campaign, _args, context) =>
    actionsOf(accountOf(campaign.account, context), campaign, context.viewer),
  freshness: (campaign, _args, { services }) => services.campaigns.freshnessOf(campaign),

  throughput(campaign, _args, { services }) {
    const { stats, status } = campaign;
    const throughput = services.campaigns.throughputOf(campaign);
    const { observedAt } = services.campaigns.freshnessOf(campaign);
    if (!throughput) return null;
    const remaining = status === 'SENDING' && stats ? remainingOf(stats) : null;
    const canTell = remaining !== null && throughput.perSecond > 0;
    const estimatedFinishAt = canTell
      ? Math.round(observedAt + (remaining / throughput.perSecond) * 1000)
      : null;
    return { ...throughput, estimatedFinishAt };
  },

  async history(campaign, { first, after }, { services }) {
    const size = pageSize(first, 'first');
    const before = after ? placeInHistory(after, services.live.epoch) : null;
    const entries = await services.log.history(campaign.key, before, size + 1);
    const edges = entries.slice(0, size).map((entry) => {
      const cursor = encodeCursor(services.live.epoch, { seq: entry.seq });
      return { cursor, node: { ...entry, cursor, campaign } };
    });
    const pageInfo = {
      hasNextPage: entries.length > size,
      hasPreviousPage: before !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    };
    return { edges, nodes: edges.map(({ node }) => node), pageInfo };
  },

  async series(campaign, { from, to, points }, { services }) {
    const most = pageSize(points, 'points', 200);
    if (most === 0) return [];
    const entries = await services.log.series(
      campaign.key,
      from?.getTime() ?? null,
      to?.getTime() ?? null,
      most,
    );
    return entries.flatMap(({ at, after, stats }) => (stats ? [{ at, status: after.status, stats }] : []));
  },

  tasks: ({ account, key }, page, context) =>
    listTasks({ accounts: [account], campaignKey: key }, page, context),

  async raw({ key }, _args, { services }) {
    const raw = await services.raw.load(key);
    return raw === null ? null : JSON.parse(raw);
  },
};

/** @throws ProblemError BAD_INPUT */
function placeInHistory(cursor: string, epochNow: string): number {
  const { epoch, position } = decodeCursor(cursor);
  if (epoch === epochNow) return position.seq;
  throw new ProblemError('BAD_INPUT', 'after is a cursor of another history.', { argument: ['after'] });
}
