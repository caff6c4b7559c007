import { hash } from 'node:crypto';
import { decodeCursor } from './cursor.ts';
import type { Feed } from './feed.ts';
import { Reader, type ReaderParts } from './reader.ts';
import type { Selection } from './selection.ts';

/**
 * The feed of campaigns' changes.
 * @param known has the named campaigns read that nobody has read yet; resolves once there is no use in waiting longer
 * @param after the last cursor that the subscriber had; null: it starts now
 */
export function createChangeFeed(
  parts: ReaderParts,
  selection: Selection,
  known: () => Promise<void>,
  after: string | null,
): Feed {
  return {
    topic: topicOf(selection),
    head: parts.tailer.head,
    watch: () => parts.watch(selection),
    prepare: known,
    async open() {
      await known();
      return openReader(parts, selection, after);
    },
    from: (position) => new Reader(parts, selection, position),
    after: (cursor) => createChangeFeed(parts, selection, known, cursor),
  };
}

/**
 * Opens a subscriber's place in the change log. Whether it starts with present states, comes back with a cursor, or is
 * too slow, it is the same thing: a reader that is behind, and reads its own way forward.
 * @param after the last cursor that the subscriber had; null: it starts now
 * @throws ProblemError BAD_INPUT for a malformed cursor
 */
export async function openReader(
  parts: ReaderParts,
  selection: Selection,
  after: string | null,
): Promise<Reader> {
  const { tailer, log } = parts;
  if (after === null) {
    return new Reader(parts, selection, { seq: tailer.head() }, selection.keys && 'SNAPSHOT');
  }
  const { epoch, position } = decodeCursor(after);
  const state = await log.state();
  const newest = Math.max(position.seq, position.told?.until ?? 0);
  const isKnown = epoch === state.epoch && position.seq >= state.pruned && newest <= state.head;
  return isKnown
    ? new Reader(parts, selection, position)
    : new Reader(parts, selection, { seq: state.head }, 'RESET');
}

function topicOf({ accounts, keys, filter, fields }: Selection): string {
  const told = [
    [...accounts].sort(),
    keys && [...keys].sort(),
    filter && { ...filter, accounts: [...filter.accounts].sort() },
    fields && [...fields].sort(),
  ];
  return hash('sha256', JSON.stringify(told));
}
