import { resolveTool, type ResolvedTool } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import type { Rpc } from '#contracts/rpc';
import type { OpenCredential, OpenSecret } from '#contracts/vault.contract';
import { Deadline } from '#messaging/deadline';
import type { NatsLink } from '#messaging/nats-connection';
import type { RpcClient } from '#messaging/rpc.client';
import { credentialContext, secretContext } from '#sealing/credential-context';
import { sealTo } from '#sealing/sealed-box';
import { SessionKeyPair } from '#sealing/session-key';
import { toolDefinition } from '#testing/tool-definition.builder';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { randomBytes, randomUUID } from 'node:crypto';
import { ToolCache } from '../tools/tool.cache.js';
import { CredentialCache } from './credential.cache.js';
import { SecretCache } from './secret.cache.js';

const executorKey = randomBytes(32);
const outage = new ServiceError('service_unavailable', 'Nobody is there to answer');
const orgId = randomUUID();
const credentialId = randomUUID();
const origin = 'https://api.example.com';

describe('what an executor keeps while others are down, or it has not heard of a change', () => {
  let isDown: boolean;
  let opened: (OpenCredential | OpenSecret)[];
  let tools: ToolCache;
  let credentials: CredentialCache;
  let secrets: SecretCache;
  let grants: number;

  /** Catalog and vault, as far as they answer. */
  const rpc = {
    call: (descriptor: Rpc, request: OpenCredential | OpenSecret) => {
      if (isDown) return Promise.reject(outage);
      if (descriptor === resolveTool) return Promise.resolve(resolved());
      opened.push(request);
      const isNamed = 'reference' in request;
      const context = isNamed
        ? secretContext({ ...request, version: 1 })
        : credentialContext({ ...request, version: 1 });
      const secret = isNamed
        ? { type: 'secret', reference: request.reference, values: { production: 'sk_live' } }
        : { type: 'bearer', token: 'sk_live' };
      const plaintext = Buffer.from(JSON.stringify(secret));
      const sealed = sealTo(request.session.publicKey, executorKey, plaintext, context);
      return Promise.resolve({ sealed, version: 1, name: 'CRM' });
    },
  } as unknown as RpcClient;
  const link = { onReconnect: () => undefined } as unknown as NatsLink;

  beforeEach(() => {
    jest.useFakeTimers();
    isDown = false;
    opened = [];
    grants = 0;
    tools = new ToolCache(rpc, link);
    const keyPair = SessionKeyPair.create(executorKey);
    credentials = new CredentialCache(rpc, link, keyPair);
    secrets = new SecretCache(rpc, link, keyPair);
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

  const getSecrets = async (...names: string[]) => {
    const asked = { orgId, toolKey: 'get_order', executionId: randomUUID(), origin, grant: 'grant 1' };
    const request = { ...asked, names, environment: 'production' as const };
    return secrets.get(request, Deadline.in(1000), ROOT_CONTEXT);
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

  it('is a secret that a template names for half a minute, each for itself', async () => {
    await getSecrets('ONE');
    jest.advanceTimersByTime(15_000);
    await getSecrets('ONE', 'TWO');
    isDown = true;
    jest.advanceTimersByTime(14_999);

    const { values } = await getSecrets('TWO', 'ONE');
    expect(Array.from(values, ([name, value]) => [name, value.reveal()])).toEqual([
      ['TWO', 'sk_live'],
      ['ONE', 'sk_live'],
    ]);
    expect(opened).toMatchObject([{ reference: 'ONE' }, { reference: 'TWO' }]);
    jest.advanceTimersByTime(1);
    await expect(getSecrets('ONE', 'TWO')).rejects.toBe(outage);
    await getSecrets('TWO');
  });

  it('is nothing of an organization once one of its credentials has changed', async () => {
    await getSecrets('ONE', 'TWO');
    secrets.drop({ orgId: randomUUID() });
    await getSecrets('ONE', 'TWO');
    expect(opened).toHaveLength(2);

    secrets.drop({ orgId });
    await getSecrets('ONE', 'TWO');

    expect(opened).toHaveLength(4);
  });

  it('is renewed with the grant of whoever needs it then', async () => {
    await getCredential('grant 1');
    jest.advanceTimersByTime(20_000);
    await getCredential('grant 2');

    expect(opened.map(({ grant }) => grant)).toEqual(['grant 1', 'grant 2']);
  });
});
