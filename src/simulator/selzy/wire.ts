import type { CampaignState } from '../campaign.ts';
import { type Answer, json } from '../http.ts';
import { overlay, type WireObject } from '../overlay.ts';
import { wireTime } from '../wire-time.ts';

/** Selzy answers errors with HTTP 200, and an empty string where the result would be. */
export function failure(
  code: string,
  error: string,
  status = 200,
  headers: Record<string, string> = {},
): Answer {
  return json(status, { error, code, result: '' }, headers);
}

export function success(result: unknown, warnings: readonly string[] = []): Answer {
  if (warnings.length === 0) return json(200, { result });
  return json(200, { result, warnings: warnings.map((warning) => ({ warning })) });
}

/** The planned launch: it doesn't move when the sending begins a moment later. */
function startTime(state: CampaignState): string | null {
  const at = state.scheduledAt ?? state.startedAt;
  return at === null ? null : wireTime(at);
}

/** selzy-getCampaignStatus.txt, "Return value". */
export function statusWire(state: CampaignState): WireObject {
  const wire = {
    status: state.status,
    creation_time: wireTime(state.createdAt),
    start_time: startTime(state),
  };
  return overlay(wire, state.extra);
}

/** providers/README.md 1.2, getCampaigns. Message and list ids only have to look like some. */
export function listedWire(state: CampaignState): WireObject {
  const id = Number(state.externalId);
  const wire = {
    id: Number.isNaN(id) ? state.externalId : id,
    start_time: startTime(state),
    status: state.status,
    message_id: Number.isNaN(id) ? 0 : id + 20_000_000,
    list_id: 20_550_001,
    subject: state.subject,
    sender_name: state.sender,
    sender_email: state.senderAddress,
    stats_url: `https://cp.selzy.com/en/v5/campaign-stats?id=${state.externalId}`,
  };
  return overlay(wire, state.extra);
}

/** providers/README.md 1.2, getCampaignCommonStats. */
export function statsWire(state: CampaignState): WireObject {
  const { counters } = state;
  const wire = {
    total: counters.recipients,
    sent: counters.sent,
    delivered: counters.delivered,
    read_unique: counters.opened,
    read_all: counters.openedTotal,
    clicked_unique: counters.clicked,
    clicked_all: counters.clickedTotal,
    unsubscribed: counters.unsubscribed,
    spam: counters.complained,
  };
  return overlay(wire, state.extra);
}

/** selzy-getCampaignDeliveryStats.txt, "If the task is still running"; `status` is "processing" there. */
export function runningTaskWire(uuid: string, status: string): WireObject {
  return { task_uuid: uuid, task_type: 'getCampaignDeliveryStats', status };
}

/** The same, "If the task has already been completed" and "Sent notification": both call it an export of contacts. */
export function endedTaskWire(uuid: string, status: string, fileUrl: string | null): WireObject {
  const wire = { task_uuid: uuid, task_type: 'exportContacts', status };
  return fileUrl === null ? wire : { ...wire, file_to_download: fileUrl };
}
