import type { LogEntry } from '../model/change.ts';
import { type CampaignFilter, matches } from '../model/filter.ts';

/** Which steps of which campaigns a subscriber wants. */
export interface Selection {
  /** What the subscriber may see. */
  readonly accounts: readonly string[];
  /** Named campaigns; null: none are named. */
  readonly keys: ReadonlySet<string> | null;
  /** Campaigns by what they are; null where only the named ones are meant. */
  readonly filter: CampaignFilter | null;
  /** Only steps that change one of these; null: all steps. */
  readonly fields: ReadonlySet<string> | null;
}

/** Whether a step is told. One after which a campaign no longer matches is told whatever it changes. */
export function wants(selection: Selection, entry: LogEntry): boolean {
  if (!selection.accounts.includes(entry.account)) return false;
  if (selection.keys?.has(entry.key)) return touches(selection, entry);
  if (!selection.filter) return false;
  const { key, account, before, after } = entry;
  const was = before !== null && matches(selection.filter, key, account, before);
  const is = matches(selection.filter, key, account, after);
  return is ? touches(selection, entry) : was;
}

function touches({ fields }: Selection, entry: LogEntry): boolean {
  if (fields === null) return true;
  return entry.fields.some(
    (field) => fields.has(field) || (fields.has('stats') && field.startsWith('stats.')),
  );
}
