import { ProblemError } from '../../model/problem.ts';
import { type Call, type Http, type HttpReply, statusProblem } from '../http.ts';
import { readNumber } from '../read.ts';
import { errorBody } from './wire.ts';

/** The calls of Appizer's API. Source: providers/appizer-campaign-status.txt. */
export function createClient(http: Http, apiKey: string) {
  return {
    /**
     * GET /notifications/campaigns/:campaign_id; null for 404.
     * @throws ProblemError
     */
    async getCampaign(campaignId: string, call: Call): Promise<unknown> {
      const reply = await http.request(
        {
          operation: 'getCampaign',
          path: `notifications/campaigns/${encodeURIComponent(campaignId)}`,
          headers: { authorization: `Bearer ${apiKey}` },
        },
        call,
      );
      if (reply.status === 404) return null;
      const problem = problemOf(reply, http);
      if (problem) throw problem;
      return reply.body;
    },
  };
}

/** Success is a 2xx whose body does not say `success: false`. */
function problemOf(reply: HttpReply, http: Http): ProblemError | null {
  const error = errorBody.safeParse(reply.body).data;
  const failed = reply.status >= 300 || error?.success === false;
  if (!failed) return null;
  const words = error?.message ?? error?.error ?? null;
  const problem = statusProblem(reply, words && http.redactText(words), error?.code ?? null);
  if (problem.code !== 'PROVIDER_RATE_LIMITED') return problem;
  return new ProblemError(problem.code, problem.message, {
    providerCode: problem.providerCode,
    retryAfterMs:
      secondsToMs(readNumber(error?.details?.retry_after)) ?? problem.retryAfterMs ?? untilReset(reply),
  });
}

/** `X-RateLimit-Reset` is the unix second at which the window ends. */
function untilReset(reply: HttpReply): number | null {
  const reset = readNumber(reply.headers['x-ratelimit-reset']);
  return reset === null ? null : Math.max(0, reset * 1000 - Date.now());
}

function secondsToMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
