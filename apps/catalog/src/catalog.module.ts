import { EgressPolicies } from '#egress/egress-policies';
import { readPolicies } from '#egress/open-egress';
import { patience } from '#runtime/database';
import { GrantKey } from '#sealing/credential-grant';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsController } from './agents/agents.controller.js';
import { AgentsService } from './agents/agents.service.js';
import type { CatalogConfig } from './config.js';
import { catalogDataSource } from './data-source.js';
import { EnvironmentsController } from './environments/environments.controller.js';
import { EnvironmentsService } from './environments/environments.service.js';
import { DefinitionGate } from './tools/definition-gate.service.js';
import { DependentsService } from './tools/dependents.service.js';
import { ExportService } from './tools/export.service.js';
import { ImportService } from './tools/import.service.js';
import { ResolutionService } from './tools/resolution.service.js';
import { ToolsController } from './tools/tools.controller.js';
import { ToolsService } from './tools/tools.service.js';
import { VersionsService } from './tools/versions.service.js';

@Module({})
export class CatalogModule {
  static forRoot(config: CatalogConfig): DynamicModule {
    return {
      module: CatalogModule,
      imports: [
        TypeOrmModule.forRoot({
          ...catalogDataSource(config.DATABASE_URL, config.DATABASE_POOL),
          ...patience,
        }),
      ],
      controllers: [AgentsController, EnvironmentsController, ToolsController],
      providers: [
        AgentsService,
        DefinitionGate,
        DependentsService,
        { provide: EgressPolicies, useFactory: () => readPolicies(config) },
        EnvironmentsService,
        ExportService,
        ImportService,
        ResolutionService,
        ToolsService,
        VersionsService,
        { provide: GrantKey, useValue: new GrantKey(Buffer.from(config.CREDENTIAL_GRANT_KEY, 'base64')) },
      ],
    };
  }
}
