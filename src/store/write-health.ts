/** What is known of whether the database takes writes, from those that were made anyway. */
export interface WriteHealth {
  /** A change was committed. */
  succeeded(): void;
  /** A write failed, and not because of what was to be written: the disk is full, say, or the file is locked. */
  failed(error: unknown): void;
  /** What the newest write failed with; null: it was committed, or failed so long ago that it says nothing any more. */
  failure(): unknown;
}

/** Where nothing else is to be written, nothing would ever say that the database has recovered. */
const tellingMs = 60_000;

export function createWriteHealth(now: () => number = () => performance.now()): WriteHealth {
  let last: { readonly error: unknown; readonly at: number } | null = null;
  return {
    succeeded() {
      last = null;
    },
    failed(error) {
      last = { error, at: now() };
    },
    failure: () => (last && now() - last.at < tellingMs ? last.error : null),
  };
}

/** Whether a statement changes nothing; it may lock. */
export function isReading(sql: string): boolean {
  return /^\s*(select|with)\b/i.test(sql) && !/\b(insert into|delete from|update \S+ set)\b/i.test(sql);
}
