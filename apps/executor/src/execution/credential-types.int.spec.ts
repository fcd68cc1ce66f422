import type { RunningNats } from '#devstack/nats-server';
import { resolveTool } from '#contracts/catalog.contract';
import { executeTool, testTool } from '#contracts/executor.contract';
import type { CredentialSecret, HmacSignature } from '#contracts/vault.contract';
import { authority, key, trusted } from '#egress/testing/certificates';
import { clientAuthority, clientCertificate, clientKey } from '#egress/testing/client-certificates';
import { response, Upstream } from '#egress/testing/upstream';
import { loadConfig } from '#runtime/load-config';
import { FakeResponder } from '#testing/fake-responder';
import { fakeVault } from '#testing/fake-vault';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Webhook } from 'standardwebhooks';
import { ExecutorConfig } from '../config.js';
import { awsSigner } from '../credentials/signing/aws-signer.js';
import { executorDataSource } from '../data-source.js';
import { ExecutorModule } from '../executor.module.js';

const EXECUTOR_KEY = randomBytes(32);
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('a request with a credential that is no placeholder', () => {
  let nats: RunningNats;
  let executor: TestService;
  let upstream: UpstreamServer;
  let secured: Upstream;
  let others: FakeResponder;
  let secrets: Map<string, CredentialSecret>;
  let tokens: Awaited<ReturnType<typeof fakeVault>>['tokens'];
  let folder: string;
  const orgId = randomUUID();
  const tools = new Map<string, ToolDefinition>();

  beforeAll(async () => {
    nats = await startTestNats();
    upstream = await startUpstream();
    const tls = { key, cert: trusted, ca: clientAuthority, requestCert: true };
    secured = await Upstream.start((socket) => {
      const { subject } = (socket as TLSSocket).getPeerCertificate() as { subject: { CN: string } };
      socket.write(response(JSON.stringify({ client: subject.CN }), 'content-type: application/json\r\n'));
    }, tls);
    others = await FakeResponder.start(nats.url);
    await others.answer(resolveTool, ({ toolKey }) => {
      return { key: toolKey, version: 1, definition: tools.get(toolKey) as ToolDefinition };
    });
    ({ secrets, tokens } = await fakeVault(others, EXECUTOR_KEY));
    const url = await migrateAsService(executorDataSource, await createTestDatabase());
    folder = await mkdtemp(join(tmpdir(), 'patchbay-ca-'));
    await writeFile(join(folder, 'ca.pem'), authority);
    const config = loadConfig(ExecutorConfig, {
      NATS_URL: nats.url,
      DATABASE_URL: url,
      EXECUTOR_KEY: EXECUTOR_KEY.toString('base64'),
      EGRESS_ALLOW: `${upstream.origin},https://127.0.0.1:${secured.port}`,
      EGRESS_CA_FILE: join(folder, 'ca.pem'),
    });
    executor = await startTestService('executor', nats.url, ExecutorModule.forRoot(config));
  });
  beforeEach(() => {
    upstream.requests.length = 0;
    upstream.answerJson(200, { ok: true });
  });
  afterAll(async () => {
    await executor.stop();
    await others.stop();
    await upstream.stop();
    await secured.stop();
    await nats.stop();
    await rm(folder, { recursive: true });
  });

  /** A POST of `{"note": …}` with this credential. */
  function publish(secret: CredentialSecret, url = `${upstream.origin}/orders/a%20b?x=1`): string {
    const credentialId = randomUUID();
    secrets.set(credentialId, secret);
    const toolKey = `tool_${tools.size}`;
    const request = { method: 'POST' as const, url, credentialId };
    tools.set(toolKey, toolDefinition({ key: toolKey, parameters: strings('note'), request }));
    return toolKey;
  }
  const execute = (toolKey: string) =>
    executor.call(executeTool, { toolKey, arguments: { note: 'Grüße' } }, { orgId });
  const received = () => {
    const [request] = upstream.requests;
    if (!request) throw new Error('Nothing was received');
    return { ...request, headers: request.headers as Record<string, string> };
  };

  it('is signed so that the reference implementation of Standard Webhooks verifies it', async () => {
    const toolKey = publish({ type: 'hmac', scheme: 'standard_webhooks', secret: WEBHOOK_SECRET });

    const { status, executionId } = await execute(toolKey);

    const { body, headers } = received();
    expect(status).toBe('succeeded');
    expect(headers['webhook-id']).toBe(`msg_${executionId}`);
    expect(new Webhook(WEBHOOK_SECRET).verify(body, headers)).toEqual({ note: 'Grüße' });
    expect(() => new Webhook(WEBHOOK_SECRET).verify(`${body} `, headers)).toThrow('No matching signature');
  });

  it('is signed over the bytes that were sent, as configured', async () => {
    const signature: HmacSignature = {
      ...{ algorithm: 'sha512', encoding: 'base64', header: 'X-Signature', prefix: 'v0=' },
      ...{ template: '{{method}}:{{path}}:{{query}}:{{timestamp}}:{{body}}', timestampHeader: 'X-Time' },
    };
    const toolKey = publish({ type: 'hmac', scheme: 'custom', secret: 'shared-secret', signature });

    await execute(toolKey);

    const { method, url, headers, body } = received();
    const text = `${method}:${url.replace('?', ':')}:${headers['x-time'] ?? ''}:${body}`;
    const expected = createHmac('sha512', 'shared-secret').update(text).digest('base64');
    expect(url).toBe('/orders/a%20b?x=1');
    expect(headers['x-signature']).toBe(`v0=${expected}`);
  });

  it('is signed for AWS, host and payload included', async () => {
    const secret: CredentialSecret = {
      ...{ type: 'aws_sigv4', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' },
      ...{ sessionToken: 'session-token', region: 'eu-west-1', service: 'execute-api' },
    };

    await execute(publish(secret));

    const { method, url, headers, body, rawHeaders } = received();
    const sent = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as const] : [],
    );
    const ofOurs = sent.filter(([name]) => !/^(host|connection|content-length|accept-encoding)$/i.test(name));
    const now = new Date(
      headers['x-amz-date']?.replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5') ?? '',
    );
    const again = await awsSigner(secret).sign(
      { method: method as 'POST', url: `${upstream.origin}${url}`, headers: ofOurs, body },
      { now, executionId: '' },
    );
    expect(headers['x-amz-security-token']).toBe('session-token');
    expect(headers.authorization).toMatch(/SignedHeaders=content-type;host;x-amz-content-sha256;/);
    expect(again.headers).toContainEqual(['authorization', headers.authorization]);
  });

  it('is sent with the client certificate, and by nobody else over that connection', async () => {
    const url = `https://127.0.0.1:${secured.port}/orders`;

    const shown = await execute(
      publish({ type: 'mtls', certificate: clientCertificate, privateKey: clientKey }, url),
    );
    const without = await execute(publish({ type: 'none' }, url));

    expect(shown.result).toEqual({ client: 'patchbay client' });
    expect(without.status).not.toBe('succeeded');
    expect(secured.requests).toHaveLength(1);
  });

  it('shows in a test that it is signed, never with what', async () => {
    const toolKey = publish({ type: 'hmac', scheme: 'standard_webhooks', secret: WEBHOOK_SECRET });
    upstream.answer(({ headers }, reply) => {
      const echo = [WEBHOOK_SECRET, WEBHOOK_SECRET.slice(6), headers['webhook-signature']];
      reply.end(JSON.stringify({ echo }));
    });

    const tested = await executor.call(testTool, { orgId, toolKey, arguments: { note: 'x' } });

    expect(tested.exchange?.request.headers).toContainEqual({
      name: 'webhook-signature',
      value: '‹credential: credential of type hmac›',
    });
    expect(tested.exchange?.response?.body).toContain('‹redacted›');
    expect(JSON.stringify(tested)).not.toContain(WEBHOOK_SECRET.slice(6));
  });

  describe('of which the vault gives an access token', () => {
    let asked: (number | undefined)[];

    /** The vault has as many tokens as it is asked for; the API takes those from this version on. */
    function publishBuyer(
      method: 'GET' | 'POST',
      options: { expiredWhen?: string; lifetimeMs?: number } = {},
    ): string {
      const { lifetimeMs = 60_000, expiredWhen } = options;
      const credentialId = randomUUID();
      asked = [];
      tokens.set(credentialId, (refused) => {
        asked.push(refused);
        const version = (refused ?? 0) + 1;
        return { token: `access-token-${version}`, version, lifetimeMs, ...(expiredWhen && { expiredWhen }) };
      });
      const toolKey = `tool_${tools.size}`;
      const request = { method, url: `${upstream.origin}/orders`, credentialId };
      tools.set(toolKey, toolDefinition({ key: toolKey, parameters: strings('note'), request }));
      return toolKey;
    }
    const takesFrom = (least: number, refusal: [status: number, body: object] = [401, {}]) =>
      upstream.answer(({ headers }, reply) => {
        const isTaken = Number(headers.authorization?.split('-').at(-1)) >= least;
        const [status, body] = isTaken ? [200, { ok: true, echo: headers.authorization }] : refusal;
        reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    const sent = () => upstream.requests.map(({ headers }) => headers.authorization);

    it.each(['GET', 'POST'] as const)(
      'goes once more after a 401 to a %s, with a newer one',
      async (method) => {
        const toolKey = publishBuyer(method);
        takesFrom(2);

        const execution = await execute(toolKey);

        expect(execution).toMatchObject({ status: 'succeeded', http: { status: 200, attempts: 2 } });
        expect(sent()).toEqual(['Bearer access-token-1', 'Bearer access-token-2']);
        expect(asked).toEqual([undefined, 1]);
        expect(JSON.stringify(execution)).not.toContain('access-token-2');
        expect(await execute(toolKey)).toMatchObject({ status: 'succeeded', http: { attempts: 1 } });
        expect(asked).toHaveLength(2); // the newer one is kept
      },
    );

    it('goes no more than twice', async () => {
      const toolKey = publishBuyer('GET');
      takesFrom(9);

      const execution = await execute(toolKey);

      expect(execution).toMatchObject({ status: 'failed', http: { status: 401, attempts: 2 } });
      expect(sent()).toHaveLength(2);
    });

    it('goes once more after a 200 that means expired, when it is a read', async () => {
      const toolKey = publishBuyer('GET', { expiredWhen: 'body.error == "token_expired"' });
      takesFrom(2, [200, { error: 'token_expired' }]);

      const { status, http } = await execute(toolKey);

      expect([status, http?.attempts]).toEqual(['succeeded', 2]);
    });

    it('goes only once after such a 200 to a write, which may have taken effect', async () => {
      const toolKey = publishBuyer('POST', { expiredWhen: 'body.error == "token_expired"' });
      takesFrom(2, [200, { error: 'token_expired' }]);

      const { http } = await execute(toolKey);

      expect(http?.attempts).toBe(1);
      expect(asked).toEqual([undefined]);
    });

    it('is answered with the 401 when the vault has no newer one', async () => {
      const toolKey = publishBuyer('GET');
      tokens.set(tools.get(toolKey)?.request.credentialId ?? '', () => {
        return { token: 'access-token-1', version: 1, lifetimeMs: 60_000 };
      });
      takesFrom(2);

      expect(await execute(toolKey)).toMatchObject({ http: { status: 401, attempts: 1 } });
    });

    it('has it opened anew once its time is over', async () => {
      const toolKey = publishBuyer('GET', { lifetimeMs: 0 });

      await execute(toolKey);
      await execute(toolKey);

      expect(asked).toEqual([undefined, undefined]);
    });
  });
});
