import { patience } from '#runtime/database';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditConfig } from './config.js';
import { auditDataSource } from './data-source.js';
import { ExecutionDriftQueries } from './executions/execution-drift.queries.js';
import { ExecutionIntake } from './executions/execution-intake.service.js';
import { ExecutionRetention } from './executions/execution-retention.service.js';
import { ExecutionStatsQueries } from './executions/execution-stats.queries.js';
import { ExecutionsController } from './executions/executions.controller.js';
import { ExecutionsService } from './executions/executions.service.js';

@Module({})
export class AuditModule {
  static forRoot(config: AuditConfig): DynamicModule {
    return {
      module: AuditModule,
      imports: [
        TypeOrmModule.forRoot({ ...auditDataSource(config.DATABASE_URL, config.DATABASE_POOL), ...patience }),
      ],
      controllers: [ExecutionsController],
      providers: [
        { provide: AuditConfig, useValue: config },
        ExecutionDriftQueries,
        ExecutionIntake,
        ExecutionRetention,
        ExecutionsService,
        ExecutionStatsQueries,
      ],
    };
  }
}
