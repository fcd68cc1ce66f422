import { deleteConnection, listAccesses } from '#contracts/vault.contract';
import type { OAuthServer } from '#testing/oauth-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Connecting } from '../../test/connecting.js';
import type { RunningVault } from '../../test/running-vault.js';
import { HealthWatch } from '../tokens/health-watch.service.js';

describe('connected accounts', () => {
  let us: Connecting;
  let vault: RunningVault;
  let server: OAuthServer;
  let orgId: string;

  beforeAll(async () => {
    us = await Connecting.start();
    ({ vault, server, orgId } = us);
  });
  beforeEach(() => us.reset());
  afterAll(() => us.stop());

  describe('have their tokens refreshed', () => {
    it('once, however many ask however many vaults at once, with a refresh token that is good once', async () => {
      const id = await us.connected();
      for (let round = 1; round <= 5; round += 1) {
        await us.end(id);

        const opened = await Promise.all(Array.from({ length: 40 }, () => us.open(id)));

        expect(new Set(opened.map(({ token }) => token))).toEqual(new Set([server.issued[round]]));
      }
      expect(server.issued).toHaveLength(6);
      expect(server.reuses).toBe(0);
    });

    it('with the old refresh token, when the server gives no new one', async () => {
      server.rotates = false;
      const id = await us.connected();
      for (const round of [1, 2, 3]) {
        await us.end(id);
        expect((await us.open(id)).token).toBe(server.issued[round]);
      }
    });

    it('when an API refuses one, once', async () => {
      const id = await us.connected();

      const renewed = await Promise.all(Array.from({ length: 10 }, () => us.open(id, { refresh: 1 })));

      expect(new Set(renewed.map(({ version }) => version))).toEqual(new Set([2]));
      expect(server.issued).toHaveLength(2);
      expect(server.reuses).toBe(0);
    });

    it('after a pause when the server is in trouble; the account stays connected, and it is on record', async () => {
      const id = await us.connected();
      await us.end(id);
      server.fault = (_request, reply) => {
        reply.writeHead(503).end();
        return true;
      };

      await expect(us.open(id)).rejects.toMatchObject({ code: 'service_unavailable' });
      expect((await us.get(id)).health).toMatchObject({
        status: 'refresh_failed',
        lastError: expect.anything(),
      });
      server.fault = undefined;
      await vault.query('UPDATE vault.tokens SET retry_at = now() WHERE credential_id = $1', [id]);
      expect((await us.open(id)).token).toBe(server.issued[1]);

      expect(await us.healthOf(id, 3)).toEqual(['active', 'refresh_failed', 'active']);
      const { items } = await vault.ask(listAccesses, { orgId, credentialId: id });
      expect(items).toContainEqual(
        expect.objectContaining({
          action: 'refresh',
          result: 'service_unavailable',
          actor: { type: 'service', id: 'vault' },
        }),
      );
    });

    it('not any more once access was withdrawn: nothing is kept, nobody asks again, and it says so', async () => {
      const id = await us.connected();
      const { refresh_token: canary } = await refreshTokenOf(id);
      server.revokeAll();
      await us.end(id);

      await expect(us.open(id)).rejects.toMatchObject({ code: 'authorization_required' });
      await vault.query('UPDATE vault.tokens SET retry_at = now() WHERE credential_id = $1', [id]);
      await expect(us.open(id)).rejects.toMatchObject({ code: 'authorization_required' });

      expect(server.tokenRequests).toHaveLength(3); // code, a refresh that worked, one that did not
      const { health } = await us.get(id);
      expect(health).toMatchObject({
        status: 'revoked',
        lastError: { message: expect.stringContaining('invalid_grant') },
      });
      expect(JSON.stringify(health) + vault.log.join()).not.toContain(canary);
      expect(await us.healthOf(id, 2)).toEqual(['active', 'revoked']);
      await us.connect(id);
      expect((await us.open(id)).token).toBe(server.issued.at(-1));
    });

    it('goes on when only the client’s secret was wrong, once there is a right one', async () => {
      const id = await us.connected();
      server.clientSecret = 'a-newer-secret';
      await us.end(id);
      await expect(us.open(id)).rejects.toMatchObject({ code: 'service_unavailable' });

      await vault.replace(orgId, id, us.form({ clientSecret: 'a-newer-secret' }));
      await vault.query('UPDATE vault.tokens SET retry_at = now() WHERE credential_id = $1', [id]);

      expect((await us.open(id)).token).toBe(server.issued[1]);
    });

    it('and kept, though the database fails at the moment they come', async () => {
      const id = await us.connected();
      await vault.query(`
        CREATE SEQUENCE vault.failures;
        CREATE FUNCTION vault.fail_once() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.version > OLD.version AND nextval('vault.failures') = 1 THEN RAISE 'the disk is full'; END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER fail_once BEFORE UPDATE ON vault.tokens FOR EACH ROW EXECUTE FUNCTION vault.fail_once()`);

      for (const round of [1, 2]) {
        await us.end(id);
        expect((await us.open(id)).token).toBe(server.issued[round]);
      }

      const [failures] = await vault.query('SELECT last_value::int AS count FROM vault.failures');
      await vault.query(`
        DROP TRIGGER fail_once ON vault.tokens; DROP FUNCTION vault.fail_once(); DROP SEQUENCE vault.failures`);
      expect(failures).toEqual({ count: 3 }); // one failed
      expect(server.reuses).toBe(0);
    });

    it('and not kept, when the account is disconnected meanwhile', async () => {
      const id = await us.connected();
      await us.end(id);
      const { reached, goOn } = holdServer();

      const opening = us.open(id);
      await reached;
      await vault.ask(deleteConnection, { orgId, credentialId: id });
      goOn();

      await expect(opening).rejects.toMatchObject({ code: 'service_unavailable' });
      await expect(us.open(id)).rejects.toMatchObject({ code: 'authorization_required' });
      expect(await vault.query('SELECT 1 FROM vault.tokens WHERE credential_id = $1', [id])).toEqual([]);
    });

    it('and do not take the place of an account that is connected meanwhile', async () => {
      const id = await us.connected();
      await us.end(id);
      const { reached, goOn } = holdServer();
      server.account = 'another';

      const opening = us.open(id);
      await reached;
      await us.connect(id);
      goOn();

      await expect(opening).rejects.toMatchObject({ code: 'service_unavailable' });
      expect(server.accountOf((await us.open(id)).token)).toBe('another');
    });

    /** The server's next answer to a refresh waits until it is let go on. */
    function holdServer() {
      const [reached, mayGoOn] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
      server.fault = async ({ body }) => {
        if (!body.includes('refresh_token')) return false;
        reached.resolve(undefined);
        await mayGoOn.promise;
        return false;
      };
      return { reached: reached.promise, goOn: () => mayGoOn.resolve(undefined) };
    }

    /** The one that the server would take next, as it is asked for it. */
    async function refreshTokenOf(id: string): Promise<Record<string, string>> {
      await us.end(id);
      await us.open(id);
      return server.tokenRequests.at(-1) ?? {};
    }
  });

  describe('without a refresh token', () => {
    beforeEach(() => {
      server.givesRefreshTokens = false;
    });

    it('are expiring, then expired, and said to be so once by all vaults', async () => {
      const id = await us.connected();
      const [, watch] = [await us.open(id, { refresh: 1 }), vault.get(HealthWatch)];
      expect(server.issued).toHaveLength(1); // there is nothing to renew it with

      await vault.query('UPDATE vault.tokens SET refresh_at = now() WHERE credential_id = $1', [id]);
      expect((await us.get(id)).health?.status).toBe('expiring');
      await Promise.all(watch.map((one) => one.look()));
      expect((await us.open(id)).token).toBe(server.issued[0]);

      await us.end(id);
      expect((await us.get(id)).health).toEqual({ status: 'expired' });
      await expect(us.open(id)).rejects.toMatchObject({ code: 'authorization_required' });
      await Promise.all(watch.map((one) => one.look()));
      await us.connect(id);

      expect(await us.healthOf(id, 4)).toEqual(['active', 'expiring', 'expired', 'active']);
    });

    it('are used for as long as the server says, and for ever when it says nothing', async () => {
      server.expiresIn = 60 * 24 * 3600;
      const months = await us.connected();
      server.expiresIn = undefined;
      const forEver = await us.connected();

      const ends = Date.parse((await us.get(months)).health?.expiresAt ?? '');
      expect(ends).toBeGreaterThan(Date.now() + 59 * 24 * 3_600_000);
      expect((await us.get(forEver)).health).toEqual({ status: 'active' });
      expect((await us.open(forEver)).lifetimeMs).toBeGreaterThan(0);
    });
  });
});
