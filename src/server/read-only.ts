import { getOperationAST, OperationTypeNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { GraphQLContext } from '../graphql/context.ts';
import { forbiddenError, mayChange } from '../graphql/operators.ts';

/** Tells who may only read, among a mutation's errors too, that nothing was done. */
export const readOnly: Plugin<GraphQLContext> = {
  onExecute({ args: { document, operationName, contextValue } }) {
    if (mayChange(contextValue.viewer)) return;
    if (getOperationAST(document, operationName)?.operation !== OperationTypeNode.MUTATION) return;
    return {
      onExecuteDone({ result, setResult }) {
        if ('data' in result) setResult({ ...result, errors: [...(result.errors ?? []), forbiddenError] });
      },
    };
  },
};
