import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // Else it is loaded twice, as CommonJS and as a module, and "instanceof GraphQLError" fails.
    alias: [
      {
        find: /^graphql$/,
        replacement: new URL('./node_modules/graphql/index.mjs', import.meta.url).pathname,
      },
    ],
  },
  test: {
    globalSetup: ['test/support/postgres.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // What runs at the same time mostly waits.
    maxConcurrency: 8,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/generated/**', '**/*.test.ts'] },
  },
});
