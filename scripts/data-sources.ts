import { auditDataSource } from '../apps/audit/src/data-source.js';
import { catalogDataSource } from '../apps/catalog/src/data-source.js';
import { executorDataSource } from '../apps/executor/src/data-source.js';
import { gatewayDataSource } from '../apps/gateway/src/data-source.js';
import { vaultDataSource } from '../apps/vault/src/data-source.js';

/** The data source of every service that keeps something. */
export const dataSources = [
  catalogDataSource,
  vaultDataSource,
  executorDataSource,
  auditDataSource,
  gatewayDataSource,
];
