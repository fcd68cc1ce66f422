import type { Announcement, PayloadOf } from '#contracts/rpc';
import { Validator } from '#contracts/validate';
import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  AckPolicy,
  jetstream,
  jetstreamManager,
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

const DAY_NS = 24 * 60 * 60 * 1e9;
const ACK_WAIT_NS = 30 * 1e9;
const RETRY_MS = 1000;

/**
 * Announcements that must arrive: kept on disk by JetStream until a consumer has acted on them, delivered at least
 * once. Postgres holds the truth; the stream moves it.
 */
@Injectable()
export class DurableStream {
  private readonly log = new Logger('DurableStream');
  private readonly client: JetStreamClient;
  private readonly existing = new Map<string, Promise<void>>();
  private readonly running = new Set<{ stop: () => Promise<void> }>();

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
    if (!this.link.isConnected) throw new Error('The bus is not connected');
    await this.ensureStream(stream, announcement.subject);
    await this.client.publish(announcement.subject, json, { msgID: id });
  }

  /**
   * Hands every message to `handle`, in order, acknowledging it once that has resolved; a rejection brings the
   * message back a second later. Runs until {@link close}; survives the absence of server, stream and consumer.
   */
  consume<A extends Announcement>(
    stream: StreamNames,
    announcement: A,
    handle: (payload: PayloadOf<A>) => Promise<void>,
  ): void {
    const validator = new Validator(announcement.payload);
    const stopping = new AbortController();
    const isStopping = () => stopping.signal.aborted;
    let messages: ConsumerMessages | undefined;
    const loop = context.with(ROOT_CONTEXT, async () => {
      while (!isStopping()) {
        try {
          await this.ensureStream(stream, announcement.subject);
          const consumer = await this.client.consumers.get(stream.name, stream.consumer);
          messages = await consumer.consume({ max_messages: 64 });
          for await (const message of messages) await this.deliver(message, validator, handle);
        } catch (error) {
          if (!stopping.signal.aborted)
            this.log.warn(`Stream ${stream.name}: ${messageOf(error)}; trying again`);
        }
        this.existing.delete(stream.name);
        await wait(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    });
    const stop = async () => {
      stopping.abort();
      await messages?.close();
      await loop;
    };
    this.running.add({ stop });
  }

  /** Ends all consuming after the message in hand. */
  async close(): Promise<void> {
    await Promise.all([...this.running].map((one) => one.stop()));
    this.running.clear();
  }

  private async deliver<A extends Announcement>(
    message: JsMsg,
    validator: Validator<A['payload']>,
    handle: (payload: PayloadOf<A>) => Promise<void>,
  ): Promise<void> {
    const payload: unknown = parseObject(message.data);
    if (!validator.matches(payload)) {
      this.log.error(
        `Dropped message ${message.seq} of ${message.subject}: it is not what the subject carries`,
      );
      message.term('malformed');
      return;
    }
    try {
      await handle(payload as PayloadOf<A>);
      message.ack();
    } catch (error) {
      this.log.warn(`Message ${message.seq} of ${message.subject} comes again: ${messageOf(error)}`);
      message.nak(RETRY_MS);
    }
  }

  private ensureStream(stream: StreamNames, subject: string): Promise<void> {
    let existing = this.existing.get(stream.name);
    if (!existing) {
      existing = this.createStream(stream, subject);
      existing.catch(() => this.existing.delete(stream.name));
      this.existing.set(stream.name, existing);
    }
    return existing;
  }

  private async createStream(stream: StreamNames, subject: string): Promise<void> {
    const manager = await jetstreamManager(this.link.connection, { timeout: 2000 });
    await manager.streams.add({
      name: stream.name,
      subjects: [subject],
      storage: StorageType.File,
      retention: RetentionPolicy.Workqueue, // gone once acted on; until then kept for a week
      max_age: 7 * DAY_NS,
    });
    await manager.consumers.add(stream.name, {
      durable_name: stream.consumer,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ACK_WAIT_NS,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
