import { type ProblemCode, ProblemError, reworded } from '../../model/problem.ts';
import { type Call, type Http, type HttpReply, type HttpRequest, statusProblem } from '../http.ts';
import type { Page } from '../pages.ts';
import { firstTold, listOf, objectOrFirst, parseWire, readCount } from '../read.ts';
import { createSession } from './session.ts';
import { campaignData, campaignsBody, dataOf, type ErrorBody, errorBody, tokenBody } from './wire.ts';

const pageLimit = 500;

/** Every call waits for the token, so asking for it never waits behind polls, and no single caller can call it off. */
const tokenCall: Call = { priority: 'person' };

/**
 * The calls of BSG's API. Source: providers/bsg-campaign-detail.txt and providers/bsg-openapi.yaml.
 * @param now ms since 1970
 */
export function createClient(http: Http, apiKey: string, now: () => number) {
  const session = createSession(
    {
      logIn: () =>
        askToken({ operation: 'login', path: 'api/auth/login', method: 'POST', json: { api_key: apiKey } }),
      refresh: (bearer) =>
        askToken(
          authorized({ operation: 'refresh_token', path: 'api/auth/refresh', method: 'POST' }, bearer),
        ),
    },
    now,
  );

  async function askToken(request: HttpRequest): Promise<string> {
    const reply = await http.request(request, tokenCall);
    const problem = problemOf(reply, http);
    if (problem) throw logInProblem(problem);
    const { bearer } = parseWire(tokenBody, dataOf(reply.body), 'token');
    http.addToken(bearer);
    return bearer;
  }

  /** A refused token is replaced once; a second refusal stands. What was refused so was not done, be it a change. */
  async function send(request: HttpRequest, call: Call): Promise<HttpReply> {
    const bearer = await session.bearer(call);
    const reply = await http.request(authorized(request, bearer), call);
    if (reply.status !== 401) return reply;
    return http.request(authorized(request, await session.replace(bearer, call)), call);
  }

  return {
    /**
     * GET /api/campaigns/{id}/detail; null where there is no such campaign.
     * @throws ProblemError
     */
    async getDetail(id: string, call: Call): Promise<unknown> {
      if (!isCampaignId(id)) return null;
      const reply = await send({ operation: 'campaign_details', path: `api/campaigns/${id}/detail` }, call);
      const problem = problemOf(reply, http);
      if (problem?.code === 'NOT_FOUND') return null;
      if (problem) throw problem;
      return reply.body;
    },

    /**
     * GET /api/campaigns, newest first. Without filter[from] and filter[to] BSG lists the last three months, which is
     * also the longest window that it allows: older campaigns are known by their id alone.
     * @throws ProblemError NOT_SUPPORTED where the list is not offered
     */
    async getCampaigns(offset: number, call: Call): Promise<Page> {
      const query = {
        'page[offset]': String(offset),
        'page[limit]': String(pageLimit),
        sort: 'id',
        way: 'desc',
      };
      const reply = await send({ operation: 'campaigns', path: 'api/campaigns', query }, call);
      const problem = problemOf(reply, http);
      if (problem) throw reply.status === 404 ? noList(problem) : problem;
      const { data, meta } = parseWire(campaignsBody, reply.body, 'list of campaigns');
      return {
        entries: data,
        total: readCount(meta?.page.total),
        limit: readCount(meta?.page.limit) ?? pageLimit,
      };
    },

    /**
     * PATCH /api/campaigns/{id}/stop, for good. The answer has to be the campaign, but nothing of it is taken: it is the
     * short form, which counts in another way than `/detail`.
     * @throws ProblemError INVALID_STATE where the campaign's status does not allow it; NOT_FOUND
     */
    async stopCampaign(id: string, call: Call): Promise<void> {
      if (!isCampaignId(id)) throw noSuchCampaign();
      const reply = await send(
        { operation: 'campaign_stop', path: `api/campaigns/${id}/stop`, method: 'PATCH' },
        call,
      );
      const problem = problemOf(reply, http);
      if (problem) throw blamingId(problem);
      parseWire(campaignData, objectOrFirst(dataOf(reply.body)), 'stopped campaign');
    },
  };
}

/** An id is one word; "../x" would be another path. */
function isCampaignId(id: string): boolean {
  return /^[\w-]+$/.test(id);
}

function noSuchCampaign(): ProblemError {
  return new ProblemError('NOT_FOUND', 'BSG has no such campaign: its ids are single words.', {
    argument: ['id'],
  });
}

