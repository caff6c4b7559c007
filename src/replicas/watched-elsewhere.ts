import { z } from 'zod';
import { accountIn, campaignKey, campaignStatuses, channels } from '../model/campaign.ts';
import type { CampaignFilter } from '../model/filter.ts';
import type { Watched, Watching } from '../polling/watching.ts';

const filterSchema = z.object({
  accounts: z.array(z.string()),
  keys: z.array(z.string()).exactOptional(),
  channels: z.array(z.enum(channels)).exactOptional(),
  statuses: z.array(z.enum(campaignStatuses)).exactOptional(),
  active: z.boolean().exactOptional(),
  search: z.string().exactOptional(),
  tags: z.array(z.string()).exactOptional(),
  createdAfter: z.number().exactOptional(),
  createdBefore: z.number().exactOptional(),
  deleted: z.boolean().exactOptional(),
}) satisfies z.ZodType<CampaignFilter>;

const watchedSchema = z.object({
  everything: z.array(z.string()),
  status: z.array(z.string()),
  filters: z.array(z.object({ filter: filterSchema, fields: z.array(z.string()).nullable() })),
  listed: z.boolean(),
});

const nothing: z.output<typeof watchedSchema> = { everything: [], status: [], filters: [], listed: false };

/** What people look at of an account over one other replica, as far as it is known here. */
export function createWatchedElsewhere(watching: Watching, account: string) {
  const everything = createNamed(watching, null);
  const status = createNamed(watching, new Set(['status']));
  /** What ends each that names no campaigns, by what it is. */
  const others = new Map<string, () => void>();

  function becomeOthers({ filters, listed }: typeof nothing): () => void {
    const wanted = filters.map(({ filter, fields }): Watched => {
      const ofAccount = { ...filter, accounts: [account] };
      return { keys: null, filter: ofAccount, fields: fields && new Set(fields), elsewhere: true };
    });
    if (listed) wanted.push({ keys: null, filter: null, fields: null, lists: [account], elsewhere: true });
    const current = new Map(wanted.map((watched) => [textOf(watched), watched]));
    for (const [text, watched] of current) if (!others.has(text)) others.set(text, watching.begin(watched));
    return () => {
      for (const [text, end] of others) {
        if (current.has(text)) continue;
        others.delete(text);
        end();
      }
    };
  }

  return {
    account,

    /** External ids of campaigns that are named. */
    *named(): Generator<string> {
      for (const { keys } of [everything, status])
        for (const key of keys()) yield key.slice(accountIn(key).length + 1);
    },

    /**
     * This is what they look at now. What is new begins before what is gone ends, so that nothing seems to have ended in
     * between; all the rest is left alone.
     * @param text as the other replica tells it; null: nothing
     */
    become(text: string | null): void {
      const next = (text !== null && watchedSchema.safeParse(JSON.parse(text)).data) || nothing;
      const keysOf = (ids: readonly string[]) => new Set(ids.map((id) => campaignKey(account, id)));
      const ends = [
        everything.become(keysOf(next.everything)),
        status.become(keysOf(next.status)),
        becomeOthers(next),
      ];
      for (const end of ends) end();
    },
  };
}

export type WatchedElsewhere = ReturnType<typeof createWatchedElsewhere>;

/** Campaigns that are looked at by name. */
function createNamed(watching: Watching, fields: Watched['fields']) {
  /** As what each has begun, with others at the same time. */
  const begun = new Map<string, Watched>();

  return {
    keys: () => begun.keys(),

    /** Begins those that are new. @returns what ends those that are gone */
    become(current: ReadonlySet<string>): () => void {
      const fresh = current.difference(begun);
      if (fresh.size > 0) {
        const watched = { keys: fresh, filter: null, fields, elsewhere: true };
        for (const key of fresh) begun.set(key, watched);
        watching.begin(watched);
      }
      return () => {
        const gone = [...begun].filter(([key]) => !current.has(key));
        for (const [watched, some] of Map.groupBy(gone, ([, one]) => one)) {
          const keys = new Set(some.map(([key]) => key));
          for (const key of keys) begun.delete(key);
          watching.less(watched, keys);
        }
      };
    },
  };
}

function textOf({ filter, fields, lists }: Watched): string {
  return JSON.stringify([filter, fields && [...fields], lists ?? null]);
}
