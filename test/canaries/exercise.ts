import { getRotation, startRotation, type CredentialInput, type Rotation } from '#contracts/vault.contract';
import type { RestReply, TestPlatform } from '#testing/test-platform';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { randomBytes, randomUUID } from 'node:crypto';
import { plant } from './secrets.js';
import type { World } from './world.js';

/** Uses a platform in every way in which a secret could come to light, and keeps every reply it gives. */
export class Exercise {
  readonly replies: string[] = [];
  /** Secrets entered on the way, by what they are. */
  readonly entered: Record<string, string> = {};
  private apiKey = '';

  constructor(
    private readonly test: TestPlatform,
    private readonly world: World,
    private readonly operator: NatsConnection,
    /** Makes a new key version available to the vault. */
    private readonly addKeyVersion: () => Promise<void>,
  ) {}

  async useCredential(credential: CredentialInput): Promise<void> {
    const { body: stored } = await this.rest('POST', '/v1/credentials', credential);
    const paths = ['/echo', '/failing', '/refusing', '/elsewhere', '/garbage', '/expiring'];
    for (const path of paths) {
      const key = `${credential.name}_${path.slice(1)}`;
      await this.rest(
        'POST',
        '/v1/tools',
        this.toolFor(key, `${credential.origins[0] ?? ''}${path}`, credential, stored.id as string),
      );
      await this.rest('POST', `/v1/tools/${key}/publish`, {});
      await this.execute({ toolKey: key, callId: randomUUID(), turn: 1, arguments: { q: 'x' } });
      await this.rest('POST', `/v1/tools/${key}/test`, { arguments: { q: 'x' } });
      await this.rest('POST', '/v1/executions', { toolKey: key, arguments: { q: 'y' } }, this.apiKey);
    }
    await this.rest('GET', `/v1/credentials/${stored.id}`);
    await this.rest('GET', `/v1/credentials/${stored.id}/accesses?limit=200`);
  }

  /** A key for programs, and one that is deleted again. The replies that show them are the only ones not kept. */
  async makeApiKeys(): Promise<void> {
    for (const name of ['API key of an executor', 'API key that was deleted']) {
      const { body } = await this.test.rest('POST', '/v1/api-keys', { name, role: 'executor' });
      this.entered[name] = body.key;
      if (name.endsWith('deleted')) await this.rest('DELETE', `/v1/api-keys/${body.id}`);
      else this.apiKey = body.key;
    }
    await this.rest('GET', '/v1/me', undefined, this.entered['API key that was deleted']);
    await this.rest('GET', '/v1/api-keys');
  }

  async editCredentials(): Promise<void> {
    const fields = { type: 'bearer', origins: [this.world.origin] };
    const first = { ...fields, name: 'edited', token: this.enter('secret that was replaced') };
    const { body } = await this.rest('POST', '/v1/credentials', first);
    const url = `/v1/credentials/${body.id}`;
    await this.rest('PUT', url, { ...fields, name: 'renamed', token: { keep: true } });
    await this.rest('PUT', url, { ...fields, name: 'replaced', token: this.enter('secret that came after') });
    await this.rest('PUT', url, {
      ...fields,
      name: 'refused',
      tokn: this.enter('secret in an unknown field'),
    });
    const refused = this.enter('secret that was refused');
    await this.rest('PUT', url, {
      ...fields,
      origins: ['nowhere'],
      name: refused,
      token: refused,
      extra: refused,
    });
    await this.rest('POST', '/v1/credentials', { ...fields, type: refused, name: 'x' });
    await this.rest('POST', '/v1/credentials', {
      ...{ ...fields, type: 'mtls', name: 'x' },
      certificate: refused,
      privateKey: refused,
    });
    await this.rest('POST', '/v1/credentials', refused);
    await this.rest('DELETE', url);
    await this.rest('GET', url);
    await this.rest('GET', `${url}/accesses`);
  }

