import type { Announcement, PayloadOf } from '#contracts/rpc';
import { Validator } from '#contracts/validate';
import { Counter, registry } from '#telemetry/metrics';
import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  AckPolicy,
  jetstream,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type ConsumerMessages,
  type JetStreamClient,
  type JsMsg,
} from '@nats-io/jetstream';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { setTimeout as wait } from 'node:timers/promises';
import { NatsLink } from './nats-connection.js';
import { parseObject } from './wire.js';

export interface StreamNames {
  readonly name: string;
  readonly consumer: string;
}

/** Does what a message asks for. Called again with the same message until it has resolved once, and maybe after. */
type Handle<A extends Announcement> = (payload: PayloadOf<A>) => Promise<void>;

const DAY_NS = 24 * 60 * 60 * 1e9;
const ACK_WAIT_NS = 30 * 1e9;
/** Fetched ahead, handled one at a time: few enough that the last is done within the time the server waits for it. */
const AHEAD = 16;
/** How many messages an instance leaves in the stream after acting on them. */
const LEFT_BEHIND = 1000;
/** A server that has gone silent is noticed, and asked again, after this long. */
const PULL_MS = 5000;
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
const notFound: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];

const messagesTotal = new Counter({
  name: 'patchbay_stream_messages_total',
  help: 'Messages of a durable stream: `handled`, to be `retried`, or `dropped` because malformed',
  labelNames: ['stream', 'result'],
  registers: [registry],
});

/**
 * Announcements that must arrive: kept on disk by JetStream until a consumer has acted on them, delivered at least
 * once. Postgres holds the truth; the stream moves it.
 */
@Injectable()
export class DurableStream {
  private readonly log = new Logger('DurableStream');
  private readonly client: JetStreamClient;
  private readonly existing = new Map<string, Promise<void>>();
  private readonly running = new Set<() => Promise<void>>();

  constructor(@Inject(NatsLink) private readonly link: NatsLink) {
    this.client = jetstream(link.connection, { timeout: 2000 });
    // A server that lost its disk comes back without the stream.
    link.onReconnect(() => this.existing.clear());
  }

  /**
   * Stores a message; resolves once the server has it. `id` makes a repeated publish within two minutes one message.
   * @throws Error when the server did not confirm; whether it has the message is then unknown
   */
  async publish(stream: StreamNames, announcement: Announcement, json: string, id: string): Promise<void> {
    await this.ensureStream(stream, announcement.subject);
    try {
      await this.client.publish(announcement.subject, json, { msgID: id });
    } catch (error) {
      this.existing.delete(stream.name); // it may have been deleted
      throw error;
    }
  }

  /**
   * Hands every message to `handle`, one at a time, oldest first, acknowledging it once that has resolved. A rejection
   * puts the message back, for a second at first and for half a minute at most, and pauses the others for a second. A
   * message that does not match the announcement's schema is dropped: whoever adds a field updates consumers first.
   *
   * Instances share the messages. Runs until {@link close}; survives the absence of server, stream and consumer.
   */
  consume<A extends Announcement>(stream: StreamNames, announcement: A, handle: Handle<A>): void {
    const stopping = new AbortController();
    const loop = context.with(ROOT_CONTEXT, () => this.run(stream, announcement, handle, stopping.signal));
    this.running.add(() => {
      stopping.abort();
      return loop;
    });
  }

  /** Ends all consuming after the messages in hand; those fetched ahead go to other instances a second later. */
  async close(): Promise<void> {
    await Promise.all([...this.running].map((stop) => stop()));
    this.running.clear();
  }

  private async run<A extends Announcement>(
    stream: StreamNames,
    announcement: A,
    handle: Handle<A>,
    stopping: AbortSignal,
  ): Promise<void> {
    const validator = new Validator(announcement.payload);
    const isStopping = () => stopping.aborted;
    const done: number[] = [];
    // After a power failure the numbers may be those of other messages.
    this.link.onReconnect(() => done.splice(0));
    while (!isStopping()) {
      try {
        for await (const message of await this.open(stream, announcement.subject, stopping)) {
          if (isStopping()) {
            message.nak(RETRY_MS); // at once it could still come here, where nobody takes it any more
            continue;
          }
          const result = await this.deliver(message, validator, handle);
          messagesTotal.inc({ stream: stream.name, result });
          if (result === 'retried') await pause(stopping);
          else await this.forget(stream, done, message.seq);
        }
      } catch (error) {
        if (!isStopping()) this.log.warn(`Stream ${stream.name}: ${messageOf(error)}; trying again`);
      }
      this.existing.delete(stream.name);
      await pause(stopping);
    }
  }

