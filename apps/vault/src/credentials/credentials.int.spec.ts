import { Validator } from '#contracts/validate';
import {
  Credential,
  credentialChanged,
  deleteCredential,
  getCredential,
  listCredentials,
  type CredentialEdit,
  type CredentialInput,
} from '#contracts/vault.contract';
import { clientCertificate, clientPassphrase, encryptedClientKey } from '#egress/testing/client-certificates';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { RunningVault } from '../../test/running-vault.js';
import { vaultDataSource } from '../data-source.js';

const ORIGIN = 'https://api.example.com';
const LONG_SECRET = 'sk_live_4242424242424242_abcdef9a2';
const MASK = { masked: 'sk_l…f9a2' };
const HIDDEN = { masked: '••••' };
const keep = { keep: true } as const;
const bearer: CredentialInput = { type: 'bearer', name: 'CRM', origins: [ORIGIN], token: LONG_SECRET };

describe('credentials', () => {
  let vault: RunningVault;
  let orgId: string;

  beforeAll(async () => {
    vault = await RunningVault.start();
    await vault.addInstance();
    await vault.addInstance();
  });
  afterAll(() => vault.stop());
  beforeAll(() => {
    orgId = randomUUID();
  });

  const create = (credential: CredentialInput = bearer) => vault.create(orgId, credential);
  const replace = (credentialId: string, credential: CredentialEdit, ifVersion?: number) =>
    vault.replace(orgId, credentialId, credential, ifVersion);
  const get = (credentialId: string) => vault.ask(getCredential, { orgId, credentialId });

  it.each<[CredentialInput, object]>([
    [{ type: 'none', name: 'x', origins: [] }, {}],
    [bearer, { token: MASK }],
    [
      { type: 'basic', name: 'x', origins: [ORIGIN], username: 'ada', password: LONG_SECRET },
      { username: 'ada', password: HIDDEN },
    ],
    [
      { type: 'api_key', name: 'x', origins: [ORIGIN], in: 'query', parameter: 'key', value: LONG_SECRET },
      { in: 'query', parameter: 'key', value: MASK },
    ],
    [
      { type: 'headers', name: 'x', origins: [], headers: [{ name: 'X-Key', value: 'short' }] },
      { headers: [{ name: 'X-Key', value: HIDDEN }] },
    ],
    [
      {
        ...{ type: 'hmac', name: 'x', origins: [], scheme: 'standard_webhooks' },
        secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      },
      { scheme: 'standard_webhooks', secret: { masked: 'whse…LaSw' } },
    ],
    [
      {
        ...{ type: 'aws_sigv4', name: 'x', origins: [], accessKeyId: 'AKIDEXAMPLE' },
        ...{ secretAccessKey: LONG_SECRET, sessionToken: 'short', region: 'eu-west-1', service: 's3' },
      },
      {
        ...{ accessKeyId: 'AKIDEXAMPLE', region: 'eu-west-1', service: 's3' },
        ...{ secretAccessKey: MASK, sessionToken: HIDDEN },
      },
    ],
    [
      {
        ...{ type: 'mtls', name: 'x', origins: [ORIGIN], certificate: clientCertificate },
        ...{ privateKey: encryptedClientKey, passphrase: clientPassphrase },
      },
      {
        ...{ certificate: clientCertificate, privateKey: HIDDEN, passphrase: HIDDEN },
        certificateSummary: {
          subject: 'CN=patchbay client',
          issuer: 'CN=Client test authority',
          notAfter: '2120-01-01T00:00:00.000Z',
        },
        health: { status: 'active', expiresAt: '2120-01-01T00:00:00.000Z' },
      },
    ],
  ])('of type $type are shown masked: created, got and listed', async (input, masked) => {
    const created = await create(input);

    const { type, name, origins } = input;
    expect(created).toEqual({
      ...{ type, name, origins, ...masked, version: 1 },
      ...{ id: expect.any(String), createdAt: expect.any(String), updatedAt: created.createdAt },
    });
    expect(new Validator(Credential).problems(created)).toEqual([]);
    expect(await get(created.id)).toEqual(created);
    const { items } = await vault.ask(listCredentials, { orgId, limit: 200 });
    expect(items.filter((item) => item.id === created.id)).toEqual([created]);
  });

  it('are listed page by page in the order of their creation, each once', async () => {
    const own = randomUUID();
    const created: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      created.push((await vault.create(own, { ...bearer, name })).id);
    }

    const listed: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await vault.ask(listCredentials, { orgId: own, limit: 2, ...(cursor && { cursor }) });
      listed.push(page.items.map((item) => item.id));
      cursor = page.nextCursor;
    } while (cursor);

    expect(listed).toEqual([created.slice(0, 2), created.slice(2, 4), created.slice(4)]);
  });

  it('are not listed from a cursor that was made up', async () => {
    for (const cursor of ['x', randomUUID(), Buffer.from("' OR 1=1 --").toString('base64url')]) {
      await expect(vault.ask(listCredentials, { orgId, cursor })).rejects.toMatchObject({
        code: 'invalid_request',
        details: { problems: [expect.objectContaining({ pointer: '/cursor' })] },
      });
    }
  });

  it('keep a secret that an edit says to keep', async () => {
    const { id, createdAt } = await create();

    const edited = await replace(id, { ...bearer, name: 'Renamed', origins: [ORIGIN], token: keep });

    expect(edited).toMatchObject({ name: 'Renamed', version: 2, token: MASK, createdAt });
    expect(await get(id)).toEqual(edited);
    expect(await vault.open(orgId, id, ORIGIN)).toEqual({ type: 'bearer', token: LONG_SECRET });
  });

  it('take a new secret, and a new type', async () => {
    const { id } = await create();
    const basic: CredentialInput = {
      type: 'basic',
      name: 'x',
      origins: [ORIGIN],
      username: 'ada',
      password: 'new',
    };

    await replace(id, { ...bearer, token: 'Bearer newer' });
    expect(await vault.open(orgId, id, ORIGIN)).toEqual({ type: 'bearer', token: 'newer' });

    expect(await replace(id, basic)).toMatchObject({ version: 3, password: HIDDEN });
    expect(await vault.open(orgId, id, ORIGIN)).toEqual({
      type: 'basic',
      username: 'ada',
      password: 'new',
    });
  });

  it('refuse to keep what is not stored, to take a mask back, and to keep a secret for another origin', async () => {
    const { id } = await create();
    const refusals: [CredentialEdit, string, string][] = [
      [
        { type: 'basic', name: 'x', origins: [], username: 'ada', password: keep },
        '/password',
        'nothing_to_keep',
      ],
      [{ ...bearer, token: MASK } as unknown as CredentialEdit, '/token', 'not_allowed'],
      [{ ...bearer, origins: [ORIGIN, 'https://evil.example'], token: keep }, '/token', 'secret_required'],
    ];
    for (const [edit, pointer, code] of refusals) {
      await expect(replace(id, edit)).rejects.toMatchObject({
        code: 'invalid_request',
        details: { problems: [expect.objectContaining({ pointer: `/credential${pointer}`, code })] },
      });
    }

    expect(await get(id)).toMatchObject({ version: 1, origins: [ORIGIN] });
    expect(await replace(id, { ...bearer, origins: [], token: keep })).toMatchObject({ origins: [] });
    await expect(replace(id, { ...bearer, token: keep })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('are refused with every problem at once, by pointer, without a value', async () => {
    const refusal = create({
      type: 'headers',
      name: 'x',
      origins: ['https://user:canary@x.example'],
      headers: [{ name: 'Host', value: 'canary\r\n' }],
    });

    const error = await refusal.catch((caught: unknown) => caught as Error & { details: unknown });
    expect(error).toMatchObject({
      code: 'invalid_request',
      details: {
        problems: [
          { pointer: '/credential/origins/0' },
          { pointer: '/credential/headers/0/name' },
          { pointer: '/credential/headers/0/value' },
        ],
      },
    });
    expect(JSON.stringify(error) + (error as Error).message).not.toContain('canary');
  });

  it('are replaced only at the version that the edit was made from', async () => {
    const { id } = await create();
    await replace(id, bearer, 1);

    await expect(replace(id, bearer, 1)).rejects.toMatchObject({ code: 'precondition_failed' });
    await expect(replace(id, bearer, 3)).rejects.toMatchObject({ code: 'precondition_failed' });
    expect(await replace(id, bearer, 2)).toMatchObject({ version: 3 });
  });

  it('are replaced by exactly one of many edits made from the same version', async () => {
    const { id } = await create();

    const edits = Array.from({ length: 20 }, (_, index) =>
      replace(id, { ...bearer, name: `edit ${index}`, token: index % 2 ? keep : `token ${index}` }, 1),
    );
    const results = await Promise.allSettled(edits);

    const won = results.filter((result) => result.status === 'fulfilled').map((result) => result.value);
    const lost = results
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => reason as Error);
    expect(won).toEqual([expect.objectContaining({ version: 2 })]);
    expect(new Set(lost.map((error) => (error as Error & { code: string }).code))).toEqual(
      new Set(['precondition_failed']),
    );
    expect(await get(id)).toEqual(won[0]);
  });

  it('take all of many edits that name no version, one after another', async () => {
    const { id } = await create();

    const versions = await Promise.all(
      Array.from({ length: 20 }, () =>
        replace(id, { ...bearer, token: keep }).then(({ version }) => version),
      ),
    );

    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
    expect(await vault.open(orgId, id, ORIGIN)).toMatchObject({ token: LONG_SECRET });
  });

  it('are gone when deleted', async () => {
    const { id } = await create();
    const gone = { code: 'credential_not_found' };

    const named = { orgId, credentialId: id };
    await expect(vault.ask(deleteCredential, { ...named, ifVersion: 7 })).rejects.toMatchObject({
      code: 'precondition_failed',
    });
    expect(await vault.ask(deleteCredential, { ...named, ifVersion: 1 })).toEqual({ done: true });

    await expect(get(id)).rejects.toMatchObject(gone);
    await expect(replace(id, bearer)).rejects.toMatchObject(gone);
    await expect(vault.ask(deleteCredential, { orgId, credentialId: id })).rejects.toMatchObject(gone);
    await expect(vault.open(orgId, id, ORIGIN)).rejects.toMatchObject(gone);
  });

  it('are to another organization as if they were not there', async () => {
    const { id } = await create();
    const before = await get(id);
    const [stranger, unknown] = [randomUUID(), randomUUID()];
    const attempts = (credentialId: string) => [
      vault.ask(getCredential, { orgId: stranger, credentialId }),
      vault.replace(stranger, credentialId, bearer, 7),
      vault.ask(deleteCredential, { orgId: stranger, credentialId }),
      vault.open(stranger, credentialId, ORIGIN),
    ];
    const answers = async (credentialId: string) => {
      const results = await Promise.allSettled(attempts(credentialId));
      return results.map((result) => {
        const { code, message } = (result as PromiseRejectedResult).reason as Error & { code: string };
        return [code, message.replaceAll(credentialId, 'X')];
      });
    };

    expect(await answers(id)).toEqual(
      Array.from({ length: 4 }, () => ['credential_not_found', 'There is no credential X']),
    );
    expect(await answers(id)).toEqual(await answers(unknown));
    expect(await vault.ask(listCredentials, { orgId: stranger })).toEqual({ items: [] });
    expect(await get(id)).toEqual(before);
  });

  it('announce when they were replaced or deleted, and only then', async () => {
    const heard: unknown[] = [];
    const subscription = vault.link.connection.subscribe(credentialChanged.subject, {
      callback: (_error, message) => void heard.push(message.json()),
    });
    await vault.link.connection.flush();

    const { id: credentialId } = await create();
    await expect(replace(credentialId, bearer, 9)).rejects.toThrow('has changed');
    await replace(credentialId, bearer);
    await vault.ask(deleteCredential, { orgId: orgId.toUpperCase(), credentialId });
    await expect(vault.ask(deleteCredential, { orgId, credentialId })).rejects.toThrow('no credential');
    await vault.link.connection.flush();
    subscription.unsubscribe();

    const change = { orgId, credentialId };
    expect(heard).toEqual([change, change]);
  });
});

describe('the schema of the vault', () => {
  it('is what the entities say, and is gone when every migration is undone', async () => {
    const vault = await RunningVault.start();
    const dataSource = await new DataSource(vaultDataSource(vault.databaseUrl)).initialize();

    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    for (const { name } of dataSource.migrations) await dataSource.undoLastMigration().then(() => name);
    const left = await vault.query(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'vault'",
    );
    await dataSource.runMigrations();
    await dataSource.destroy();
    await vault.stop();

    expect(upQueries.map(({ query }) => query)).toEqual([]);
    expect(left).toEqual([{ table_name: 'migrations' }]);
  });
});
