import { encodeError } from '#messaging/wire';
import type { ReplyOf, RequestOf, Rpc } from '#contracts/rpc';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** Stands in for services that are not under test: answers on the real bus, and remembers what it was asked. */
export class FakeResponder {
  private constructor(private readonly connection: NatsConnection) {}

  static async start(natsUrl: string): Promise<FakeResponder> {
    return new FakeResponder(await connect({ servers: natsUrl, noAsyncTraces: true }));
  }

  /** Answers from now on with what `answer` returns, or the error it throws. @returns the requests, as they come */
  async answer<R extends Rpc>(rpc: R, answer: (request: RequestOf<R>) => ReplyOf<R> | Promise<ReplyOf<R>>) {
    const requests: RequestOf<R>[] = [];
    const callback = (_: Error | null, message: import('@nats-io/transport-node').Msg) => {
      const request = message.json<RequestOf<R>>();
      requests.push(request);
      void Promise.resolve()
        .then(() => answer(request))
        .then(
          (reply) => message.respond(JSON.stringify(reply)),
          (error: unknown) => {
            const { payload, headers } = encodeError(error);
            message.respond(payload, { headers });
          },
        );
    };
    const subscription = this.connection.subscribe(rpc.subject, { callback });
    await this.connection.flush();
    return { requests, stop: () => subscription.unsubscribe() };
  }

  async stop(): Promise<void> {
    await this.connection.close();
  }
}
