import { ServiceError } from '#contracts/errors';
import { getRotation, startRotation } from '#contracts/vault.contract';
import type { RunningNats } from '#devstack/nats-server';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { rotation } from '../test/sample-replies.js';
import { startWorld, type World } from '../test/start-world.js';

const key = randomBytes(32).toString('hex');
const path = '/v1/operations/rotations';

describe('rotations over REST', () => {
  let nats: RunningNats;
  let world: World;

  beforeAll(async () => {
    nats = await startTestNats();
    world = await startWorld({
      databaseUrl: await createTestDatabase(),
      natsUrl: nats.url,
      environment: { OPERATOR_KEY_SHA256: createHash('sha256').update(key).digest('hex') },
    });
  });
  beforeEach(() => world.services.reset());
  afterAll(async () => {
    await world.stop();
    await nats.stop();
  });

  it('are begun for the operator, who is told where to see how far they are', async () => {
    const begun = await world.gateway.ask('POST', path, { key, body: { keyId: 'k2' } });

    expect(begun).toMatchObject({ status: 201, body: rotation });
    expect(world.services.last).toMatchObject({ rpc: startRotation, request: { keyId: 'k2' } });
    const location = begun.headers.get('location')!;
    expect(await world.gateway.ask('GET', location, { key })).toMatchObject({ status: 200, body: rotation });
    expect(world.services.last).toMatchObject({ rpc: getRotation, request: { rotationId: rotation.id } });
  });

  it('are found without their id, the latest', async () => {
    expect(await world.gateway.ask('GET', `${path}/latest`, { key })).toMatchObject({ status: 200 });
    expect(world.services.last).toMatchObject({ rpc: getRotation, request: {} });
  });

  it('are refused in the words of the vault', async () => {
    const message = 'There is no new key to change to: give the vaults one more first';
    world.services.answer(startRotation, () => {
      throw new ServiceError('precondition_failed', message);
    });

    expect(await world.gateway.refusal('POST', path, { key })).toMatchObject({
      status: 412,
      detail: message,
    });
  });

  it('are not asked of the vault when the request is none', async () => {
    const wrong = { key, body: { keyId: 'no.dots' } };

    expect((await world.gateway.refusal('POST', path, wrong)).problems).toMatchObject([
      { pointer: '/keyId' },
    ]);
    expect(await world.gateway.refusal('GET', `${path}/1`, { key })).toMatchObject({ code: 'not_found' });
    expect(world.services.asked).toEqual([]);
  });

  it('are all that the operator’s key is good for', async () => {
    expect(await world.gateway.refusal('GET', '/v1/credentials', { key })).toMatchObject({ status: 401 });
    expect(await world.gateway.refusal('POST', path, { key: world.keys.admin })).toMatchObject({
      status: 403,
    });
  });
});
