import type { CampaignReading } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';

/** A page of a provider's list. */
export interface Page {
  /** Each still to be read by itself. */
  readonly entries: readonly unknown[];
  /** How many entries all pages have together; null where that is not told. */
  readonly total: number | null;
  /** How many entries a page has at most. */
  readonly limit: number;
}

/** Gives null for an entry of which nothing can be kept. */
type ReadEntry = (entry: unknown) => CampaignReading | null;

/**
 * Reads the entries of a page. One that can't be read is left out.
 * @throws ProblemError PROVIDER_BAD_RESPONSE where there are some and none can be read: that is no list of campaigns
 */
export function readEntries(entries: readonly unknown[], readEntry: ReadEntry): readonly CampaignReading[] {
  const readings = entries.flatMap((entry) => readEntry(entry) ?? []);
  if (readings.length > 0 || entries.length === 0) return readings;
  throw new ProblemError(
    'PROVIDER_BAD_RESPONSE',
    `The provider's list can't be read: none of its ${entries.length} entries is a campaign.`,
  );
}

/**
 * Reads a list page by page. Each campaign is told once, though it may move to the next page meanwhile. A page without
 * anything new is the last: a server that pays no heed to the offset would go on for ever.
 * @param fetchPage gets the entries after the first `offset`
 * @throws ProblemError PROVIDER_BAD_RESPONSE where no entry of the first page can be read
 */
export async function* readPages(
  fetchPage: (offset: number) => Promise<Page>,
  readEntry: ReadEntry,
): AsyncGenerator<readonly CampaignReading[]> {
  const seen = new Set<string>();
  for (let offset = 0; ; ) {
    const { entries, total, limit } = await fetchPage(offset);
    // The rest of a list is not given up for a last page with nothing but a damaged entry.
    const readings =
      offset === 0 ? readEntries(entries, readEntry) : entries.flatMap((entry) => readEntry(entry) ?? []);
    const fresh: CampaignReading[] = [];
    for (const reading of readings) {
      if (seen.has(reading.externalId)) continue;
      seen.add(reading.externalId);
      fresh.push(reading);
    }
    if (fresh.length === 0) return;
    yield fresh;
    offset += entries.length;
    // A server may give fewer than asked: only without a total does a short page mean the last one.
    if (total === null ? entries.length < limit : offset >= total) return;
  }
}
