import { describe, expect, it } from '@jest/globals';
import { Controller, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Allow, ForOperator } from './allow.decorator.js';
import { ApiKeyGuard } from './api-key.guard.js';
import type { ApiKeysService } from './api-keys.service.js';
import type { Caller } from './caller.js';
import { digestOf } from './key-secret.js';
import { OperatorKey } from './operator-key.js';

@Controller()
class SomeController {
  @Allow('viewer')
  declared(): void {
    throw new Error('never called here');
  }

  @ForOperator()
  operators(): void {
    throw new Error('never called here');
  }

  forgotten(): void {
    throw new Error('never called here');
  }
}

const admin = { orgId: 'org', role: 'admin' } as Caller;
const apiKeys = {
  authenticate: (key: string) => Promise.resolve(key === 'good' ? admin : undefined),
} as ApiKeysService;
const guardWith = (operatorKey: OperatorKey) => new ApiKeyGuard(apiKeys, operatorKey, new Reflector());
const guard = guardWith(new OperatorKey(digestOf('operator').toString('hex')));

function asking(route: keyof SomeController, authorization?: string) {
  const request = { headers: { authorization }, span: { set: () => undefined }, caller: undefined };
  const context = {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- Nest hands out the bare handler too
    getHandler: () => SomeController.prototype[route],
    switchToHttp: () => ({ getRequest: () => request }),
  } as unknown as ExecutionContext;
  return { request, context };
}

describe('the API key guard', () => {
  it('lets a key through whose role the route allows, and says whose it is', async () => {
    const { request, context } = asking('declared', 'Bearer good');

    expect(await guard.canActivate(context)).toBe(true);
    expect(request.caller).toBe(admin);
  });

  it('refuses everybody, admins too, where the route allows nobody', async () => {
    const { context } = asking('forgotten', 'Bearer good');

    await expect(guard.canActivate(context)).rejects.toMatchObject({ code: 'forbidden' });
  });

  it("lets the operator's key through where it is asked for, and nowhere else", async () => {
    const { request, context } = asking('operators', 'Bearer operator');

    expect(await guard.canActivate(context)).toBe(true);
    expect(request.caller).toBeUndefined();
    for (const route of ['declared', 'forgotten'] as const) {
      const elsewhere = asking(route, 'Bearer operator');
      await expect(guard.canActivate(elsewhere.context)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });

  it.each<[string, string | undefined, string]>([
    ["an organization's admin", 'Bearer good', 'forbidden'],
    ['another key', 'Bearer operatoR', 'unauthenticated'],
    ['no key', undefined, 'unauthenticated'],
  ])("refuses %s where the operator's key is asked for", async (_who, header, code) => {
    await expect(guard.canActivate(asking('operators', header).context)).rejects.toMatchObject({ code });
  });

  it.each(['Bearer ', 'Bearer undefined', 'Bearer operator'])(
    'takes %j for the operator of a deployment that has none: never',
    async (header) => {
      const { context } = asking('operators', header);

      await expect(guardWith(new OperatorKey(undefined)).canActivate(context)).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    },
  );

  it.each(['bearer good', 'BEARER  good', 'Bearer good '])('reads %j as the key it holds', async (header) => {
    expect(await guard.canActivate(asking('declared', header).context)).toBe(true);
  });

  it.each([undefined, '', 'good', 'Bearer', 'Bearer bad', 'Bearer good bad', 'Basic good', 'xBearer good'])(
    'refuses %j as no key at all',
    async (header) => {
      await expect(guard.canActivate(asking('declared', header).context)).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    },
  );
});
