import { describe, expect, it } from '@jest/globals';
import { Controller, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Allow } from './allow.decorator.js';
import { ApiKeyGuard } from './api-key.guard.js';
import type { ApiKeysService } from './api-keys.service.js';
import type { Caller } from './caller.js';

@Controller()
class SomeController {
  @Allow('viewer')
  declared(): void {
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
const guard = new ApiKeyGuard(apiKeys, new Reflector());

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
