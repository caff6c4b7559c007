import type {
  Audience,
  CampaignUpdate,
  Recurrence,
  RulesAudience,
  Schedule,
  ScheduledTime,
} from '../../model/action.ts';

/** Parameters of Campaign.Update; one that is undefined is not sent. */
export type UpdateParameters = Readonly<Record<string, string | undefined>>;

const statuses = { DRAFT: 'Draft', READY: 'Ready', SENDING: 'Sending' } as const;

/**
 * What Campaign.Update is sent besides the campaign's id. A list without members is sent as an empty text, which
 * clears what was there. Source: providers/octeth-email-campaigns.txt, "Update Campaign Details".
 */
export function updateParameters({ name, status, settings = {} }: CampaignUpdate): UpdateParameters {
  return {
    CampaignStatus: status && statuses[status],
    CampaignName: name,
    RelEmailID: settings.emailId,
    ...scheduleParameters(settings.schedule ?? {}),
    ApprovalUserExplanation: settings.approvalExplanation,
    GoogleAnalyticsDomains: settings.googleAnalyticsDomains?.join(','),
    PublishOnRSS: chosen(settings.publishOnRss, 'Enabled', 'Disabled'),
    ...audienceParameters(settings.audience ?? {}),
    S2SEnabled: chosen(settings.sendToSend, 'true', 'false'),
  };
}

function scheduleParameters({ notScheduled, immediate, at, recurring }: Schedule): UpdateParameters {
  if (at) return timeParameters(at);
  if (recurring) return recurrenceParameters(recurring);
  if (immediate) return { ScheduleType: 'Immediate' };
  return notScheduled ? { ScheduleType: 'Not Scheduled' } : {};
}

function timeParameters({ date, time, timeZone }: ScheduledTime): UpdateParameters {
  return {
    ScheduleType: 'Future',
    SendDate: date,
    SendTime: /^\d\d:\d\d$/.test(time) ? `${time}:00` : time,
    SendTimeZone: timeZone,
  };
}

function recurrenceParameters(recurrence: Recurrence): UpdateParameters {
  return {
    ScheduleType: 'Recursive',
    SendTimeZone: recurrence.timeZone,
    ScheduleRecDaysOfWeek: recurrence.daysOfWeek?.join(','),
    ScheduleRecDaysOfMonth: recurrence.daysOfMonth?.join(','),
    ScheduleRecMonths: recurrence.months.join(','),
    ScheduleRecHours: recurrence.hours.join(','),
    ScheduleRecMinutes: recurrence.minutes.join(','),
    ScheduleRecSendMaxInstance: String(recurrence.maxInstances),
  };
}

/** Lists and rules are never sent together: Octeth would ignore the lists. */
function audienceParameters({ lists, rules }: Audience): UpdateParameters {
  if (rules) return { RulesJsonBundle: JSON.stringify(rulesBundle(rules)) };
  return {
    RecipientListsAndSegments: lists?.include.join(','),
    Exclude_RecipientListsAndSegments: lists?.exclude?.join(','),
  };
}

/** "RulesJsonBundle Instructions": the outer operator "should always be "or" for now". */
function rulesBundle({ lists }: RulesAudience): object {
  const criteria = lists.map(({ listId, operator, rules }) => ({
    list_id: listId,
    operator: operator.toLowerCase(),
    rules: rules.map(({ type, fieldId, operator, value }) => ({ type, field_id: fieldId, operator, value })),
  }));
  return { operator: 'or', criteria };
}

function chosen(value: boolean | undefined, yes: string, no: string): string | undefined {
  if (value === undefined) return undefined;
  return value ? yes : no;
}
