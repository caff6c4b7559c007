import type { CampaignUpdate } from '../../model/action.ts';
import { type ProblemCode, ProblemError } from '../../model/problem.ts';

/** What an error number stands for. */
export interface Meaning {
  readonly code: ProblemCode;
  /** For a person, where the answer has no words of its own. */
  readonly words: string;
  /** The field of the API's input at fault, outermost first. */
  readonly argument?: readonly string[];
}

/** Numbers mean something else with every command. Source of all: providers/octeth-email-campaigns.txt. */
export type Codes = Readonly<Record<number, Meaning>>;

/** What an answer adds to the meaning of its number. */
interface Told {
  readonly words?: string | null;
  readonly retryAfterMs?: number | null;
}

/** The problem that a number stands for, in Octeth's own words where it gave any. */
export function problemFor(
  number: number,
  meaning: Meaning,
  { words, retryAfterMs }: Told = {},
): ProblemError {
  return new ProblemError(meaning.code, words ?? meaning.words, {
    providerCode: String(number),
    retryAfterMs: retryAfterMs ?? null,
    ...(meaning.argument && { argument: meaning.argument }),
  });
}

function badInput(words: string, ...argument: string[]): Meaning {
  return { code: 'BAD_INPUT', words, argument };
}

const noId = badInput('The id of the campaign is missing.', 'id');

const notFound: Meaning = {
  code: 'NOT_FOUND',
  words: 'Octeth has no such campaign, or it belongs to another user.',
  argument: ['id'],
};

/** "Campaign Approval" */
export const approveCodes: Codes = { 1: noId, 2: notFound };

/** "Cancel a Campaign" */
export const cancelCodes: Codes = { 1: noId, 2: notFound };

/** "Copy Campaign": its one number is that of a campaign that isn't there. */
export const copyCodes: Codes = {
  1: { ...notFound, words: 'Octeth has no such campaign to copy, or it belongs to another user.' },
};

/** "Create a New Campaign" */
export const createCodes: Codes = { 1: badInput('The campaign needs a name.', 'name') };

/** "Retrieve Campaign Details"; 3 and the other 2 are of later versions. */
export const getCodes: Codes = {
  1: noId,
  2: { ...notFound, words: 'Octeth has no such campaign: its ids are whole numbers.' },
  3: notFound,
};

/** "Retrieve Campaigns": "There are no error codes for this API end-point"; the common ones still come. */
export const listCodes: Codes = {};

/** "Pause a Campaign" */
export const pauseCodes: Codes = {
  1: noId,
  2: notFound,
  3: {
    code: 'INVALID_STATE',
    words: 'Only a campaign that is being sent can be paused, and this one is not.',
    argument: ['id'],
  },
};

/** "Resume a Campaign" */
export const resumeCodes: Codes = {
  1: noId,
  2: notFound,
  3: {
    code: 'INVALID_STATE',
    words: 'Only a campaign that is paused can be resumed, and this one is not.',
    argument: ['id'],
  },
};

/** "Delete Campaigns" */
export const deleteCodes: Codes = {
  1: badInput('The ids of the campaigns to delete are missing, or Octeth can not read them.', 'ids'),
};

const schedule = ['settings', 'schedule'] as const;
const at = [...schedule, 'at'] as const;
const recurring = [...schedule, 'recurring'] as const;

/**
 * "Update Campaign Details"; 27 is of later versions.
 * @param update what was asked for: 13 is said of either kind of schedule
 */
export function updateCodes(update: CampaignUpdate) {
  const zoned = update.settings?.schedule?.recurring ? recurring : at;
  return {
    1: noId,
    2: notFound,
    3: badInput('Octeth does not take this status: a campaign can become DRAFT, READY or SENDING.', 'status'),
    4: badInput('Octeth has no such email, or it belongs to another user.', 'settings', 'emailId'),
    5: badInput(
      'Octeth does not take this schedule: it knows notScheduled, immediate, at and recurring.',
      ...schedule,
    ),
    6: badInput('A campaign that is scheduled needs the date on which it is sent.', ...at, 'date'),
    7: badInput('A campaign that is scheduled needs the time at which it is sent.', ...at, 'time'),
    8: badInput(
      'A recurring campaign needs days of the week or days of the month.',
      ...recurring,
      'daysOfWeek',
    ),
    9: badInput('A recurring campaign needs the months in which it is sent.', ...recurring, 'months'),
    10: badInput('A recurring campaign needs the hours at which it is sent.', ...recurring, 'hours'),
    11: badInput('A recurring campaign needs the minutes at which it is sent.', ...recurring, 'minutes'),
    12: badInput(
      'A recurring campaign needs the number of times it is sent, at least 1.',
      ...recurring,
      'maxInstances',
    ),
    13: badInput(
      'A campaign that is scheduled needs a time zone, such as Europe/Berlin.',
      ...zoned,
      'timeZone',
    ),
    27: badInput('The date and time at which the campaign is to be sent are in the past.', ...at),
  } satisfies Codes;
}

/** The same with every command. Source: providers/README.md 3.2; octeth-api-docs v5.9.4, "Error Handling". */
export const commonCodes: Codes = {
  403: { code: 'PROVIDER_FORBIDDEN', words: 'Permission denied.' },
  404: { code: 'NOT_FOUND', words: 'Not found.' },
  429: { code: 'PROVIDER_RATE_LIMITED', words: 'Rate limit exceeded.' },
  99998: {
    code: 'PROVIDER_UNAUTHENTICATED',
    words: 'The API key is not accepted, or the session has expired.',
  },
  99999: { code: 'PROVIDER_FORBIDDEN', words: 'Not enough privileges.' },
  100000: { code: 'PROVIDER_REJECTED', words: 'The request could not be read.' },
  100001: { code: 'PROVIDER_REJECTED', words: 'Invalid connection method.' },
  100002: { code: 'PROVIDER_UNAVAILABLE', words: 'The command has no handler on the server.' },
  100003: { code: 'NOT_SUPPORTED', words: 'The server does not know the command.' },
  100004: { code: 'PROVIDER_UNAVAILABLE', words: 'A part of the server could not be loaded.' },
  100005: { code: 'PROVIDER_UNAVAILABLE', words: 'The command failed on the server.' },
};
