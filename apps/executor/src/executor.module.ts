import { patience } from '#runtime/database';
import { SessionKeyPair } from '#sealing/session-key';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CallStateService } from './call-state/call-state.service.js';
import { CallValues } from './call-state/call-values.service.js';
import { CallsController } from './call-state/calls.controller.js';
import { ExecutorConfig } from './config.js';
import { CredentialCache } from './credentials/credential.cache.js';
import { CredentialsController } from './credentials/credentials.controller.js';
import { SecretCache } from './credentials/secret.cache.js';
import { executorDataSource } from './data-source.js';
import { ExecutionController } from './execution/execution.controller.js';
import { ExecutionService } from './execution/execution.service.js';
import { RequestSender } from './execution/request.sender.js';
import { LookupController } from './execution/lookup.controller.js';
import { LookupService } from './execution/lookup.service.js';
import { RunningExecutions } from './execution/running-executions.js';
import { JournalQueries } from './journal/journal.queries.js';
import { JournalService } from './journal/journal.service.js';
import { OutboxRelay } from './journal/outbox.relay.js';
import { ToolCache } from './tools/tool.cache.js';
import { UpstreamCaller } from './upstream/upstream.caller.js';

@Module({})
export class ExecutorModule {
  static forRoot(config: ExecutorConfig): DynamicModule {
    return {
      module: ExecutorModule,
      imports: [
        TypeOrmModule.forRoot({
          ...executorDataSource(config.DATABASE_URL, config.DATABASE_POOL),
          ...patience,
        }),
      ],
      controllers: [CallsController, CredentialsController, ExecutionController, LookupController],
      providers: [
        { provide: ExecutorConfig, useValue: config },
        CallStateService,
        CallValues,
        CredentialCache,
        ExecutionService,
        RequestSender,
        JournalQueries,
        JournalService,
        LookupService,
        OutboxRelay,
        RunningExecutions,
        SecretCache,
        {
          provide: SessionKeyPair,
          useFactory: () => SessionKeyPair.create(Buffer.from(config.EXECUTOR_KEY, 'base64')),
        },
        ToolCache,
        UpstreamCaller,
      ],
    };
  }
}
