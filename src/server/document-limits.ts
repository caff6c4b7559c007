import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type ParseOptions,
  parse,
  type Source,
  validate,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type CostedOperation, costOf } from './document-cost.ts';
import { type DocumentShape, shapeOf } from './document-shape.ts';
import { refusal } from './refuse.ts';

/** How much a document may ask for. */
export interface DocumentLimits {
  /** Names, punctuators and values that it may consist of. */
  readonly tokens: number;
  /** Fields below one another. */
  readonly depth: number;
  /** Aliases, and repetitions of a field in one selection. */
  readonly aliases: number;
  /** What its operation may cost with its variables, by `costOf`: about the number of fields in the answer. */
  readonly cost: number;
  /** Whether the schema can be asked for, with `__schema` and `__type`; if not, errors suggest no names either. */
  readonly introspection: boolean;
}

/** The text of a document may have so many characters for each of the tokens that it may have. */
const charactersPerToken = 50;
/** Of mistakes in one document, which are kept as long as it is. */
const maxErrors = 20;
/** Of a document that introspects: the queries of tools have none, and each could ask for the whole schema again. */
const introspectionAliases = 5;
const beyondParser = /^Syntax Error: (?:Document|Source) contains more than /;

/**
 * Refuses documents that ask for too much, before they are validated, for every way in which they come. Refusals are
 * GraphQLErrors, one for each document, with a code that says which limit it is.
 */
export function documentLimits(limits: DocumentLimits): Plugin {
  const shapes = new WeakMap<DocumentNode, DocumentShape>();

  /** @throws GraphQLError */
  function checkShape(document: DocumentNode): void {
    const shape = shapes.get(document) ?? shapeOf(document);
    shapes.set(document, shape);
    if (shape.depth > limits.depth) {
      const excess = `The document is ${shape.depth} fields deep; ${limits.depth} is the most (limits.documentDepth).`;
      throw refusal('TOO_DEEP', `${excess} Ask for what lies deeper in a request of its own, by its id.`);
    }
    if (shape.aliases > limits.aliases) {
      const excess = `The document has ${shape.aliases} aliases and repeated fields; ${limits.aliases} is the most (limits.documentAliases).`;
      throw refusal('TOO_MANY_ALIASES', `${excess} Ask for lists, such as campaigns(filter: { ids: … }).`);
    }
    if (!shape.introspects) return;
    if (!limits.introspection)
      throw refusal('GRAPHQL_VALIDATION_FAILED', 'Introspection (__schema, __type) is turned off here.');
    if (shape.aliases > introspectionAliases) {
      const excess = `The document has ${shape.aliases} aliases and repeated fields; with introspection (__schema, __type), ${introspectionAliases} is the most.`;
      throw refusal('TOO_MANY_ALIASES', `${excess} Ask for the schema in a request of its own.`);
    }
  }

  /** @throws GraphQLError */
  function checkCost(schema: GraphQLSchema, operation: CostedOperation): void {
    const cost = costOf(schema, operation, limits.cost);
    if (cost <= limits.cost) return;
    const excess = `The operation may cost ${Math.ceil(cost)}; ${limits.cost} is the most (limits.documentCost).`;
    throw refusal('TOO_COSTLY', `${excess} Ask for fewer items at a time, or for fewer fields of each.`);
  }

  const parseWithin = (source: string | Source, options?: ParseOptions) =>
    parseDocument(source, options, limits.tokens);

  return {
    onParse: ({ setParseFn }) => setParseFn(parseWithin),

    onValidate({ params, context, setValidationFn }) {
      const { schema, documentAST: document } = params;
      const { operationName, variables } = context.params ?? {};
      checkShape(document);
      checkCost(schema, { document, operationName, variables });
      setValidationFn(validateWith(!limits.introspection));
      if (limits.introspection) return;
      return ({ valid }) => {
        if (valid) checkVariables(schema, { document, operationName, variables });
      };
    },
  };
}

/** @throws GraphQLError if it is no GraphQL, or too much of it */
function parseDocument(source: string | Source, options: ParseOptions | undefined, tokens: number) {
  const bounds = {
    maxLexicalTokens: tokens,
    maxComments: tokens,
    maxSourceLength: tokens * charactersPerToken,
  };
  try {
    return parse(source, { ...options, ...bounds });
  } catch (error) {
    if (error instanceof RangeError)
      throw refusal('TOO_DEEP', 'The document is nested too deeply to be read. Ask for less at a time.');
    if (!(error instanceof GraphQLError && beyondParser.test(error.message))) throw error;
    const excess = `The document has more than ${tokens} tokens, as many comments or ${bounds.maxSourceLength} characters (limits.documentTokens).`;
    throw refusal('TOO_MANY_TOKENS', `${excess} Give long values in variables, and ask for less at a time.`);
  }
}

/** Without suggestions, errors have no names of the schema but those that the document has. */
function validateWith(hideSuggestions: boolean) {
  return (...[schema, document, rules]: Parameters<typeof validate>) =>
    validate(schema, document, rules, { hideSuggestions, maxErrors });
}

/**
 * The execution would suggest names for those that variables have wrong.
 * @throws GraphQLError the first thing that is wrong with them
 */
function checkVariables(
  schema: GraphQLSchema,
  { document, operationName, variables }: CostedOperation,
): void {
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  const { errors } = getVariableValues(schema, definitions, variables ?? {}, { hideSuggestions: true });
  if (errors?.[0]) throw errors[0];
}
