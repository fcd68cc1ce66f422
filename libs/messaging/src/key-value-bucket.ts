import { jetstream, JetStreamApiCodes, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import { Logger } from '@nestjs/common';
import type { NatsLink } from './nats-connection.js';

export interface BucketOptions {
  readonly name: string;
  /** How long a value is kept after it was last stored, milliseconds; of a bucket that is there already, its own counts. */
  readonly ttlMs: number;
  /** Most one request to the bus may take, milliseconds. */
  readonly timeoutMs: number;
}

/** What is stored under a key. */
export interface Stored {
  /** Undefined when nothing is, or nothing any more. */
  readonly text: string | undefined;
  /** Tells {@link KeyValueBucket.put} that nobody has changed it since; 0 while nobody has ever stored anything. */
  readonly revision: number;
}

const wrongRevision: readonly number[] = [
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
];

/**
 * Values that live for a while, shared by all instances: a JetStream KV bucket, made on first use. Reads come from the
 * stream's leader, so what one instance has stored the next one sees. Every method throws while the bus or its JetStream
 * is away.
 */
export class KeyValueBucket {
  private readonly log = new Logger('KeyValueBucket');
  private readonly client: JetStreamClient;
  private opening: Promise<KV> | undefined;

  constructor(
    private readonly link: NatsLink,
    private readonly options: BucketOptions,
  ) {
    this.client = jetstream(link.connection, { timeout: options.timeoutMs, checkAPI: false });
    // A server that lost its disk comes back without the bucket.
    link.onReconnect(() => (this.opening = undefined));
  }

  /** @param key letters, digits, `-`, `_` and dots between them */
  async get(key: string): Promise<Stored> {
    return this.using(async (bucket) => {
      const entry = await bucket.get(key);
      if (!entry) return { text: undefined, revision: 0 };
      return { text: entry.operation === 'PUT' ? entry.string() : undefined, revision: entry.revision };
    });
  }

  /** Stores a value unless somebody has stored another since that revision. @returns whether it did */
  async put(key: string, text: string, revision: number): Promise<boolean> {
    return this.using(async (bucket) => {
      try {
        await bucket.put(key, text, { previousSeq: revision });
        return true;
      } catch (error) {
        if (error instanceof JetStreamApiError && wrongRevision.includes(error.code)) return false;
        throw error;
      }
    });
  }

  async delete(key: string): Promise<void> {
    await this.using((bucket) => bucket.delete(key));
  }

  /** Opens the bucket where it is not, and anew after whatever went wrong: it may have been deleted. */
  private async using<T>(work: (bucket: KV) => Promise<T>): Promise<T> {
    if (!this.link.isConnected) throw new Error('The bus is not connected');
    const opening = (this.opening ??= this.open());
    try {
      return await work(await opening);
    } catch (error) {
      if (this.opening === opening) this.opening = undefined;
      throw error;
    }
  }

  private async open(): Promise<KV> {
    const { name, ttlMs } = this.options;
    const bucket = await new Kvm(this.client).create(name, {
      ttl: ttlMs,
      history: 1,
      replicas: this.link.connection.info?.cluster ? 3 : 1,
      allow_direct: false, // a replica that answers by itself may not have what was stored a moment ago
    });
    const status = await bucket.status();
    if (status.ttl !== ttlMs)
      this.log.warn(`Bucket ${name} keeps values for ${status.ttl} ms, as it was made; not for ${ttlMs} ms`);
    return bucket;
  }
}