/** Source: providers/README.md 2.2, "v1 codes", and bsg.world, "API errors". */
const codesOfVersion1 = new Map<string, ProblemCode>([
  ['1', 'PROVIDER_UNAUTHENTICATED'],
  ['2', 'PROVIDER_FORBIDDEN'],
  ['3', 'BAD_INPUT'],
  ['4', 'NOT_SUPPORTED'],
  ['5', 'PROVIDER_UNAVAILABLE'],
  ['7', 'BAD_INPUT'],
  ['10', 'BAD_INPUT'],
  ['20', 'NOT_FOUND'],
  ['29', 'NOT_FOUND'],
  ['30', 'NOT_FOUND'],
  ['40', 'NOT_FOUND'],
]);

/**
 * What went wrong, if anything: a status from 300 on, or the first version's `error` other than 0 in any body.
 * Source: providers/README.md 2.2 and 2.7.
 */
export function problemOf(reply: HttpReply, http: Pick<Http, 'redactText'>): ProblemError | null {
  const error = errorBody.safeParse(reply.body).data;
  const version1 = error?.error && error.error !== '0' ? error.error : null;
  if (reply.status < 300 && version1 === null) return null;
  if (reply.status === 404 && !isOfApi(error)) {
    return new ProblemError('PROVIDER_BAD_RESPONSE', 'No API of BSG answers at this baseUrl (HTTP 404).');
  }
  const words = wordsOf(error) ?? (version1 && `The provider answered with error ${version1}.`);
  const general = statusProblem(reply, words && http.redactText(words), version1);
  if (general.code !== 'PROVIDER_REJECTED') return general;
  const code = codesOfVersion1.get(version1 ?? '') ?? codeOfVersion2(reply.status, error);
  return new ProblemError(code, general.message, { providerCode: general.providerCode });
}

/** A 404 of the API says something in its terms; a proxy's must not make campaigns look deleted. */
function isOfApi(error: ErrorBody | undefined): boolean {
  return firstTold<unknown>(error?.message, error?.errors, error?.error) != null;
}

/** 409 and 422 tell of a campaign in the wrong status or of fields at fault; only the latter names fields. */
function codeOfVersion2(status: number, error: ErrorBody | undefined): ProblemCode {
  if (status === 409) return 'INVALID_STATE';
  if (status !== 422) return 'PROVIDER_REJECTED';
  return /\bstatus\b/i.test(error?.message ?? '') ? 'INVALID_STATE' : 'BAD_INPUT';
}

/** The message, and what `errors` adds to it: a list of sentences, or such lists by field. */
function wordsOf(error: ErrorBody | undefined): string | null {
  if (!error) return null;
  const message = error.message ?? error.errorDescription;
  const details = Array.isArray(error.errors)
    ? sentencesOf(error.errors)
    : Object.entries(error.errors ?? {}).map(
        ([field, sentences]) => `${field}: ${sentencesOf(sentences).join(' ')}`,
      );
  return [message ?? '', ...details].filter(Boolean).join(' ') || null;
}

function sentencesOf(value: unknown): string[] {
  const all = typeof value === 'string' ? [value] : listOf(value);
  return all.filter((one) => typeof one === 'string').filter(Boolean);
}

const ofTheCampaign: ReadonlySet<ProblemCode> = new Set(['INVALID_STATE', 'NOT_FOUND', 'BAD_INPUT']);

/** For a call that takes an id and no more: what finds fault with the request finds fault with the id. */
function blamingId(problem: ProblemError): ProblemError {
  return ofTheCampaign.has(problem.code) ? reworded(problem, { argument: ['id'] }) : problem;
}

function noList({ message, providerCode }: ProblemError): ProblemError {
  return new ProblemError('NOT_SUPPORTED', `BSG offers no list of campaigns here: ${message}`, {
    providerCode,
  });
}

const notOfTheKey: ReadonlySet<ProblemCode> = new Set([
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_UNAVAILABLE',
  'PROVIDER_BAD_RESPONSE',
]);

/** Of a log-in's errors, all that blame the request blame the key, which is all that it holds. */
function logInProblem(problem: ProblemError): ProblemError {
  const { code, message, providerCode } = problem;
  if (notOfTheKey.has(code)) return problem;
  // Not NOT_FOUND, which would read as "no such campaign".
  if (code === 'NOT_FOUND') return new ProblemError('PROVIDER_BAD_RESPONSE', message, { providerCode });
  return new ProblemError('PROVIDER_UNAUTHENTICATED', message, { providerCode });
}

function authorized(request: HttpRequest, bearer: string): HttpRequest {
  return { ...request, headers: { authorization: `Bearer ${bearer}` } };
}
