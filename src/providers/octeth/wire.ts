import { z } from 'zod';
import { count, optionalText, readText, text } from '../read.ts';

/** Octeth's versions differ in the case of keys ("Success", "success"): every object is read by its keys in lower case. */
function anyCase<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.preprocess(lowerKeys, z.object(shape));
}

function lowerKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toLowerCase(), member]));
}

/** Tells "absent" (undefined) from null. */
const anything = z.unknown().optional();

/** What can't be read as such is as good as absent: `[]` stands for an empty object, too. */
function part<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().catch(null);
}

/** It may not be told; but an object or a list in its place is an answer that was not understood. */
const status = z
  .unknown()
  .optional()
  .refine((value) => typeof value !== 'object' || value === null, 'a status is a word')
  .transform(readText);

/** The flat counters of a campaign; `totalopened` and `totalclicked` are of old versions. */
const totals = {
  totalrecipients: count,
  totalsent: count,
  totalfailed: count,
  totaldelivered: count,
  totalopens: count,
  totalopened: count,
  uniqueopens: count,
  totalclicks: count,
  totalclicked: count,
  uniqueclicks: count,
  totalunsubscriptions: count,
  totalhardbounces: count,
  totalsoftbounces: count,
};

/** The document prints these groups as "{...}"; some versions have days in them, which are left alone. */
const groups = {
  openstatistics: part(anyCase({ totalopens: count, uniqueopens: count, total: count, unique: count })),
  clickstatistics: part(anyCase({ totalclicks: count, uniqueclicks: count, total: count, unique: count })),
  unsubscriptionstatistics: part(anyCase({ totalunsubscriptions: count, total: count })),
  bouncestatistics: part(anyCase({ totalhardbounces: count, totalsoftbounces: count })),
};

const statistics = anyCase({ ...totals, ...groups });

/** One campaign, of Campaign.Get or of Campaigns.Get. */
export const campaign = anyCase({
  campaignid: text,
  campaignname: optionalText,
  name: optionalText,
  campaignstatus: status,
  status,
  campaignstatusreason: optionalText,
  scheduletype: text,
  senddate: anything,
  sendtime: anything,
  sendtimezone: text,
  createdatetime: anything,
  sendprocessstartedon: anything,
  sendprocessfinishedon: anything,
  tags: anything,
  ...totals,
  ...groups,
  statistics: part(statistics),
});

export type CampaignWire = z.output<typeof campaign>;

export type StatisticsWire = z.output<typeof statistics>;

/** The body of Campaign.Get; `campaign` is [] where there is none. */
export const campaignBody = anyCase({
  campaign: anything,
  campaignthroughput: part(anyCase({ emailspersecond: anything })),
});

/** The body of Campaigns.Get. */
export const pageBody = anyCase({ campaigns: anything, totalcampaigns: count });

/** The body of Campaign.Create. */
export const createdBody = anyCase({ campaignid: text });

/** The body of Campaign.Copy. */
export const copiedBody = anyCase({ newcampaignid: text });

export const envelopeBody = anyCase({
  success: anything,
  errorcode: anything,
  errortext: anything,
  errormessage: anything,
  errors: anything,
});

export const errorEntry = anyCase({ code: anything, message: anything });

/** A tag with its id: {"TagID": 1, "Tag": "newsletter"}. */
export const tagEntry = anyCase({ tag: text, tagname: text, name: text });
