import { ProblemError } from '../../model/problem.ts';
import { type Call, type Http, type HttpReply, statusProblem } from '../http.ts';
import { firstTold, readNumber } from '../read.ts';
import { type ErrorBody, errorBody } from './wire.ts';

/** The calls of Appizer's API. Source: providers/appizer-campaign-status.txt. */
export function createClient(http: Http, apiKey: string, now: () => number) {
  return {
    /**
     * GET /notifications/campaigns/:campaign_id; null where there is no such campaign.
     * @throws ProblemError
     */
    async getCampaign(campaignId: string, call: Call): Promise<unknown> {
      // These would be other paths.
      if (/^\.{0,2}$/.test(campaignId)) return null;
      const reply = await http.request(
        {
          operation: 'getCampaign',
          path: `notifications/campaigns/${encodeURIComponent(campaignId)}`,
          headers: { authorization: `Bearer ${apiKey}` },
        },
        call,
      );
      hearBudget(reply, http, now());
      const problem = problemOf(reply, http, now());
      if (problem?.code === 'NOT_FOUND') return null;
      if (problem) throw problem;
      return reply.body;
    },
  };
}

/** Success is a 2xx whose body does not say `success: false`. */
function problemOf(reply: HttpReply, http: Http, now: number): ProblemError | null {
  const error = errorBody.safeParse(reply.body).data;
  const failed = reply.status >= 300 || error?.success === false;
  if (!failed) return null;
  if (reply.status === 404 && !isOfApi(error)) {
    return new ProblemError('PROVIDER_BAD_RESPONSE', 'No API of Appizer answers at this baseUrl (HTTP 404).');
  }
  const words = error?.message ?? error?.error ?? null;
  const problem = statusProblem(reply, words && http.redactText(words), error?.code ?? null);
  if (problem.code !== 'PROVIDER_RATE_LIMITED') return problem;
  return new ProblemError(problem.code, problem.message, {
    providerCode: problem.providerCode,
    retryAfterMs:
      secondsToMs(readNumber(error?.details?.retry_after)) ?? problem.retryAfterMs ?? untilReset(reply, now),
  });
}

/** A 404 of the API says something in its terms; a proxy's must not make campaigns look deleted. */
function isOfApi(error: ErrorBody | undefined): boolean {
  return firstTold<unknown>(error?.success, error?.error, error?.message, error?.code) != null;
}

/** Answers tell how much is left of the window (providers/README.md 4.2); a 429 says by itself how long to wait. */
function hearBudget(reply: HttpReply, http: Http, now: number): void {
  const limit = readNumber(reply.headers['x-ratelimit-limit']);
  const remaining = readNumber(reply.headers['x-ratelimit-remaining']);
  const waitMs = untilReset(reply, now);
  if (reply.status === 429 || remaining === null || !waitMs) return;
  http.hearLimit({ limit: limit ?? 0, remaining, resetAt: now + waitMs });
}

/** The longest window that Appizer has: a reset beyond it is no unix second. */
const longestWindowMs = 24 * 3_600_000;

/** `X-RateLimit-Reset` is the unix second at which the window ends. */
function untilReset(reply: HttpReply, now: number): number | null {
  const reset = readNumber(reply.headers['x-ratelimit-reset']);
  if (reset === null) return null;
  const waitMs = Math.max(0, reset * 1000 - now);
  return waitMs > longestWindowMs ? null : waitMs;
}

function secondsToMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
