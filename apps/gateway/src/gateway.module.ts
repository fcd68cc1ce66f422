import { patience } from '#runtime/database';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsController } from './agents.controller.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeyGuard } from './auth/api-key.guard.js';
import { ApiKeysService } from './auth/api-keys.service.js';
import { OperatorKey } from './auth/operator-key.js';
import { OrganizationsService } from './auth/organizations.service.js';
import { GatewayConfig } from './config.js';
import { CredentialsController } from './credentials.controller.js';
import { gatewayDataSource } from './data-source.js';
import { EnvironmentsController } from './environments.controller.js';
import { ExecutionsController } from './executions.controller.js';
import { ConnectionDrain } from './http/connection-drain.js';
import { RefuseQueryInterceptor } from './http/refuse-query.interceptor.js';
import { ImportController } from './import/import.controller.js';
import { ImportReader } from './import/import.reader.js';
import { ImportService } from './import/import.service.js';
import { SourceFetcher } from './import/source.fetcher.js';
import { MeController } from './me.controller.js';
import { ConnectionsController } from './oauth/connections.controller.js';
import { OAuthController } from './oauth/oauth.controller.js';
import { PublicAddress } from './oauth/public-address.js';
import { ProblemFilter } from './problem.filter.js';
import { RotationsController } from './rotations.controller.js';
import { ServicesClient } from './services.client.js';
import { StatsController } from './stats.controller.js';
import { ToolsController } from './tools.controller.js';

@Module({})
export class GatewayModule {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        TypeOrmModule.forRoot({
          ...gatewayDataSource(config.DATABASE_URL, config.DATABASE_POOL),
          ...patience,
        }),
      ],
      controllers: [
        ImportController,
        ToolsController,
        EnvironmentsController,
        AgentsController,
        CredentialsController,
        ConnectionsController,
        OAuthController,
        ExecutionsController,
        StatsController,
        RotationsController,
        ApiKeysController,
        MeController,
      ],
      providers: [
        { provide: GatewayConfig, useValue: config },
        { provide: OperatorKey, useValue: new OperatorKey(config.OPERATOR_KEY_SHA256) },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_INTERCEPTOR, useClass: RefuseQueryInterceptor },
        { provide: APP_FILTER, useClass: ProblemFilter },
        ApiKeysService,
        ConnectionDrain,
        ImportReader,
        ImportService,
        OrganizationsService,
        PublicAddress,
        ServicesClient,
        SourceFetcher,
      ],
    };
  }
}
