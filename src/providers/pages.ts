import type { CampaignReading } from '../model/campaign.ts';

/** A page of a provider's list. */
export interface Page {
  /** Each still to be read by itself. */
  readonly entries: readonly unknown[];
  /** How many entries all pages have together; null where that is not told. */
  readonly total: number | null;
  /** How many entries a page has at most. */
  readonly limit: number;
}

/**
 * Reads a list page by page. Each campaign is told once, though it may move to the next page meanwhile. A page without
 * anything new is the last: a server that pays no heed to the offset would go on for ever.
 * @param fetchPage gets the entries after the first `offset`
 * @param readEntry gives null for an entry of which nothing can be kept
 */
export async function* readPages(
  fetchPage: (offset: number) => Promise<Page>,
  readEntry: (entry: unknown) => CampaignReading | null,
): AsyncGenerator<readonly CampaignReading[]> {
  const seen = new Set<string>();
  for (let offset = 0; ; ) {
    const { entries, total, limit } = await fetchPage(offset);
    const fresh: CampaignReading[] = [];
    for (const entry of entries) {
      const reading = readEntry(entry);
      if (!reading || seen.has(reading.externalId)) continue;
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
