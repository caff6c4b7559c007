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
          // The domain counts in ms since 1970; arguments come as Date.
          DateTime: { input: 'Date', output: 'Date | number' },
          Decimal: 'string',
          URL: { input: 'URL', output: 'URL | string' },
          JSON: 'unknown',
        },
        // What resolvers are given for each type: the domain's own objects.
        mappers: {
          Account: '../accounts/account.ts#Account as AccountParent',
          AccountHealth: '../accounts/health.ts#AccountHealth as AccountHealthParent',
          Campaign: '../model/campaign.ts#Campaign as CampaignParent',
          CampaignChange: '../live/events.ts#ChangeEvent',
          CampaignConnection: '../graphql/pages.ts#CampaignListing',
          CampaignSummary: '../store/campaigns.ts#CampaignTotals',
          DeliveryReport: '../store/reports.ts#Report as ReportParent',
          DeliveryRowConnection: '../graphql/tasks.ts#RowListing',
          Money: '../model/campaign.ts#Money as MoneyParent',
          Provider: '../providers/provider.ts#Provider as ProviderParent',
          RequestBudget: '../accounts/budget.ts#BudgetState',
          Stats: '../model/stats.ts#Stats as StatsParent',
          Task: '../model/task.ts#Task as TaskParent',
          TaskConnection: '../graphql/tasks.ts#TaskListing',
        },
      },
    },
  },
};

export default config;
