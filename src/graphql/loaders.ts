import DataLoader from 'dataloader';
import type { Campaign } from '../model/campaign.ts';
import type { CampaignStore } from '../store/campaigns.ts';

/** Read together what is asked for one by one. They keep nothing, so subscriptions may use them too. */
export function createLoaders(store: Pick<CampaignStore, 'getMany' | 'getRaw'>) {
  return {
    known: new DataLoader<string, Campaign | null>(
      async (keys) => {
        const found = await store.getMany(keys);
        return keys.map((key) => found.get(key) ?? null);
      },
      { cache: false },
    ),
    raw: new DataLoader<string, string | null>(
      async (keys) => {
        const known = await store.getRaw(keys);
        return keys.map((key) => known.get(key) ?? null);
      },
      { cache: false },
    ),
  };
}
