import { z } from 'zod';
import { parseJson } from '../http.ts';
import type { Parameters } from './parameters.ts';

/** Every list of this account is as long, and everybody on it fits the rules. */
const recipientsPerList = 1_000;

/** octeth-email-campaigns.txt, "RulesJsonBundle Instructions". */
const rulesBundle = z.object({
  criteria: z.array(z.object({ list_id: z.union([z.string(), z.number()]) })),
});

function listsOf(parameters: Parameters): string[] {
  if (!parameters.has('RulesJsonBundle')) {
    // A segment is told with its list: "7:3".
    return parameters.list('RecipientListsAndSegments').map((part) => part.replace(/:.*$/, ''));
  }
  const bundle = rulesBundle.safeParse(parseJson(parameters.text('RulesJsonBundle')));
  return bundle.data?.criteria.map(({ list_id }) => String(list_id)) ?? [];
}

/** How many an update addresses; null when it names no list that could be read. Rules go before lists. */
export function recipientsOf(parameters: Parameters): number | null {
  const lists = new Set(listsOf(parameters));
  return lists.size === 0 ? null : lists.size * recipientsPerList;
}
