import { resolveTool, type ResolvedTool } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import type { Rpc } from '#contracts/rpc';
import type { OpenCredential } from '#contracts/vault.contract';
import { Deadline } from '#messaging/deadline';
import type { NatsLink } from '#messaging/nats-connection';
import type { RpcClient } from '#messaging/rpc.client';
import { credentialContext } from '#sealing/credential-context';
import { sealTo } from '#sealing/sealed-box';
import { SessionKeyPair } from '#sealing/session-key';
import { toolDefinition } from '#testing/tool-definition.builder';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { randomBytes, randomUUID } from 'node:crypto';
import { ToolCache } from '../tools/tool.cache.js';
import { CredentialCache } from './credential.cache.js';

const executorKey = randomBytes(32);
const outage = new ServiceError('service_unavailable', 'Nobody is there to answer');
const orgId = randomUUID();
const credentialId = randomUUID();
const origin = 'https://api.example.com';

describe('what an executor keeps while others are down, or it has not heard of a change', () => {
  let isDown: boolean;
  let opened: OpenCredential[];
  let tools: ToolCache;
  let credentials: CredentialCache;
  let grants: number;

  /** Catalog and vault, as far as they answer. */
  const rpc = {
    call: (descriptor: Rpc, request: OpenCredential) => {
      if (isDown) return Promise.reject(outage);
      if (descriptor === resolveTool) return Promise.resolve(resolved());
      opened.push(request);
      const context = credentialContext({ orgId, credentialId, version: 1 });
      const secret = Buffer.from('{"type":"bearer","token":"sk_live"}');
      return Promise.resolve({
        sealed: sealTo(request.session.publicKey, executorKey, secret, context),
        version: 1,
        name: 'CRM',
      });
    },
  } as unknown as RpcClient;
  const link = { onReconnect: () => undefined } as unknown as NatsLink;

  beforeEach(() => {
    jest.useFakeTimers();
    isDown = false;
    opened = [];
    grants = 0;
    tools = new ToolCache(rpc, link);
    credentials = new CredentialCache(rpc, link, SessionKeyPair.create(executorKey));
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const resolved = (): ResolvedTool => {
    const definition = toolDefinition({ request: { credentialId } });
    return { key: 'get_order', version: 1, definition, grant: `grant ${++grants}` };
  };
  const getTool = async () => tools.get({ orgId, toolKey: 'get_order' }, Deadline.in(1000), ROOT_CONTEXT);
  const getCredential = async (grant: string | undefined) => {
    const request = { orgId, toolKey: 'get_order', executionId: randomUUID(), credentialId, origin, grant };
    return credentials.get({ ...request, callId: undefined }, Deadline.in(1000), ROOT_CONTEXT);
  };

  it('is a definition for five minutes, with the grant that belongs to it', async () => {
    await getTool();
    isDown = true;
    jest.advanceTimersByTime(299_000);

    const { grant } = await getTool();
    isDown = false;
    await getCredential(grant);

    expect(opened).toMatchObject([{ grant: 'grant 1' }]);
    isDown = true;
    jest.advanceTimersByTime(1000);
    await expect(getTool()).rejects.toBe(outage);
  });

  it('is a credential for half a minute', async () => {
    const first = await getCredential('grant 1');
    isDown = true;
    jest.advanceTimersByTime(29_999);

    expect(await getCredential('grant 1')).toBe(first);
    jest.advanceTimersByTime(1);
    await expect(getCredential('grant 1')).rejects.toBe(outage);
  });

  it('is renewed with the grant of whoever needs it then', async () => {
    await getCredential('grant 1');
    jest.advanceTimersByTime(20_000);
    await getCredential('grant 2');

    expect(opened.map(({ grant }) => grant)).toEqual(['grant 1', 'grant 2']);
  });
});
