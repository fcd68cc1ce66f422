import type { Execution } from '#contracts/executor.contract';
import type { OAuthServer } from '#testing/oauth-server';
import type { RestReply, TestPlatform } from '#testing/test-platform';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connectAccount } from './connect-account.js';
import { newNames, type Names } from './names.js';

/** One organization, its admin, and what it has. */
export class Organization {
  executorKey = '';

  constructor(
    readonly orgId: string,
    readonly adminKey: string,
    /** Where its tools go. */
    readonly origin: string,
    /** Stands in whatever it writes that is no name: to be found where it should not be. */
    readonly mark: string,
    /** Where its end users sign in. */
    readonly server: OAuthServer,
    private readonly vaultPublicKey: string,
    private readonly test: TestPlatform,
    private readonly operator: NatsConnection,
  ) {}

  /** There is no route that makes a second organization: it and its admin's key are put into the database. */
  static async insert(client: pg.Client, name: string): Promise<{ orgId: string; adminKey: string }> {
    const orgId = randomUUID();
    const adminKey = `pbk_${randomBytes(32).toString('base64url')}`;
    await client.query('INSERT INTO gateway.organizations (id, name) VALUES ($1, $2)', [orgId, name]);
    await client.query(
      'INSERT INTO gateway.api_keys (id, org_id, name, role, digest) VALUES ($1, $2, $3, $4, $5)',
      [randomUUID(), orgId, name, 'admin', createHash('sha256').update(adminKey).digest()],
    );
    return { orgId, adminKey };
  }

  /** What every set of things uses: a tool of the same key in each organization, and a key that may only run tools. */
  async settle(): Promise<void> {
    const { body } = await this.expect('POST', '/v1/api-keys', { name: this.mark, role: 'executor' });
    this.executorKey = body.key as string;
    await this.expect('POST', '/v1/tools', this.definition('look_up'));
    await this.expect('POST', '/v1/tools/look_up/publish', {});
  }

  /** One of everything, each by a name of its own; the tool is as `state` says in the end. */
  async own(state: 'published' | 'draft' | 'archived'): Promise<Names> {
    const { toolKey, callId, agentId, idempotencyKey, endUser, reference } = newNames();
    const { origin, mark } = this;
    const bearer = { type: 'bearer', name: `CRM ${mark}`, origins: [origin], token: `token-${mark}` };
    const { id: credentialId } = (await this.expect('POST', '/v1/credentials', bearer)).body as {
      id: string;
    };
    const { id: accountsId } = (await this.expect('POST', '/v1/credentials', this.accounts())).body as {
      id: string;
    };
    await connectAccount(this.operator, this.vaultPublicKey, {
      orgId: this.orgId,
      credentialId: accountsId,
      endUser,
    });
    const { id: keyId } = (await this.expect('POST', '/v1/api-keys', { name: mark, role: 'viewer' })).body;
    await this.expect('POST', '/v1/credentials', this.secret(reference));
    await this.expect('POST', '/v1/tools', this.definition(toolKey, credentialId, reference));
    if (state !== 'draft') {
      await this.expect('POST', `/v1/tools/${toolKey}/publish`, {});
      await this.expect('PUT', `/v1/tools/${toolKey}`, {
        ...this.definition(toolKey, credentialId, reference),
        name: `Newer ${mark}`,
      });
      await this.expect('POST', `/v1/tools/${toolKey}/publish`, {});
      const staging = { version: 1, baseUrl: `${origin}/staging-${mark}`, credentialId };
      await this.expect('PUT', `/v1/tools/${toolKey}/environments/staging`, staging);
    }
    const bound = state === 'draft' ? 'look_up' : toolKey;
    const headers = [{ name: 'X-Agent', value: mark }];
    await this.expect('PUT', `/v1/agents/${encodeURIComponent(agentId)}/tools`, {
      tools: [{ key: bound, headers }],
    });
    await this.ask('calls.update', { callId, variables: { note: mark } });
    const execution = { toolKey: bound, callId, agentId, arguments: { q: mark }, idempotencyKey };
    const { executionId } = (await this.ask('tools.execute', execution)) as Execution;
    if (state === 'archived') await this.expect('DELETE', `/v1/tools/${toolKey}`);
    const names = { toolKey, credentialId, executionId, callId, agentId, keyId: keyId as string };
    return { ...names, idempotencyKey, accountsId, endUser, reference };
  }

  /** A credential by which each end user connects an account. */
  private accounts() {
    const { server, mark, origin } = this;
    return {
      ...{
        type: 'oauth2_authorization_code',
        name: `Calendar ${mark}`,
        origins: [origin],
        connectedBy: 'end_user',
      },
      ...{ ...server.endpoints, clientId: server.clientId, clientSecret: server.clientSecret },
    };
  }

  /** A secret that templates name. */
  private secret(reference: string) {
    const value = `secret-${this.mark}`;
    const values = { production: value, staging: value, dev: value };
    return { type: 'secret', name: `Key ${this.mark}`, reference, origins: [this.origin], values };
  }

  definition(toolKey: string, credentialId?: string, reference?: string) {
    const { origin, mark } = this;
    const note = { name: 'X-Note', value: mark };
    const headers = reference === undefined ? [note] : [note, { name: 'X-Key', value: `{{${reference}}}` }];
    return {
      ...{ key: toolKey, name: `Tool ${mark}`, description: `Does something for ${mark}.` },
      variables: [{ name: 'q', type: 'string' }],
      request: {
        ...{ method: 'POST', url: `${origin}/orders`, headers },
        ...(credentialId !== undefined && { credentialId }),
      },
      response: { variables: [{ name: 'note', path: 'note' }] },
      messages: { complete: `Done, ${mark}.` },
    };
  }

  rest(method: string, path: string, body?: unknown): Promise<RestReply> {
    return this.test.rest(method, path, body, this.adminKey);
  }

  /** As an orchestrator of it. */
  async ask(subject: string, payload: object): Promise<unknown> {
    const to = `patchbay.v1.${this.orgId}.${subject}`;
    return (await this.operator.request(to, JSON.stringify(payload), { timeout: 30_000 })).json();
  }

  private async expect(method: string, path: string, body?: unknown): Promise<RestReply> {
    const reply = await this.rest(method, path, body);
    if (reply.status < 300) return reply;
    throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  }
}
