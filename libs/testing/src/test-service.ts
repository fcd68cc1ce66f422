import { Deadline } from '#messaging/deadline';
import { MessagingModule } from '#messaging/messaging.module';
import { NatsLink } from '#messaging/nats-connection';
import { NatsTransport } from '#messaging/nats.transport';
import { RpcClient } from '#messaging/rpc.client';
import type { ReplyOf, RequestOf, Rpc } from '#contracts/rpc';
import { Module, type DynamicModule, type INestMicroservice, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

@Module({})
class TestServiceModule {}

/** A service of ours running inside the spec, on a bus of the spec's own. */
export interface TestService {
  readonly app: INestMicroservice;
  readonly link: NatsLink;
  /** Asks any service on the bus; waits 5 s unless told otherwise. */
  call<R extends Rpc>(
    rpc: R,
    request: RequestOf<R>,
    options?: { orgId?: string; deadlineMs?: number },
  ): Promise<ReplyOf<R>>;
  get<T>(token: Type<T>): T;
  stop(): Promise<void>;
}

export async function startTestService(
  name: string,
  natsUrl: string,
  module: DynamicModule,
): Promise<TestService> {
  const link = await NatsLink.open({ url: natsUrl, name });
  const options = { queue: name, maxInFlight: 1024, defaultDeadlineMs: 10_000, drainMs: 5000 };
  const strategy = new NatsTransport(link, options);
  const app = await NestFactory.createMicroservice(
    { module: TestServiceModule, imports: [MessagingModule.forRoot(link), module] },
    { strategy, logger: process.env.TEST_LOGS ? ['error', 'warn'] : false, abortOnError: false },
  );
  strategy.bindTo(app);
  await app.listen();
  const rpc = new RpcClient(link);
  return {
    app,
    link,
    call: (descriptor, request, { orgId, deadlineMs = 5000 } = {}) =>
      rpc.call(descriptor, request, { deadline: Deadline.in(deadlineMs), ...(orgId && { orgId }) }),
    get: (token) => app.get(token),
    stop: async () => {
      await app.close();
      await link.close();
    },
  };
}
