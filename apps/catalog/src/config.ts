import { DatabaseServiceConfig } from '#runtime/service.config';

export class CatalogConfig extends DatabaseServiceConfig {}
