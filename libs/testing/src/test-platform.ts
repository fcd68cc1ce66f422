import type { Execution, ExecuteTool } from '#contracts/executor.contract';
import type { Credential, CredentialInput } from '#contracts/vault.contract';
import { Platform } from '#devstack/platform';
import type { PlatformOptions } from '#devstack/platform-options';
import { natsOptions } from '#devstack/nats-access';
import type { ReceivedSpan } from '#devstack/otlp-sink';
import type { ToolDefinitionInput } from '#toolcall/tool-definition';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RestReply {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs look into replies of every shape
  readonly body: any;
}

/** The whole of Patchbay for an end-to-end spec, with what an admin and an orchestrator would do to it. */
export class TestPlatform {
  readonly spans: ReceivedSpan[] = [];
  orgId = '';
  adminKey = '';
  private constructor(
    readonly platform: Platform,
    /** As an orchestrator: a plain NATS client. */
    readonly nats: NatsConnection,
    private readonly home: string,
  ) {}

  static async start(options: Omit<Partial<PlatformOptions>, 'home'> = {}): Promise<TestPlatform> {
    const home = await mkdtemp(join(tmpdir(), 'patchbay-e2e-'));
    const spans: ReceivedSpan[] = [];
    const platform = await Platform.start({ ...options, home, onSpan: (span) => spans.push(span) });
    const access = platform.orchestrator ?? { natsUrl: platform.natsUrl };
    const nats = await connect(natsOptions(access)).catch(async (error: unknown) => {
      await platform.stop(); // or its processes would outlive the spec
      throw error;
    });
    const test = new TestPlatform(platform, nats, home);
    Object.assign(test, { spans }, await platform.firstAdmin());
    return test;
  }

  /** A client that may do everything on the bus; for a platform started with `operator`. */
  connectOperator(): Promise<NatsConnection> {
    return connect(natsOptions(this.platform.operator));
  }

  /** As an admin, through REST. */
  async rest(method: string, path: string, body?: unknown, key = this.adminKey): Promise<RestReply> {
    const response = await fetch(`${this.platform.restUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  }

  /** Creates and publishes a tool. @throws Error when either is refused */
  async publish(definition: ToolDefinitionInput): Promise<void> {
    await this.expectOk('POST', '/v1/tools', definition);
    await this.expectOk('POST', `/v1/tools/${definition.key}/publish`, {});
  }

  async addCredential(credential: CredentialInput): Promise<string> {
    return ((await this.expectOk('POST', '/v1/credentials', credential)) as Credential).id;
  }

  /** As an orchestrator, through NATS. @throws Error with the bus error's code */
  async execute(request: ExecuteTool, timeoutMs = 10_000): Promise<Execution> {
    const subject = `patchbay.v1.${this.orgId}.tools.execute`;
    const reply = await this.nats.request(subject, JSON.stringify(request), { timeout: timeoutMs });
    const code = reply.headers?.get('Nats-Service-Error-Code');
    if (code) throw new Error(`${code}: ${reply.string()}`);
    return reply.json<Execution>();
  }

  /** Asks again until the answer satisfies, for what has no event to wait for across processes. */
  async eventually<T>(
    ask: () => Promise<T>,
    satisfies: (answer: T) => boolean,
    withinMs = 15_000,
  ): Promise<T> {
    const giveUpAt = Date.now() + withinMs;
    for (;;) {
      const answer = await ask();
      if (satisfies(answer)) return answer;
      if (Date.now() > giveUpAt)
        throw new Error(`Not so after ${withinMs} ms; the last answer: ${JSON.stringify(answer)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What the sample API received since it was last told to forget. */
  async received(): Promise<SampleRequest[]> {
    const response = await fetch(`${this.platform.sampleUrl}/_control/requests`);
    return ((await response.json()) as { requests: SampleRequest[] }).requests;
  }

  /** Has the sample API forget requests and faults, and reset its data. */
  async resetSample(): Promise<void> {
    await fetch(`${this.platform.sampleUrl}/_control/reset`, { method: 'POST' });
  }

  /** Has the sample API misbehave; see samples/business-api/README.md. */
  async fault(rule: { method?: string; path: string; times?: number; fault: object }): Promise<void> {
    const body = JSON.stringify(rule);
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.platform.sampleUrl}/_control/faults`, {
      method: 'POST',
      headers,
      body,
    });
    if (!response.ok) throw new Error(await response.text());
  }

  async stop(): Promise<void> {
    await this.nats.close();
    await this.platform.stop();
    await rm(await realpath(join(this.home, 'postgres')), { recursive: true, force: true });
    await rm(this.home, { recursive: true, force: true });
  }

  private async expectOk(method: string, path: string, body: unknown): Promise<unknown> {
    const reply = await this.rest(method, path, body);
    if (reply.status >= 300)
      throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  }
}

/** A request as the sample API recorded it. */
export interface SampleRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
