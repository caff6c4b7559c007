import { hash } from 'node:crypto';
import type { Feed } from './feed.ts';
import { openReader, Reader, type ReaderParts } from './reader.ts';
import type { Selection } from './selection.ts';

/**
 * The feed of campaigns' changes.
 * @param after the last cursor that the subscriber had; null: it starts now
 */
export function createChangeFeed(parts: ReaderParts, selection: Selection, after: string | null): Feed {
  return {
    topic: topicOf(selection),
    head: parts.tailer.head,
    open: () => openReader(parts, selection, after),
    from: (position) => new Reader(parts, selection, position, null),
    after: (cursor) => createChangeFeed(parts, selection, cursor),
  };
}

function topicOf({ accounts, keys, filter, fields }: Selection): string {
  const told = [accounts, keys && [...keys].sort(), filter, fields && [...fields].sort()];
  return hash('sha256', JSON.stringify(told));
}
