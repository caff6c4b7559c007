import { ReadError, RequestError, TimeoutError } from 'got';
import type { ProblemCode } from '../model/problem.ts';

/** How a request ended: a status, or why there is none. */
export type RequestOutcome = `${number}` | 'timeout' | 'network' | 'aborted' | 'too large';

/** The body was called off because there was too much of it. */
export class SizeError extends Error {}

export function outcomeOf(error: unknown, signal: AbortSignal | undefined): RequestOutcome {
  if (error instanceof SizeError) return 'too large';
  if (signal?.aborted) return 'aborted';
  return error instanceof TimeoutError ? 'timeout' : 'network';
}

/** What is told of a request that got no answer that could be read. */
export function troubleOf(
  outcome: RequestOutcome,
  error: unknown,
  timeoutMs: number,
): readonly [ProblemCode, message: string] {
  if (outcome === 'aborted') return ['PROVIDER_UNAVAILABLE', 'The request to the provider was called off.'];
  if (outcome === 'too large')
    return ['PROVIDER_BAD_RESPONSE', 'The answer of the provider is larger than 32 MiB.'];
  if (outcome === 'timeout')
    return ['PROVIDER_UNAVAILABLE', `The provider did not answer within ${timeoutMs / 1000} s.`];
  const reason = error instanceof RequestError ? error.code : String(error);
  if (certificateCode.test(reason)) {
    const message = `The provider's certificate is not to be trusted, so nothing was sent (${reason}).`;
    return ['PROVIDER_UNAVAILABLE', message];
  }
  if (reason.startsWith('HPE_'))
    return ['PROVIDER_BAD_RESPONSE', `The provider's answer is no HTTP (${reason}).`];
  if (reason === 'ERR_READING_RESPONSE_STREAM')
    return ['PROVIDER_BAD_RESPONSE', "The provider's answer is damaged, and can't be unpacked."];
  if (error instanceof ReadError)
    return ['PROVIDER_UNAVAILABLE', `The provider's answer broke off (${reason}).`];
  return ['PROVIDER_UNAVAILABLE', `The provider can't be reached (${reason}).`];
}

/** How Node names what is wrong with a server's certificate; ERR_SSL_ is what the server says of ours. */
const certificateCode = /^(?!ERR_SSL_).*(CERT|VERIFY)/;
