import { usePersistedOperations } from '@graphql-yoga/plugin-persisted-operations';
import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';
import { refusal } from './refuse.ts';
import type { OperationRequest } from './request.ts';

/** The only documents that are run, by their ids: the SHA-256 of each, as tools make them. */
export type PersistedDocuments = ReadonlyMap<string, string>;

/** For HTTP, as Yoga's plugin does it. */
export function onlyPersisted(documents: PersistedDocuments): Plugin[] {
  const only = usePersistedOperations({
    getPersistedOperation: (id) => documents.get(id) ?? null,
    extractPersistedOperationId: (params) => idOf(params),
    customErrors: { notFound: () => notFound(), persistedQueryOnly: () => noId(), keyNotFound: () => noId() },
  });
  return [idBeforeDocument, only];
}

/** Some clients send the document with its id. The id counts; the plugin would refuse it. */
const idBeforeDocument: Plugin = {
  onParams({ params: { query: _document, ...params }, setParams }) {
    if (idOf(params) !== null) setParams(params);
  },
};

/** The same for what comes by other ways: the request with its document, or why it is refused. */
export function withDocument<Request extends OperationRequest>(
  request: Request,
  documents: PersistedDocuments | null,
): Request | GraphQLError {
  if (!documents) return request;
  const id = idOf(request);
  if (id === null) return noId();
  const query = documents.get(id);
  return query === undefined ? notFound() : { ...request, query };
}

const idSchema = z.object({ persistedQuery: z.object({ sha256Hash: z.string() }) });

/** As Apollo's clients send it; Yoga and graphql-ws pass it on. */
function idOf({ extensions }: { readonly extensions?: unknown }): string | null {
  return idSchema.safeParse(extensions).data?.persistedQuery.sha256Hash ?? null;
}

function notFound(): GraphQLError {
  return refusal(
    'PERSISTED_QUERY_NOT_FOUND',
    'There is no document of this id here (graphql.persistedDocuments).',
  );
}

function noId(): GraphQLError {
  const message =
    'Only the documents of graphql.persistedDocuments are run here: name one by extensions.persistedQuery.sha256Hash.';
  return refusal('PERSISTED_QUERY_ONLY', message);
}
