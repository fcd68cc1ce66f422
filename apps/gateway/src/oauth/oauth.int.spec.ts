import type { RunningNats } from '#devstack/nats-server';
import { ServiceError, type ErrorCode } from '#contracts/errors';
import { beginAuthorization, finishAuthorization, startConnection } from '#contracts/vault.contract';
import { authorizationContext } from '#sealing/intake-key';
import { Browser, type Visit } from '#testing/browser';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { intakeKey, startGateway } from '../../test/start-gateway.js';
import { startWorld, type World } from '../../test/start-world.js';

const ID = '0199b0c1-0000-7000-8000-000000000001';
const RANDOM = /^[A-Za-z0-9_-]{43}$/;
const ticket = 't'.repeat(43);

describe('browsers that connect accounts', () => {
  let nats: RunningNats;
  let world: World;
  let databaseUrl: string;
  const logged: string[] = [];
  const note = (...parts: unknown[]) => void logged.push(JSON.stringify(parts));
  const logger = { log: note, error: note, warn: note, debug: note, verbose: note, fatal: note };

  beforeAll(async () => {
    nats = await startTestNats();
    databaseUrl = await createTestDatabase();
    world = await startWorld({ databaseUrl, natsUrl: nats.url, logger });
  });
  beforeEach(() => world.services.reset());
  afterAll(async () => {
    await world.stop();
    await nats.stop();
  });

  const visit = (path: string, browser = new Browser(), options?: Parameters<Browser['visit']>[1]) =>
    browser.visit(`${world.gateway.url}${path}`, options);
  /** What the vault was asked last, opened as the vault does. */
  const asked = (...context: Parameters<typeof authorizationContext>) => {
    const sealed = world.services.last?.request.sealed as string;
    return JSON.parse(intakeKey.open(sealed, authorizationContext(...context)).toString()) as Record<
      string,
      string
    >;
  };
  const begin = async () => {
    const browser = new Browser();
    const { next = '', headers } = await visit(`/v1/oauth/connect/${ticket}`, browser);
    return {
      browser,
      state: new URL(next).searchParams.get('state') ?? '',
      setCookie: headers.get('set-cookie') ?? '',
    };
  };
  const expectHarmless = ({ headers, text }: Visit) => {
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(text).not.toMatch(/<script|<style|<a |src=|href=/);
  };

  it('are given a link that only the vault knows as well', async () => {
    const { body } = await world.gateway.ask('POST', `/v1/credentials/${ID}/connections`, {
      key: world.keys.admin,
      body: { endUser: 'contact-7' },
    });

    const { ticket: sealed = '' } = asked('start', world.orgId, ID);
    expect(sealed).toMatch(RANDOM);
    expect(body).toEqual({
      connectUrl: `https://patchbay.example.com/v1/oauth/connect/${sealed}`,
      expiresAt: expect.any(String),
    });
    expect(world.services.last?.rpc).toBe(startConnection);
    expect(JSON.stringify(world.services.last?.request)).not.toContain(sealed);
  });

  it('are sent on with a state and a cookie, which the vault gets sealed', async () => {
    const page = await visit(`/v1/oauth/connect/${ticket}`);

    const next = new URL(page.next ?? '');
    const [, value] =
      /^__Host-patchbay-connect-[0-9a-f]{16}=([\w-]{43}); Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/.exec(
        page.headers.get('set-cookie') ?? '',
      ) ?? [];
    expect(page.status).toBe(302);
    expect(next.origin + next.pathname).toBe('https://idp.example.com/authorize');
    expect(next.searchParams.get('client_id')).toBe('us');
    expect(asked('begin')).toEqual({ ticket, state: next.searchParams.get('state'), browser: value });
    expect(world.services.last).toMatchObject({
      rpc: beginAuthorization,
      request: { redirectUri: 'https://patchbay.example.com/v1/oauth/callback' },
    });
    expectHarmless(page);
  });

  it('come back with their cookie, which is then gone', async () => {
    const { browser, state, setCookie } = await begin();
    const query = new URLSearchParams({
      state,
      code: 'the-code',
      iss: 'https://idp.example.com',
      scope: 'a b',
    });

    const page = await visit(`/v1/oauth/callback?${query.toString()}`, browser);

    const [, value] = /=([\w-]{43});/.exec(setCookie) ?? [];
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('<h1>Connected</h1>') });
    expect(world.services.last?.rpc).toBe(finishAuthorization);
    expect(asked('finish')).toEqual({
      state,
      browser: value,
      code: 'the-code',
      iss: 'https://idp.example.com',
    });
    expect(browser.cookiesOf(world.gateway.url)).toEqual([]);
    expectHarmless(page);
  });

  it('may have two sign-ins under way at once', async () => {
    const browser = new Browser();
    const states: string[] = [];
    for (const at of [1, 2]) {
      const { next = '' } = await visit(`/v1/oauth/connect/${String(at).repeat(43)}`, browser);
      states.push(new URL(next).searchParams.get('state') ?? '');
    }

    for (const state of states) {
      await visit(`/v1/oauth/callback?state=${state}&code=c`, browser);
      expect(asked('finish').browser).toMatch(RANDOM);
    }
  });

  it.each<[string, string]>([
    ['a short ticket', '/v1/oauth/connect/abc'],
    ['a ticket with more to it', `/v1/oauth/connect/${ticket}x`],
    ['no state', '/v1/oauth/callback?code=c'],
    ['a state that is none', '/v1/oauth/callback?state=%00&code=c'],
    ['two states', `/v1/oauth/callback?state=${ticket}&state=${ticket}&code=c`],
    ['a state with parts', `/v1/oauth/callback?state[x]=${ticket}&code=c`],
    ['two codes', `/v1/oauth/callback?state=${ticket}&code=a&code=b`],
    ['a code that is too long', `/v1/oauth/callback?state=${ticket}&code=${'c'.repeat(4097)}`],
    ['an error that is too long', `/v1/oauth/callback?state=${ticket}&error=${'e'.repeat(201)}`],
  ])('are refused before the vault is asked when they bring %s', async (_what, path) => {
    const page = await visit(path);

    expect(page).toMatchObject({ status: 400, text: expect.stringContaining('No such link') });
    expect(world.services.asked).toEqual([]);
    expectHarmless(page);
  });

  it.each<[string, NonNullable<Parameters<Browser['visit']>[1]>]>([
    ['only look', { method: 'HEAD' }],
    ['fetch it in advance', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
    ['preview it', { headers: { purpose: 'preview' } }],
  ])('do not use the link up when they %s', async (_what, options) => {
    expect((await visit(`/v1/oauth/connect/${ticket}`, new Browser(), options)).status).toBe(400);
    expect((await visit(`/v1/oauth/callback?state=${ticket}&code=c`, new Browser(), options)).status).toBe(
      400,
    );
    expect(world.services.asked).toEqual([]);
  });

  it.each<[ErrorCode, number, string]>([
    ['not_found', 404, 'No longer good'],
    ['forbidden', 403, 'Another browser'],
    ['credential_refused', 409, 'Not connected'],
    ['credential_not_found', 404, 'No longer wanted'],
    ['precondition_failed', 412, 'No longer good'],
    ['service_unavailable', 503, 'Not connected'],
    ['internal', 500, 'Not connected'],
  ])('are told of %s in words of ours, and of nothing else', async (code, status, title) => {
    const refuse = () => {
      throw new ServiceError(code, '<script>canary</script>');
    };
    world.services.answer(beginAuthorization, refuse);
    world.services.answer(finishAuthorization, refuse);

    for (const path of [`/v1/oauth/connect/${ticket}`, `/v1/oauth/callback?state=${ticket}&code=canary`]) {
      const page = await visit(path);
      expect(page).toMatchObject({ status, text: expect.stringContaining(`<h1>${title}</h1>`) });
      expect(page.text).not.toContain('canary');
      expectHarmless(page);
    }
    expect(logged.join()).not.toMatch(/canary|tttttt/);
  });

  it('are kept from asking too often', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => (await visit('/v1/oauth/connect/abc')).status),
    );

    expect(new Set(statuses)).toEqual(new Set([400, 503]));
  });

  it('cannot come by where the operator has not said where that is', async () => {
    const gateway = await startGateway({ DATABASE_URL: databaseUrl, NATS_URL: nats.url, PUBLIC_URL: '' });

    const path = `/v1/credentials/${ID}/connections`;
    const problem = await gateway.refusal('POST', path, { key: world.keys.admin, body: {} });
    const page = await new Browser().visit(`${gateway.url}/v1/oauth/connect/${ticket}`);

    expect(problem).toMatchObject({
      code: 'service_unavailable',
      detail: expect.stringContaining('PUBLIC_URL'),
    });
    expect(page.status).toBe(503);
    expect(world.services.asked).toEqual([]);
    await gateway.stop();
  });
});