  /** The messages of the stream as they come, until told to stop or until stream or consumer is gone. */
  private async open(stream: StreamNames, subject: string, stopping: AbortSignal): Promise<ConsumerMessages> {
    await this.ensureStream(stream, subject);
    const consumer = await this.client.consumers.get(stream.name, stream.consumer);
    const messages = await consumer.consume({
      max_messages: AHEAD,
      expires: PULL_MS,
      abort_on_missing_resource: true, // the default waits in silence until somebody else has made it again
    });
    const stop = () => void messages.close();
    if (stopping.aborted) stop();
    stopping.addEventListener('abort', stop, { once: true });
    void messages.closed().then(() => stopping.removeEventListener('abort', stop));
    return messages;
  }

  private async deliver<A extends Announcement>(
    message: JsMsg,
    validator: Validator<A['payload']>,
    handle: Handle<A>,
  ): Promise<'handled' | 'retried' | 'dropped'> {
    const payload: unknown = parseObject(message.data);
    if (!validator.matches(payload)) {
      this.log.error(
        `Dropped message ${message.seq} of ${message.subject}: it is not what the subject carries`,
      );
      message.term(); // without a reason: nats-server before 2.10.4 ignores a term that has one
      return 'dropped';
    }
    try {
      await handle(payload as PayloadOf<A>);
      message.ack();
      return 'handled';
    } catch (error) {
      this.log.warn(`Message ${message.seq} of ${message.subject} comes again: ${messageOf(error)}`);
      message.nak(Math.min(RETRY_MS * 2 ** (message.info.deliveryCount - 1), LONGEST_RETRY_MS));
      return 'retried';
    }
  }

  private async ensureStream(stream: StreamNames, subject: string): Promise<void> {
    if (!this.link.isConnected) throw new Error('The bus is not connected');
    let existing = this.existing.get(stream.name);
    if (!existing) {
      existing = this.createStream(stream, subject);
      existing.catch(() => this.existing.delete(stream.name));
      this.existing.set(stream.name, existing);
    }
    return existing;
  }

  /** Makes what is missing. What is there stays as it is: whoever runs the bus may have tuned it. */
  private async createStream({ name, consumer }: StreamNames, subject: string): Promise<void> {
    const { streams, consumers } = await this.client.jetstreamManager(false);
    let known = await unlessMissing(consumers.info(name, consumer)); // before the stream, which only grows
    const found = await unlessMissing(streams.info(name));
    const { state } = found ?? (await streams.add(this.streamConfig(name, subject)));
    if (known && known.delivered.stream_seq > state.last_seq) {
      // A power failure took messages, but not the memory of having delivered them: those that get their numbers
      // would never be delivered.
      await consumers.delete(name, consumer);
      known = undefined;
    }
    if (known) return;
    await consumers.add(name, {
      durable_name: consumer,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ACK_WAIT_NS,
    });
  }

  private streamConfig(name: string, subject: string) {
    return {
      name,
      subjects: [subject],
      storage: StorageType.File,
      num_replicas: this.link.connection.info?.cluster ? 3 : 1,
      max_age: 7 * DAY_NS,
      // Not a work queue, which forgets a message as soon as it is acknowledged: nats-server 2.9, killed while such a
      // stream is empty, starts counting at 1 again, and its consumer takes what is published then for delivered.
      retention: RetentionPolicy.Limits,
    };
  }

  /**
   * Takes out of the stream what was done a thousand messages ago. Not sooner: a server that was killed may have
   * forgotten the latest acknowledgements, and waits for ever for those of messages that are gone.
   */
  private async forget({ name }: StreamNames, done: number[], seq: number): Promise<void> {
    done.push(seq);
    if (done.length <= LEFT_BEHIND) return;
    const { streams } = await this.client.jetstreamManager(false);
    await streams.deleteMessage(name, done.shift() ?? 0, false).catch((error: unknown) => {
      if (!(error instanceof JetStreamApiError)) throw error; // such an error says that it is gone already
    });
  }
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof JetStreamApiError && notFound.includes(error.code)) return undefined;
    throw error;
  }
}

async function pause(stopping: AbortSignal): Promise<void> {
  await wait(RETRY_MS, undefined, { signal: stopping }).catch(() => undefined);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
