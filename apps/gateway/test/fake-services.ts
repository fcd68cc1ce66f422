import { getExecution, getStats, listExecutions } from '#contracts/audit.contract';
import * as catalog from '#contracts/catalog.contract';
import { cancelExecution, executeTool, testTool } from '#contracts/executor.contract';
import type { ReplyOf, Rpc } from '#contracts/rpc';
import { Validator } from '#contracts/validate';
import * as vault from '#contracts/vault.contract';
import { NatsLink } from '#messaging/nats-connection';
import { encodeError } from '#messaging/wire';
import { parseExactly } from '#toolcall/exact-json';
import { EventEmitter, once } from 'node:events';
import type { TSchema } from 'typebox';
import {
  access,
  agentTools,
  connection,
  credential,
  dependents,
  diff,
  environment,
  execution,
  record,
  rotation,
  stats,
  tool,
  version,
} from './sample-replies.js';

export interface Asked {
  readonly rpc: Rpc;
  readonly subject: string;
  readonly request: Record<string, unknown>;
  readonly header: (name: string) => string | undefined;
}

type Answer = (asked: Asked) => object | Promise<object>;

/** Catalog, vault, executor and audit as the gateway sees them: they answer the contracts' subjects and note what they were asked. */
export class FakeServices {
  readonly asked: Asked[] = [];
  private readonly answers = new Map<Rpc, Answer>();
  private readonly events = new EventEmitter();

  private constructor(private readonly link: NatsLink) {}

  static async start(natsUrl: string): Promise<FakeServices> {
    const fake = new FakeServices(await NatsLink.open({ url: natsUrl, name: 'fake services' }));
    for (const [rpc, reply] of samples()) fake.listen(rpc, reply);
    await fake.link.connection.flush();
    return fake;
  }

  /** Answers this request so from now on, until {@link reset}. */
  answer<R extends Rpc>(rpc: R, answer: (asked: Asked) => ReplyOf<R> | Promise<ReplyOf<R>>): void {
    this.answers.set(rpc, answer);
  }

  /** Forgets what was asked and how to answer. */
  reset(): void {
    this.asked.length = 0;
    this.answers.clear();
  }

  /** The request that came last. */
  get last(): Asked | undefined {
    return this.asked.at(-1);
  }

  /** Waits until something is asked. */
  async nextAsked(): Promise<Asked> {
    const [asked] = (await once(this.events, 'asked')) as [Asked];
    return asked;
  }

  async stop(): Promise<void> {
    await this.link.close();
  }

  private listen(rpc: Rpc, sample: object): void {
    const requests: Validator<TSchema> = new Validator(rpc.request);
    new Validator(rpc.reply).problems(sample).forEach(({ pointer, message }) => {
      throw new Error(`The sample reply of ${rpc.subject} is not one: ${pointer} ${message}`);
    });
    this.link.connection.subscribe(rpc.subject, {
      callback: (_error, message) => {
        const request = parseExactly(message.string()) as Record<string, unknown>;
        const header = (name: string) => message.headers?.get(name) || undefined;
        const asked = { rpc, subject: message.subject, request, header };
        this.asked.push(asked);
        this.events.emit('asked', asked);
        const answer = async () => {
          requests.assert(request);
          return (await this.answers.get(rpc)?.(asked)) ?? sample;
        };
        answer().then(
          (reply) => message.respond(JSON.stringify(reply)),
          (error: unknown) => {
            const { payload, headers } = encodeError(error);
            message.respond(payload, { headers });
          },
        );
      },
    });
  }
}

function samples(): [Rpc, object][] {
  return [
    [catalog.createTool, tool],
    [catalog.importTools, { saved: false, tools: [{ key: 'look_up', replaces: false, problems: [] }] }],
    [catalog.getTool, tool],
    [catalog.listTools, { items: [tool], nextCursor: 'more' }],
    [catalog.updateTool, tool],
    [catalog.archiveTool, tool],
    [catalog.publishTool, version],
    [catalog.rollBackTool, version],
    [catalog.listToolVersions, { items: [version] }],
    [catalog.getToolVersion, version],
    [catalog.exportTools, { format: 'openai', tools: [] }],
    [catalog.restoreTool, tool],
    [catalog.diffToolVersions, diff],
    [catalog.getDependents, dependents],
    [catalog.listEnvironments, { key: 'look_up', environments: [environment] }],
    [catalog.setEnvironment, environment],
    [catalog.getAgentTools, agentTools],
    [catalog.bindAgentTools, agentTools],
    [vault.createCredential, credential],
    [vault.getCredential, credential],
    [vault.listCredentials, { items: [credential] }],
    [vault.replaceCredential, credential],
    [vault.deleteCredential, { done: true }],
    [vault.listAccesses, { items: [access] }],
    [vault.startConnection, { expiresAt: '2026-01-02T03:14:05.000Z' }],
    [vault.listConnections, { items: [connection] }],
    [vault.deleteConnection, { done: true }],
    [vault.beginAuthorization, { authorizationUrl: 'https://idp.example.com/authorize?client_id=us' }],
    [vault.finishAuthorization, { done: true }],
    [vault.startRotation, rotation],
    [vault.getRotation, rotation],
    [executeTool, execution],
    [cancelExecution, execution],
    [testTool, { execution }],
    [listExecutions, { items: [record] }],
    [getExecution, record],
    [getStats, stats],
  ];
}
