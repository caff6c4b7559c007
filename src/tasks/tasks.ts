import { hash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActionsParts, CampaignRef } from '../actions/parts.ts';
import { findTarget } from '../actions/target.ts';
import { attempt, ProblemError, reworded } from '../model/problem.ts';
import type { ReportOrder, Task } from '../model/task.ts';
import { createFollowing, type FollowParts } from './follow.ts';

export interface TasksParts extends FollowParts {
  readonly actions: ActionsParts;
  /** Where providers reach our webhooks; null: nowhere, so tasks are asked about alone. */
  readonly publicUrl: string | null;
}

const secretBytes = 24;
/** While the database does not tell what is unfinished, it is asked again after this. */
const askAgainMs = 1_000;

/** Delivery reports: asked for once, watched until they are there, and kept as rows. */
export function createTasks({ actions, publicUrl, ...parts }: TasksParts) {
  const { tasks, logger, now, onChange } = parts;
  const ending = new AbortController();
  const following = createFollowing(parts);

  return {
    /**
     * Has the provider prepare a report on a campaign, and follows that until its rows are here.
     * @throws ProblemError NOT_FOUND, NOT_SUPPORTED, INVALID_STATE, or the provider's problem
     */
    async request(ref: CampaignRef, order: ReportOrder): Promise<Task> {
      const { account, campaign } = await findTarget(actions, ref, 'REQUEST_DELIVERY_REPORT');
      const { reports } = account;
      if (!reports) throw new ProblemError('NOT_SUPPORTED', `${account.provider.title} offers no reports.`);
      const secret = randomBytes(secretBytes).toString('base64url');
      const notifyUrl = publicUrl && `${publicUrl.replace(/\/$/, '')}/webhooks/${account.name}/${secret}`;
      const reading = await attempt(
        account.ask(ref.externalId, (call) => reports.request(ref.externalId, order, notifyUrl, call)),
      );
      if (reading instanceof ProblemError) throw withoutSecret(reading, secret);
      const at = now();
      const task: Task = {
        key: `${account.name}:${reading.uuid}`,
        account: account.name,
        uuid: reading.uuid,
        campaignKey: campaign.key,
        kind: 'DELIVERY_REPORT',
        status: 'QUEUED',
        providerStatus: reading.providerStatus,
        createdAt: at,
        updatedAt: at,
        completedAt: null,
        problem: null,
        fileUrl: null,
        order,
      };
      const secretHash = hashOf(secret);
      if (!(await tasks.add(task, secretHash))) return (await tasks.get(task.key)) ?? task;
      onChange(task);
      following.follow({ task, secretHash });
      return task;
    },

    /**
     * A notification has come. What it says is not read: it only makes us look at once.
     * @returns whether there is such a task that is being followed; the store is not asked
     */
    notified: (account: string, secret: string): boolean => following.wake(account, hashOf(secret)),

    /**
     * Whether a notification is of a task that there is, or was.
     * @returns what the task is woken by; null: there is none
     */
    async knows(account: string, secret: string): Promise<string | null> {
      const notice = hashOf(secret);
      return (await tasks.bySecret(account, notice)) ? notice : null;
    },

    /** Has a task looked at now, if it is being followed here. */
    wake: following.wake,

    /** Goes on with what is unfinished of the accounts that are ours, and is not followed yet, once the store tells. */
    async resume(): Promise<void> {
      while (!ending.signal.aborted) {
        try {
          for (const task of await tasks.unfinished()) following.follow(task);
          return;
        } catch (error) {
          logger.error({ err: error }, 'what tasks are unfinished could not be read');
          await delay(askAgainMs, undefined, { signal: ending.signal, ref: false }).catch(() => {});
        }
      }
    },

    /** What an earlier process may have left behind is deleted. */
    start: following.sweepSoon,

    async stop(): Promise<void> {
      ending.abort();
      await following.stop();
    },
  };
}

export type Tasks = ReturnType<typeof createTasks>;

function hashOf(secret: string): string {
  return hash('sha256', secret);
}

/** A provider may quote the address that it was given. */
function withoutSecret(problem: ProblemError, secret: string): ProblemError {
  return reworded(problem, { message: problem.message.replaceAll(secret, '[redacted]') });
}
