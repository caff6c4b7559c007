import { type Answer, html, json } from '../http.ts';
import type { WireObject } from '../overlay.ts';
import type { OctethQuirks } from './quirks.ts';

/** How an error's page shows ErrorCode: 1, [1], or {"campaigns": 1}. */
export type CodeShape = 'scalar' | 'array' | { object: string };

export interface Failure {
  code: number;
  /** ErrorText; some commands have none. */
  text?: string;
  /** Campaign.Get says ErrorMessage instead. */
  message?: string;
  documented?: CodeShape;
}

function numbersAsStrings(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(numbersAsStrings);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbersAsStrings(inner)]));
}

/** `Success: true` with the command's own fields. */
export function success(fields: WireObject, quirks: OctethQuirks): Answer {
  const body = { Success: true, ErrorCode: 0, ...fields };
  return json(200, quirks.numbersAsStrings ? numbersAsStrings(body) : body);
}

/** `Success: false`, with HTTP 200: Octeth tells errors in the envelope. */
export function failure(
  { code, text, message, documented = 'scalar' }: Failure,
  quirks: OctethQuirks,
): Answer {
  const field = typeof documented === 'string' ? 'campaign' : documented.object;
  const own = typeof documented === 'string' ? documented : 'object';
  const shape = quirks.errorCodes === 'documented' ? own : quirks.errorCodes;
  const codes = { scalar: code, array: [code], object: { [field]: code } };
  return json(200, {
    Success: false,
    ErrorCode: codes[shape],
    ErrorText: shape === 'array' && text !== undefined ? [text] : text,
    ErrorMessage: message,
  });
}

/** Failures of the API itself rather than of a command (providers/README.md 3.2, "Hard failures"). */
export function hardFailure(status: number, code: number, message: string, quirks: OctethQuirks): Answer {
  if (quirks.hardFailures === 'html') return html(200, message);
  return json(status, {
    Success: false,
    ErrorCode: code,
    ErrorText: message,
    Errors: [{ Code: code, Message: message }],
  });
}
