import { patience } from '#runtime/database';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { CatalogConfig } from './config.js';
import { catalogDataSource } from './data-source.js';
import { DefinitionGate } from './tools/definition-gate.service.js';
import { ToolVersionEntity } from './tools/tool-version.entity.js';
import { ToolEntity } from './tools/tool.entity.js';
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
        TypeOrmModule.forFeature([ToolEntity, ToolVersionEntity]),
      ],
      controllers: [ToolsController],
      providers: [DefinitionGate, ToolsService, VersionsService],
    };
  }
}
