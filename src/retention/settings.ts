import { z } from 'zod';

const days = z
  .union([z.number('must be a number of days, or false').min(1, 'must be 1 day at least'), z.literal(false)])
  .transform((value) => (value === false ? Number.POSITIVE_INFINITY : value));

/** How long the steps of the change log are kept that moved only counters; Infinity: for ever. */
export const retentionSettings = z
  .strictObject({
    /** Of those that are older, one an hour is kept of each campaign. */
    thinAfterDays: days.prefault(7),
    /** Those that are older are not kept. */
    dropAfterDays: days.prefault(90),
  })
  .refine(
    ({ thinAfterDays, dropAfterDays }) =>
      dropAfterDays > thinAfterDays || thinAfterDays === Number.POSITIVE_INFINITY,
    { path: ['dropAfterDays'], error: 'must be more than thinAfterDays' },
  )
  .prefault({});

export type RetentionSettings = z.output<typeof retentionSettings>;
