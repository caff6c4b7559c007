import { randomBytes } from 'node:crypto';

/** What tells one log from another, in the cursors that lead into it. */
export function newEpoch(): string {
  return randomBytes(6).toString('hex');
}
