import { loadConfig } from '#runtime/load-config';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { awsKms, GCP_KEY, gcpKms, KeyServer, transit, TRANSIT_TOKEN } from '../../test/kms-stand-ins.js';
import { OLD_KEY, RunningVault } from '../../test/running-vault.js';
import { VaultConfig } from '../config.js';
import { KeyProviderError, type KeyProvider } from './key-provider.js';
import { openKeyProvider } from './open-key-provider.js';

const ORIGIN = 'https://api.example.com';
const context = { purpose: 'test', organization: randomUUID() };
const key = randomBytes(32);

interface Case {
  readonly name: string;
  /** The service behind it, if there is one, with one key version. */
  readonly serve?: () => Promise<KeyServer>;
  readonly environment: (url: string) => Record<string, string>;
  readonly versions: readonly [string, string];
}

const cases: Case[] = [
  {
    name: 'the environment',
    environment: () => ({ VAULT_KEYS: `k1:${randomBytes(32).toString('base64')},${OLD_KEY}` }),
    versions: ['k1', 'old'],
  },
  {
    name: 'AWS KMS',
    serve: async () => {
      const server = await KeyServer.start(awsKms);
      server.addKey('arn:aws:kms:eu-west-1:1:key/one');
      server.addKey('arn:aws:kms:eu-west-1:1:key/two');
      return server;
    },
    environment: (url) => ({
      VAULT_KEY_PROVIDER: 'aws-kms',
      VAULT_AWS_KMS_KEYS: 'a1:arn:aws:kms:eu-west-1:1:key/one,a2:arn:aws:kms:eu-west-1:1:key/two',
      VAULT_AWS_KMS_ENDPOINT: url,
    }),
    versions: ['a1', 'a2'],
  },
  {
    name: 'Google Cloud KMS',
    serve: async () => {
      const server = await KeyServer.start(gcpKms);
      for (const version of [1, 2]) server.addKey(`${GCP_KEY}/cryptoKeyVersions/${version}`);
      return server;
    },
    environment: (url) => ({
      VAULT_KEY_PROVIDER: 'gcp-kms',
      VAULT_GCP_KMS_KEY: GCP_KEY,
      VAULT_GCP_KMS_ENDPOINT: url,
    }),
    versions: ['gcp-1', 'gcp-2'],
  },
  {
    name: 'a transit engine',
    serve: async () => {
      const server = await KeyServer.start(transit);
      for (const version of ['1', '2']) server.addKey(version);
      return server;
    },
    environment: (url) => ({
      VAULT_KEY_PROVIDER: 'transit',
      VAULT_TRANSIT_URL: url,
      VAULT_TRANSIT_TOKEN: TRANSIT_TOKEN,
    }),
    versions: ['transit-1', 'transit-2'],
  },
];
const secrets = {
  DATABASE_URL: 'postgres://vault:pw@localhost/patchbay',
  EXECUTOR_KEY: randomBytes(32).toString('base64'),
  CREDENTIAL_GRANT_KEY: randomBytes(32).toString('base64'),
  VAULT_INTAKE_KEY: randomBytes(32).toString('base64'),
};

beforeAll(() => {
  Object.assign(process.env, {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
  });
});

