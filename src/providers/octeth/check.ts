import type { CampaignUpdate, Recurrence, ScheduledTime } from '../../model/action.ts';
import type { ProblemError } from '../../model/problem.ts';
import { problemFor, updateCodes } from './codes.ts';

/**
 * What Campaign.Update would refuse for what is missing (6 to 13), all at once: the problems that its answers would
 * become. Source: providers/octeth-email-campaigns.txt, "Update Campaign Details".
 */
export function checkUpdate(update: CampaignUpdate): readonly ProblemError[] {
  const { at, recurring } = update.settings?.schedule ?? {};
  const codes = updateCodes(update);
  const faults = [...(at ? timeFaults(at) : []), ...(recurring ? recurrenceFaults(recurring) : [])];
  return faults.flatMap(([number, found]) => (found ? [problemFor(number, codes[number])] : []));
}

/** A number of Campaign.Update, and whether it fits. */
type Fault = readonly [number: keyof ReturnType<typeof updateCodes>, found: boolean];

function timeFaults({ date, time, timeZone }: ScheduledTime): Fault[] {
  return [
    [6, isBlank(date)],
    [7, isBlank(time)],
    [13, isBlank(timeZone)],
  ];
}

function recurrenceFaults(recurrence: Recurrence): Fault[] {
  const { daysOfWeek = [], daysOfMonth = [], months, hours, minutes, maxInstances, timeZone } = recurrence;
  return [
    [8, daysOfWeek.length === 0 && daysOfMonth.length === 0],
    [9, months.length === 0],
    [10, hours.length === 0],
    [11, minutes.length === 0],
    [12, maxInstances < 1],
    [13, isBlank(timeZone)],
  ];
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
