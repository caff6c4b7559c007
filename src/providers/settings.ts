import { z } from 'zod';
import { holdsCredentials, noCredentials } from '../model/credentials.ts';
import { isTimeZone } from '../model/time-zone.ts';

/** "mail.example.com:8080" would pass as a URL of the scheme "mail.example.com:". */
export const httpUrl = z
  .url({
    protocol: /^https?$/,
    error: ({ code }) =>
      code === 'invalid_type' ? undefined : 'must be a URL that begins with http:// or https://',
  })
  .refine((text) => !holdsCredentials(text), noCredentials);

export const timeZone = z.string().refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin');
