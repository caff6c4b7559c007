import type { Campaign } from '../model/campaign.ts';
import type { ChangeCause } from '../model/change.ts';
import { encodeCursor, type Position } from './cursor.ts';
import type { Told } from './feed.ts';
import type { MergedStep } from './merge.ts';

/** What a subscriber is told. */
export interface ChangeEvent extends Omit<MergedStep, 'seq' | 'first' | 'steps' | 'cause'> {
  readonly cursor: string;
  readonly cause: ChangeCause;
  /** The campaign as it is when the event is sent. */
  readonly campaign: Campaign;
}

/** What is told next, but for the campaign as it then is. */
export type Prepared = Told & { readonly event: Omit<ChangeEvent, 'campaign'> };

export function stepEvent(epoch: string, step: MergedStep, position: Position): Prepared {
  const cursor = encodeCursor(epoch, position);
  const { first, seq, steps, at } = step;
  return { event: { ...step, cursor }, position, cursor, first, last: seq, steps, at };
}

export function stateEvent(
  epoch: string,
  campaign: Campaign,
  cause: 'SNAPSHOT' | 'RESET',
  position: Position,
): Prepared {
  const cursor = encodeCursor(epoch, position);
  const event = {
    key: campaign.key,
    cursor,
    fromRevision: campaign.revision,
    revision: campaign.revision,
    at: campaign.changedAt,
    cause,
    kinds: [],
    transitions: [],
    fields: [],
    stats: campaign.stats,
  };
  return { event, position, cursor, first: position.seq, last: position.seq, steps: 0, at: null };
}
