import { ProblemError } from '../model/problem.ts';

/**
 * How far a subscriber has been told. Everything up to `seq` has been; beyond that, `told` says what of a piece of work
 * that was under way:
 * - with `until`, steps up to that seq were being told campaign by campaign (merged), and those up to `key` are done;
 * - without it, present states were being told (`reset`: anew), and only campaigns up to `key` are known to the
 *   subscriber at all.
 */
export interface Position {
  readonly seq: number;
  readonly told?: { readonly key: string; readonly until?: number; readonly reset?: boolean };
  /**
   * It is where the log is thinned, and the subscriber came there from this position, up to which it had been told every
   * step. An entry beyond `seq` may stand for steps before it: those beyond `since` it has not been told.
   */
  readonly since?: Position;
}

/** Whether all up to `seq` has been told, step by step, and nothing beyond: then the position can be another's too. */
export function isPlain({ told, since }: Position): boolean {
  return told === undefined && since === undefined;
}

/** Whether a position is in the middle of present states. */
export function isAmongStates({ told }: Position): boolean {
  return told !== undefined && told.until === undefined;
}

const resetMark = '~';

/** A cursor of clients: the log's epoch and the position, opaque to them. */
export function encodeCursor(epoch: string, { since, ...place }: Position): string {
  const cursor = `${epoch}.${placeToText(place)}`;
  return since ? `${cursor}/${placeToText(since)}` : cursor;
}

function placeToText({ seq, told }: Position): string {
  const parts = [seq.toString(36)];
  if (told) parts.push(told.until?.toString(36) ?? (told.reset ? resetMark : ''), toBase64(told.key));
  return parts.join('.');
}

/** @throws ProblemError BAD_INPUT */
export function decodeCursor(cursor: string): { epoch: string; position: Position } {
  const [, epoch, place, from] = /^([0-9a-f]{1,32})\.([^/]+)(?:\/([^/]+))?$/.exec(cursor) ?? [];
  const position = placeFromText(place);
  const since = placeFromText(from);
  if (epoch === undefined || !position || (from !== undefined && !since)) {
    throw new ProblemError('BAD_INPUT', `"${cursor.slice(0, 80)}" is no cursor of this API.`, {
      argument: ['after'],
    });
  }
  return { epoch, position: { ...position, ...(since && { since }) } };
}

function placeFromText(text = ''): Position | null {
  const match = /^([0-9a-z]{1,11})(?:\.([0-9a-z]{0,11}|~)\.([\w-]+))?$/.exec(text);
  const [, seq, until, key] = match ?? [];
  if (seq === undefined) return null;
  const place = { seq: Number.parseInt(seq, 36) };
  if (key === undefined) return place;
  const told = {
    key: fromBase64(key),
    ...(until === resetMark ? { reset: true } : until && { until: Number.parseInt(until, 36) }),
  };
  return { ...place, told };
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64url').toString();
}
