import { ServiceError } from '#contracts/errors';
import type { Rpc } from '#contracts/rpc';
import { getCredential, getSecret } from '#contracts/vault.contract';
import { EgressPolicies } from '#egress/egress-policies';
import { Deadline } from '#messaging/deadline';
import type { RpcClient } from '#messaging/rpc.client';
import { toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { DefinitionGate } from './definition-gate.service.js';

describe('a definition whose credential and secret are both unknown', () => {
  it.each([
    ['the credential', getCredential],
    ['the secret', getSecret],
  ])('is refused for the credential, also when the vault answers about %s last', async (_what, last: Rpc) => {
    const call = async (rpc: Rpc) => {
      if (rpc === last) await setImmediate();
      throw new ServiceError('credential_not_found', 'There is no such credential');
    };
    const gate = new DefinitionGate({ call } as unknown as RpcClient, {} as EgressPolicies);
    const definition = toolDefinition({
      request: {
        ...{ method: 'GET', url: 'https://api.example.com/', credentialId: randomUUID() },
        headers: [{ name: 'X-Key', value: '{{CRM_API_KEY}}' }],
      },
    });

    await expect(gate.checkCredentials(randomUUID(), definition, Deadline.in(1000))).rejects.toMatchObject({
      details: { problems: [{ pointer: '/definition/request/credentialId' }] },
    });
  });
});
