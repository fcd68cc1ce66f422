import type { Environment } from '#contracts/common.contract';
import { Validator } from '#contracts/validate';
import {
  Credential,
  credentialChanged,
  deleteCredential,
  getSecret,
  listAccesses,
  openCredential,
  openSecret,
  shredOrganization,
  type CredentialEdit,
} from '#contracts/vault.contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { KeyFile } from '../../test/key-file.js';
import { RunningVault } from '../../test/running-vault.js';

const ORIGIN = 'https://api.example.com';
const LIVE = 'sk_live_4242424242424242_abcdef9a2';
const keep = { keep: true } as const;
const secret = (changes: object = {}): CredentialEdit => ({
  ...{ type: 'secret', name: 'CRM', origins: [ORIGIN], reference: 'CRM_API_KEY' },
  ...{ values: { production: LIVE, staging: 'sk_test' } },
  ...changes,
});

describe('a secret that templates name', () => {
  let vault: RunningVault;
  let file: KeyFile;
  let orgId: string;

  beforeAll(async () => {
    vault = await RunningVault.start();
    file = await KeyFile.create();
    await vault.addInstance({ VAULT_KEYS_FILE: file.path });
    await vault.addInstance({ VAULT_KEYS_FILE: file.path });
  });
  beforeEach(() => {
    orgId = randomUUID();
  });
  afterAll(async () => {
    await vault.stop();
    await file.remove();
  });

  const create = async (changes?: object, of = orgId) => (await vault.create(of, secret(changes))).id;
  const open = (environment: Environment, reference = 'CRM_API_KEY') =>
    vault.openSecret(orgId, reference, environment, ORIGIN);
  const opened = (environment: Environment, value: string) => ({
    ...{ type: 'secret', reference: 'CRM_API_KEY', values: { [environment]: value } },
  });
  const duplicate = {
    code: 'invalid_request',
    details: { problems: [expect.objectContaining({ pointer: '/credential/reference', code: 'duplicate' })] },
  };

  it('is shown masked, each environment by itself, and found by its name', async () => {
    const created = await vault.create(orgId, secret());

    expect(created).toMatchObject({
      ...{ type: 'secret', reference: 'CRM_API_KEY' },
      values: { production: { masked: 'sk_l…f9a2' }, staging: { masked: '••••' } },
    });
    expect(new Validator(Credential).problems(created)).toEqual([]);
    expect(await vault.ask(getSecret, { orgId, reference: 'CRM_API_KEY' })).toEqual(created);
    const stranger = { orgId: randomUUID(), reference: 'CRM_API_KEY' };
    await expect(vault.ask(getSecret, stranger)).rejects.toMatchObject({ code: 'credential_not_found' });
  });

  it.each<[string, object, string]>([
    ['no value', { values: {} }, '/credential/values'],
    ['an environment there is not', { values: { production: 'x', prod: 'x' } }, '/credential/values/prod'],
    ['a name in lower case', { reference: 'crm_api_key' }, '/credential/reference'],
    ['a name that is too long', { reference: 'A'.repeat(65) }, '/credential/reference'],
    ['a line break', { values: { dev: 'a\nb' } }, '/credential/values/dev'],
    ['a mask', { values: { dev: { masked: '••••' } } }, '/credential/values/dev'],
    ['a value to keep', { values: { dev: keep } }, '/credential/values/dev'],
  ])('is refused with %s', async (_what, changes, pointer) => {
    await expect(create(changes)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { problems: [expect.objectContaining({ pointer })] },
    });
  });

  it('has a name that no other one of the organization has, however many are entered at once', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => create()));

    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject(duplicate);
    }
    const other = await create({ reference: 'OTHER_KEY' });
    await expect(vault.replace(orgId, other, secret())).rejects.toMatchObject(duplicate);
    expect(await create({}, randomUUID())).toEqual(expect.any(String));
  });

  it('keeps what an edit keeps, environment by environment, and has no value where none is said', async () => {
    const id = await create();

    await vault.replace(orgId, id, secret({ values: { production: keep, dev: 'sk_dev' } }));

    expect(await open('production')).toEqual(opened('production', LIVE));
    expect(await open('dev')).toEqual(opened('dev', 'sk_dev'));
    await expect(open('staging')).rejects.toMatchObject({ code: 'credential_not_found' });
    const unstored = vault.replace(orgId, id, secret({ values: { staging: keep } }));
    await expect(unstored).rejects.toMatchObject({ code: 'invalid_request' });
    const elsewhere = secret({ values: { production: keep }, origins: ['https://evil.example'] });
    await expect(vault.replace(orgId, id, elsewhere)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('opens by its new name once it has one', async () => {
    const id = await create();

    await vault.replace(orgId, id, secret({ reference: 'NEW_KEY', values: { production: keep } }));

    expect(await open('production', 'NEW_KEY')).toMatchObject({ values: { production: LIVE } });
    await expect(open('production')).rejects.toMatchObject({ code: 'credential_not_found' });
  });

  it('gives an executor the value of the environment that was asked for, and no other', async () => {
    await create();

    expect(await open('production')).toEqual(opened('production', LIVE));
    expect(await open('staging')).toEqual(opened('staging', 'sk_test'));
  });

  it('has no value of one environment stand in for another', async () => {
    await create();

    await expect(open('dev')).rejects.toMatchObject({
      code: 'credential_not_found',
      message: 'The secret `CRM_API_KEY` has no value for the environment `dev`',
    });
  });

  it('is refused for an origin it was not entered for, and to another organization', async () => {
    await create();

    await expect(
      vault.openSecret(orgId, 'CRM_API_KEY', 'production', 'https://evil.example'),
    ).rejects.toMatchObject({ code: 'credential_origin_mismatch' });
    await expect(vault.openSecret(randomUUID(), 'CRM_API_KEY', 'production', ORIGIN)).rejects.toMatchObject({
      code: 'credential_not_found',
      message: 'There is no secret `CRM_API_KEY`',
    });
  });

  it.each<[string, object]>([
    ['nothing', {}],
    ['another name', { secretNames: ['OTHER_KEY'] }],
    ['its values of another environment', { secretNames: ['CRM_API_KEY'], environment: 'staging' }],
  ])('is refused, on record, to a tool that was granted %s', async (_what, terms) => {
    const credentialId = await create();
    const { session } = vault.keys;
    const grant = vault.grant({ orgId, credentialIds: [credentialId], ...terms });
    const request = { orgId, reference: 'CRM_API_KEY', environment: 'production', origin: ORIGIN } as const;

    await expect(vault.ask(openSecret, { ...request, session, grant })).rejects.toMatchObject({
      code: 'credential_not_granted',
    });
    const { items } = await vault.ask(listAccesses, { orgId, credentialId });
    expect(items[0]).toMatchObject({ action: 'open', result: 'credential_not_granted', origin: ORIGIN });
  });

  it('has its openings on record like any credential', async () => {
    const credentialId = await create();
    await open('staging');

    const { items } = await vault.ask(listAccesses, { orgId, credentialId });
    expect(items).toMatchObject([
      { action: 'open', result: 'ok', credentialVersion: 1, keyId: expect.any(String) },
      { action: 'create' },
    ]);
  });

  it('does not open as a credential', async () => {
    const id = await create();

    await expect(vault.ask(openCredential, vault.opening(orgId, id, ORIGIN))).rejects.toMatchObject({
      code: 'invalid_request',
      details: {
        problems: [expect.objectContaining({ message: expect.stringContaining('{{CRM_API_KEY}}') })],
      },
    });
  });

  it('opens after a rotation of the keys, and not once its organization was shredded', async () => {
    await create();
    await file.add();
    await vault.rotate();

    expect(await open('staging')).toEqual(opened('staging', 'sk_test'));
    await vault.ask(shredOrganization, { orgId });
    await expect(open('staging')).rejects.toMatchObject({ code: 'credential_not_found' });
  });

  it.each([
    [
      'two of its values are swapped',
      `content = jsonb_set(jsonb_set(content, '{values,production}', content #> '{values,staging}'),
         '{values,staging}', content #> '{values,production}')`,
    ],
    [
      'a value is put under another environment',
      `content = jsonb_set(content, '{values,dev}', content #> '{values,staging}')`,
    ],
    ['its name is changed', `content = jsonb_set(content, '{reference}', '"RENAMED_KEY"')`],
    ['its origins are changed', `origins = origins || '{https://evil.example}'`],
  ])('does not open when %s in the database', async (_what, change) => {
    const id = await create();
    await vault.query(`UPDATE vault.credentials SET ${change} WHERE id = $1`, [id]);
    const name = change.includes('RENAMED') ? 'RENAMED_KEY' : 'CRM_API_KEY';

    await expect(open('production', name)).rejects.toMatchObject({ code: 'credential_unreadable' });
  });

  it('is announced when it is replaced or deleted', async () => {
    const id = await create();
    const heard: unknown[] = [];
    const subscription = vault.link.connection.subscribe(credentialChanged.subject, {
      callback: (_, message) => void heard.push(message.json()),
    });
    await vault.link.connection.flush();

    await vault.replace(orgId, id, secret());
    await vault.ask(deleteCredential, { orgId, credentialId: id });
    await vault.link.connection.flush();

    expect(heard).toEqual([
      { orgId, credentialId: id },
      { orgId, credentialId: id },
    ]);
    subscription.unsubscribe();
  });
});
