import { checkDatabaseUser, databaseReadiness } from '#runtime/database';
import { startService } from '#runtime/start-service';
import { GatewayConfig } from './config.js';
import { GatewayModule } from './gateway.module.js';
import { serveHttp } from './http/serve-http.js';

await startService({
  name: 'gateway',
  config: GatewayConfig,
  module: (config) => GatewayModule.forRoot(config),
  readiness: databaseReadiness,
  check: checkDatabaseUser,
  http: serveHttp,
});
