import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DurableStream } from './durable-stream.js';
import { NatsLink } from './nats-connection.js';
import { RpcClient } from './rpc.client.js';

/** Makes the process's one connection, and what is built on it, injectable everywhere. */
@Global()
@Module({})
export class MessagingModule {
  static forRoot(link: NatsLink): DynamicModule {
    return {
      module: MessagingModule,
      providers: [{ provide: NatsLink, useValue: link }, RpcClient, DurableStream],
      exports: [NatsLink, RpcClient, DurableStream],
    };
  }
}
