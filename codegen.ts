import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema/*.graphql',
  generates: {
    'src/generated/graphql.ts': {
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        contextType: '../graphql/context.ts#GraphQLContext',
        scalars: {
          DateTime: { input: 'Date', output: 'Date' },
          Decimal: 'string',
          URL: { input: 'URL', output: 'URL | string' },
          JSON: 'unknown',
        },
      },
    },
  },
};

export default config;
