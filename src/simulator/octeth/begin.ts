import type { CampaignState } from '../campaign.ts';
import type { World } from '../world.ts';

/**
 * When a campaign begins to send by itself, or goes on with it, in ms since 1970; Infinity: as it stands, never. A
 * recursive one stays Ready: the documents don't say what becomes of a campaign whose instances are sent.
 */
export function beginsAt({ status, scheduleType, scheduledAt }: CampaignState, world: World): number {
  const now = world.now();
  if (status === 'Sending') return now;
  if (status !== 'Ready') return Number.POSITIVE_INFINITY;
  if (scheduleType === 'Immediate') return now + world.momentMs;
  if (scheduleType !== 'Future' || scheduledAt === null) return Number.POSITIVE_INFINITY;
  return scheduledAt > now ? scheduledAt : now + world.momentMs;
}