describe.each(cases)('keys of $name', ({ serve, environment, versions: [one, two] }) => {
  let server: KeyServer | undefined;
  let settings: Record<string, string>;
  let provider: KeyProvider;

  beforeAll(async () => {
    server = await serve?.();
    settings = environment(server?.url ?? '');
    provider = await openKeyProvider(loadConfig(VaultConfig, { ...secrets, ...settings }));
  });
  afterAll(async () => {
    provider.close?.();
    await server?.stop();
  });
  beforeEach(() => {
    if (server) server.broken = undefined;
  });

  const failureOf = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error as KeyProviderError,
    );

  it('wrap a key so that it is not to be seen, and unwrap it under the same version', async () => {
    for (const version of [one, two]) {
      const wrapped = await provider.wrap(version, key, context);

      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        expect(wrapped).not.toContain(key.toString(encoding));
      }
      expect(await provider.unwrap(version, wrapped, { ...context })).toEqual(key);
    }
  });

  it('know their versions, and which is the newest', async () => {
    expect(await Promise.all([one, two, 'other'].map((id) => provider.knows(id)))).toEqual([
      true,
      true,
      false,
    ]);
    expect(await provider.newest()).toBe(two);
  });

  it('unwrap for the context and the version they wrapped for, for no other, and say it is no outage', async () => {
    const wrapped = await provider.wrap(one, key, context);
    const attempts = [
      provider.unwrap(one, wrapped, { ...context, organization: randomUUID() }),
      provider.unwrap(one, wrapped, { purpose: 'test' }),
      provider.unwrap(one, wrapped, { ...context, more: 'x' }),
      provider.unwrap(one, wrapped, { purpose: context.organization, organization: context.purpose }),
      provider.unwrap(two, wrapped, context),
      provider.unwrap('other', wrapped, context),
    ];
    for (const failure of await Promise.all(attempts.map(failureOf))) {
      expect(failure).toBeInstanceOf(KeyProviderError);
      expect(failure).toMatchObject({ isOutage: false });
    }
  });

  it('unwrap nothing that was altered, cut or extended', async () => {
    const wrapped = await provider.wrap(one, key, context);
    const altered = [
      ...Array.from(wrapped, (character, at) => {
        return wrapped.slice(0, at) + (character === 'A' ? 'B' : 'A') + wrapped.slice(at + 1);
      }),
      ...[0, 1, 2, 8, 16, 24].map((length) => wrapped.slice(0, length)),
      ...[1, 2, 3, 4, 8].map((length) => wrapped.slice(0, -length)),
      ...['A', '=', '.', ' ', 'AAAA'].map((more) => wrapped + more),
    ];
    const failures = await Promise.all(altered.map((text) => failureOf(provider.unwrap(one, text, context))));

    expect(failures.length).toBeGreaterThan(90);
    expect(failures.filter((failure) => !(failure instanceof KeyProviderError))).toEqual([]);
  });

  if (serve) {
    it('are unavailable, not wrong, while their service is; no refusal shows a key', async () => {
      const wrapped = await provider.wrap(one, key, context);
      server!.broken = { status: 503, body: { message: 'sealed' } };
      const failures = [
        await failureOf(provider.unwrap(one, wrapped, context)),
        await failureOf(provider.wrap(one, key, context)),
      ];

      for (const failure of failures) {
        expect(failure).toBeInstanceOf(KeyProviderError);
        expect(failure).toMatchObject({ isOutage: true });
        for (const encoding of ['base64', 'base64url', 'hex'] as const) {
          expect(inspect(failure, { depth: 9 })).not.toContain(key.toString(encoding));
        }
      }
    });

    it('protect a vault’s credentials: unwrapped once, rotated, and needed to start', async () => {
      const vault = await RunningVault.start();
      try {
        await vault.addInstance(OLD_KEY);
        const orgId = randomUUID();
        const bearer = { type: 'bearer', name: 'x', origins: [ORIGIN], token: 'sk_live_canary' };
        const { id } = await vault.create(orgId, bearer);
        await vault.stopInstances();

        // From keys of its own to the service's: the vault is given both.
        await vault.addInstance({ ...settings, VAULT_KEYS: OLD_KEY });
        expect(await vault.rotate()).toMatchObject({ fromKey: 'old', toKey: two });
        await vault.stopInstances();
        await vault.addInstance(settings);
        const before = server!.asked.length;
        for (let count = 0; count < 5; count += 1) {
          expect(await vault.open(orgId, id, ORIGIN)).toMatchObject({ token: 'sk_live_canary' });
        }
        expect(server!.asked.length - before).toBe(1);
        expect(JSON.stringify(server!.asked).includes('sk_live_canary')).toBe(false);

        await vault.stopInstances();
        server!.broken = { status: 503, body: {} };
        await expect(vault.addInstance(settings)).rejects.toThrow(
          `\`${two}\`, which is in use, cannot be used`,
        );
      } finally {
        await vault.stop();
      }
    });
  }
});

describe('keys that their service makes', () => {
  it.each([
    ['Google Cloud KMS', 2, 'gcp-3'],
    ['a transit engine', 3, 'transit-3'],
  ])('of %s are made when a rotation needs one', async (_name, index, expected) => {
    const { serve, environment } = cases[index]!;
    const server = await serve!();
    const config = loadConfig(VaultConfig, { ...secrets, ...environment(server.url) });
    const provider = await openKeyProvider(config);

    expect(await provider.makeVersion!()).toBe(expected);
    expect(await provider.unwrap(expected, await provider.wrap(expected, key, context), context)).toEqual(
      key,
    );
    provider.close?.();
    await server.stop();
  });
});