  /** Secrets of commands: one applied and used, one only looked at, ones that stand where they cannot stay. */
  async importTools(): Promise<void> {
    const { origin } = this.world;
    const command = (secret: string, path = '/echo') =>
      `curl ${origin}${path} -H 'X-Imported-Key: ${secret}' --max-time 5`;
    const apply = '/v1/tools/import?apply=true';
    const preview = this.enter('secret of a preview');
    const stray = this.enter('secret that an import refused');
    const { body } = await this.rest('POST', apply, { source: command(this.enter('secret of an import')) });
    await this.rest('POST', '/v1/tools/import', { source: command(preview, '/other') });
    await this.rest('POST', '/v1/tools/import', { source: `${command(preview)} --no-such-option` });
    await this.rest('POST', apply, { source: `curl ${origin}/odd -u 'ada:${stray}' -X BREW` });
    const { key } = (body.tools as { definition: { key: string } }[])[0]?.definition ?? { key: '' };
    await this.rest('POST', `/v1/tools/${key}/publish`, {});
    await this.execute({ toolKey: key, callId: randomUUID(), arguments: {} });
  }

  async readEverything(): Promise<void> {
    for (const format of ['patchbay', 'openai', 'anthropic', 'gemini', 'mcp', 'openapi']) {
      await this.rest('GET', `/v1/tools/export?format=${format}`);
    }
    for (const path of ['tools', 'credentials', 'api-keys', 'executions'])
      await this.rest('GET', `/v1/${path}?limit=200`);
    for (const group of ['tool', 'host', 'day']) await this.rest('GET', `/v1/stats?groupBy=${group}`);
    await this.rest('GET', '/docs-json');
  }

  /** A new key version for the deployment, and everything sealed anew under it. */
  async rotateKeys(): Promise<Rotation> {
    await this.addKeyVersion();
    const ask = async (subject: string, request: object) =>
      (await this.operator.request(subject, JSON.stringify(request), { timeout: 10_000 })).json<Rotation>();
    const { id } = await ask(startRotation.subject, {});
    return this.test.eventually(
      () => ask(getRotation.subject, { rotationId: id }),
      ({ state }) => state === 'finished',
    );
  }

  /** Puts text that is no secret where people may put text, and where it goes from there. */
  async useControl(control: string): Promise<void> {
    const request = { method: 'GET', url: `${this.world.origin}/echo` };
    const tool = { key: 'control', name: 'control', description: `Holds ${control}.`, request };
    await this.rest('POST', '/v1/tools', tool);
    await this.rest('POST', '/v1/tools/control/publish', {});
    await this.rest('POST', '/v1/tools', { ...tool, [control]: 1 });
    const traced = headers();
    traced.set('traceparent', `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`);
    traced.set('tracestate', `control=${control}`);
    const callId = randomUUID();
    const send = (subject: string, payload: object) =>
      this.test.nats.request(`patchbay.v1.${this.test.orgId}.${subject}`, JSON.stringify(payload), {
        timeout: 5000,
        headers: traced,
      });
    await send('calls.update', { callId, variables: { control } });
    await send('tools.execute', { callId, toolKey: 'control' });
  }

  async rest(method: string, path: string, body?: unknown, key?: string): Promise<RestReply> {
    const reply = await this.test.rest(method, path, body, key);
    this.replies.push(JSON.stringify([reply.status, [...reply.headers], reply.body]));
    return reply;
  }

  private async execute(request: Parameters<TestPlatform['execute']>[0]): Promise<void> {
    this.replies.push(JSON.stringify(await this.test.execute(request)));
  }

  private enter(name: string): string {
    return (this.entered[name] ??= plant());
  }

  private toolFor(key: string, url: string, credential: CredentialInput, credentialId: string) {
    const named = credential.type === 'secret' && `{{${credential.reference}}}`;
    const value = `Bearer ${String(named)}`;
    const use = named
      ? {
          headers: [{ name: 'Authorization', value }],
          body: { type: 'json', template: { q: '{{q}}', named } },
        }
      : { credentialId };
    return {
      ...{ key, name: key, description: 'Uses a credential in some way.' },
      variables: [{ name: 'q', type: 'string' }],
      request: { method: 'POST', url, ...use },
      response: {
        variables: [
          { name: 'echoed', path: 'headers.authorization' },
          { name: 'all', path: 'base64' },
        ],
      },
    };
  }
}
