import { pino } from 'pino';
import { nextStep } from '../../src/campaigns/changes.ts';
import type { CampaignStatus } from '../../src/model/campaign.ts';
import { countersOf } from '../../src/model/stats.ts';
import { createRetention, type RetentionParts } from '../../src/retention/retention.ts';
import { createCampaignStore } from '../../src/store/campaigns.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createChangeLog } from '../../src/store/log.ts';
import { createRetentionStore } from '../../src/store/retention.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
/** When logs of tests begin: a full hour. */
export const startAt = 490_000 * hourMs;

/** A campaign as it is seen at a moment. */
export interface OldStep {
  readonly externalId: string;
  readonly at: number;
  readonly sent: number;
  readonly opened?: number;
  readonly status?: CampaignStatus;
  readonly name?: string;
}

/** A process's own connection to a log, in which steps can be of long ago. */
export async function openOldLog(url: string) {
  const database = await openDatabase(url, () => {});
  const log = createChangeLog(database);
  return {
    database,
    log,
    store: createCampaignStore(database),

    async write(...steps: readonly OldStep[]): Promise<void> {
      for (const { externalId, at, sent, opened, status = 'SENDING', name = 'Shop' } of steps) {
        const key = `main:${externalId}`;
        const stats = {
          counters: countersOf({ sent, ...(opened !== undefined && { opened }) }),
          final: false,
        };
        const reading = { externalId, status, providerStatus: status, name, stats, raw: null };
        await log.write([key], (known, head) => {
          const observation = {
            account: 'main',
            channel: 'PUSH',
            reading,
            at,
            cause: 'POLL',
            previousAt: null,
          } as const;
          const step = nextStep(known.get(key) ?? null, observation, head + 1);
          return step ? [{ campaign: step.campaign, raw: null, entries: [step.entry] }] : [];
        });
      }
    },

    /** Tidies up as a process of its own would, at a moment, by the defaults unless told otherwise. */
    retention(now: number, parts: Partial<RetentionParts> = {}) {
      return createRetention({
        store: createRetentionStore(database, () => now),
        settings: { thinAfterDays: 7, dropAfterDays: 90 },
        logger: pino({ level: 'silent' }),
        now: () => now,
        ...parts,
      });
    },

    /** All rows there are, told or not. */
    async rows(): Promise<number[]> {
      const rows = await database.selectFrom('changes').select('seq').orderBy('seq').execute();
      return rows.map(({ seq }) => seq);
    },

    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

export type OldLog = Awaited<ReturnType<typeof openOldLog>>;

/** So many steps of a campaign that only count on, a minute apart. */
export function counting(externalId: string, at: number, count: number, from = 1): OldStep[] {
  return Array.from({ length: count }, (_, place) => ({
    externalId,
    at: at + place * 60_000,
    sent: from + place,
  }));
}
