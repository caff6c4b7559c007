import type {
  AudienceInput,
  CampaignSettingsInput,
  ListRulesInput,
  ScheduleInput,
} from '../generated/graphql.ts';
import type { Audience, CampaignSettings, ListRules, Schedule } from '../model/action.ts';

/** GraphQL lets a client say null for what it leaves out; here that is absent. */
type Given<T> = { [Name in keyof T]: NonNullable<T[Name]> };

/** The members that are neither null nor undefined. */
export function given<T extends object>(members: T): Given<T>;
export function given(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value != null));
}

export function settingsOf({ schedule, audience, ...plain }: CampaignSettingsInput): CampaignSettings {
  return {
    ...given(plain),
    ...(schedule && { schedule: scheduleOf(schedule) }),
    ...(audience && { audience: audienceOf(audience) }),
  };
}

function scheduleOf({ recurring, ...others }: ScheduleInput): Schedule {
  return { ...given(others), ...(recurring && { recurring: given(recurring) }) };
}

function audienceOf({ lists, rules }: AudienceInput): Audience {
  return {
    ...(lists && { lists: given(lists) }),
    ...(rules && { rules: { lists: rules.lists.map(rulesOf) } }),
  };
}

function rulesOf({ rules, ...list }: ListRulesInput): ListRules {
  return { ...list, rules: rules.map(({ type = 'fields', ...rule }) => ({ type, ...rule })) };
}
