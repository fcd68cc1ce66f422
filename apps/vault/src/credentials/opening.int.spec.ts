import {
  listAccesses,
  openCredential,
  type CredentialInput,
  type CredentialSecret,
  type HmacSignature,
} from '#contracts/vault.contract';
import {
  clientAuthority,
  clientCertificate,
  clientKey,
  clientPassphrase,
  encryptedClientKey,
} from '#egress/testing/client-certificates';
import { GrantKey } from '#sealing/credential-grant';
import { SessionKeyPair } from '#sealing/session-key';
import { registry } from '#telemetry/metrics';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { RunningVault } from '../../test/running-vault.js';

const ORIGIN = 'https://api.example.com';
const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const signature: HmacSignature = {
  ...{ algorithm: 'sha512', encoding: 'base64', header: 'X-Signature', prefix: 'v1=' },
  ...{ template: '{{method}}\n{{path}}\n{{body}}' },
};

describe('opening a credential', () => {
  let vault: RunningVault;
  let stopInstance: () => Promise<void>;
  const orgId = randomUUID();

  beforeAll(async () => {
    vault = await RunningVault.start();
  });
  beforeEach(async () => {
    stopInstance = await vault.addInstance();
  });
  afterEach(() => stopInstance());
  afterAll(() => vault.stop());

  const create = async (secret: CredentialSecret, of = orgId): Promise<string> => {
    const credential: CredentialInput = { name: 'CRM', origins: [ORIGIN], ...secret };
    return (await vault.create(of, credential)).id;
  };
  const bearer = (token: string) => create({ type: 'bearer', token });
  const open = (credentialId: string) => vault.open(orgId, credentialId, ORIGIN);
  const opensWith = async (result: string): Promise<number> => {
    const metric = await registry.getSingleMetric('patchbay_vault_credential_opens_total')?.get();
    return metric?.values.find((value) => value.labels.result === result)?.value ?? 0;
  };

  it.each<CredentialSecret>([
    { type: 'none' },
    { type: 'bearer', token: 'abc' },
    { type: 'basic', username: 'ada', password: 'pässwörd 🔑' },
    { type: 'api_key', in: 'body', parameter: 'key', value: '"quoted\\"' },
    {
      type: 'headers',
      headers: [
        { name: 'X-B', value: '2' },
        { name: 'X-A', value: '1' },
      ],
    },
    { type: 'hmac', scheme: 'standard_webhooks', secret: STANDARD_SECRET },
    { type: 'hmac', scheme: 'custom', secret: 'shared', signature },
    {
      type: 'aws_sigv4',
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 's/+',
      region: 'eu-west-1',
      service: 'execute-api',
    },
    {
      ...{ type: 'aws_sigv4', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 's/+', sessionToken: 'tok' },
      ...{ region: 'eu-west-1', service: 's3' },
    },
    { type: 'mtls', certificate: clientCertificate, privateKey: clientKey },
    {
      ...{ type: 'mtls', certificate: clientCertificate + clientAuthority },
      ...{ privateKey: encryptedClientKey, passphrase: clientPassphrase },
    },
  ])('of type $type gives an executor what was entered', async (secret) => {
    const id = await create(secret);

    expect(await open(id)).toEqual(secret);
    expect(await vault.open(orgId.toUpperCase(), id, 'HTTPS://API.example.com:443/')).toEqual(secret);
  });

  it('seals it to the session that asked, bound to organization, credential and version', async () => {
    const id = await bearer('abc');
    const opened = await vault.ask(openCredential, vault.opening(orgId, id, ORIGIN));

    expect(opened).toEqual({ name: 'CRM', version: 1, sealed: expect.stringMatching(/^s1\./) });
    expect(() => vault.unseal(opened, randomUUID(), id)).toThrow('Not sealed to this key');
    expect(() => vault.unseal(opened, orgId, randomUUID())).toThrow('Not sealed to this key');
    expect(() => vault.unseal({ ...opened, version: 2 }, orgId, id)).toThrow('Not sealed to this key');
    const colleague = SessionKeyPair.create(vault.executorKey);
    expect(() => colleague.open(opened.sealed ?? '', '')).toThrow('Not sealed to this key');
  });

  it('is refused to whoever does not hold the executors’ key', async () => {
    const credentialId = await bearer('abc');
    const outsider = SessionKeyPair.create(randomBytes(32)).session;
    const { proof } = vault.keys.session;
    const before = await opensWith('forbidden');

    for (const session of [outsider, { ...outsider, proof }, { ...outsider, proof: 'A'.repeat(43) }]) {
      await expect(
        vault.ask(openCredential, { ...vault.opening(orgId, credentialId, ORIGIN), session }),
      ).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await opensWith('forbidden')).toBe(before + 3);
  });

  describe('for which the catalog has signed no grant', () => {
    const toolKey = 'get_order';
    const purpose = { executionId: randomUUID(), toolKey };
    let credentialId: string;
    let colleague: string;
    const termsOf = (id: string) => ({ orgId, toolKey, version: 1, environment: 'production', ...using(id) });
    const using = (id: string) => ({ credentialIds: [id], secretNames: [] });

    beforeAll(async () => {
      const stop = await vault.addInstance();
      credentialId = await bearer('abc');
      colleague = await bearer('def');
      await stop();
    });

    it.each<[string, string, () => string | undefined]>([
      ['there is none', 'has not signed', () => undefined],
      ['it is none', 'has not signed', () => 'g1.W10.AAAA'],
      [
        'it is signed with another key',
        'has not signed',
        () => new GrantKey(vault.executorKey).sign(termsOf(credentialId), new Date(Date.now() + 60_000)),
      ],
      [
        'it was altered',
        'has not signed',
        () => {
          const [format, , proof] = vault.grant(termsOf(colleague)).split('.');
          return [format, vault.grant(termsOf(credentialId)).split('.')[1], proof].join('.');
        },
      ],
      [
        'it is another organization’s',
        'of another organization',
        () => vault.grant({ ...termsOf(credentialId), orgId: randomUUID() }),
      ],
      [
        'it is for another tool',
        'for another tool',
        () => vault.grant({ ...termsOf(credentialId), toolKey: 'get_orders' }),
      ],
      ['it names another credential', 'does not use it', () => vault.grant(termsOf(colleague))],
      [
        'it names none',
        'does not use it',
        () => vault.grant({ ...termsOf(credentialId), credentialIds: [] }),
      ],
      ['it has expired', 'has expired', () => vault.grant(termsOf(credentialId), -1)],
    ])('is refused and on record: %s', async (_what, reason, grant) => {
      const request = { ...vault.opening(orgId, credentialId, ORIGIN), purpose, grant: grant() };

      await expect(vault.ask(openCredential, request)).rejects.toMatchObject({
        code: 'credential_not_granted',
        message: expect.stringContaining(reason) as unknown,
      });
      const [last] = (await vault.ask(listAccesses, { orgId, credentialId })).items;
      expect(last).toMatchObject({ action: 'open', result: 'credential_not_granted', toolKey });
    });
  });

  it.each([
    'http://api.example.com',
    'https://api.example.com:8443',
    'https://example.com',
    'https://api.example.com.evil.example',
  ])('is refused for %s, which it was not entered for', async (origin) => {
    const id = await bearer('abc');

    await expect(vault.open(orgId, id, origin)).rejects.toMatchObject({
      code: 'credential_origin_mismatch',
      message: `Credential ${id} was not entered for ${origin}`,
    });
  });

  it('is refused for what is no origin, without quoting it', async () => {
    const id = await bearer('abc');

    await expect(vault.open(orgId, id, 'https://u:canary@api.example.com')).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.not.stringContaining('canary') as unknown,
      details: { problems: [expect.objectContaining({ pointer: '/origin' })] },
    });
  });

  it('is counted by its result', async () => {
    const id = await bearer('abc');
    const before = [await opensWith('ok'), await opensWith('credential_not_found')];

    await open(id);
    await expect(open(randomUUID())).rejects.toMatchObject({ code: 'credential_not_found' });

    expect([await opensWith('ok'), await opensWith('credential_not_found')]).toEqual(
      before.map((count) => count + 1),
    );
  });

  describe('whose row was tampered with', () => {
    const unreadable = { code: 'credential_unreadable' };
    const contentOf = 'SELECT content FROM vault.credentials WHERE id = $1';

    it('fails when the envelopes of two rows are swapped', async () => {
      const [one, other] = [await bearer('one'), await bearer('other')];
      await vault.query(
        `UPDATE vault.credentials a SET content = b.content FROM vault.credentials b
         WHERE (a.id, b.id) IN (($1, $2), ($2, $1))`,
        [one, other],
      );

      await expect(open(one)).rejects.toMatchObject(unreadable);
      await expect(open(other)).rejects.toMatchObject(unreadable);
    });

    it('fails when a whole row is given to another organization', async () => {
      const id = await bearer('one');
      const thief = randomUUID();
      await vault.query('UPDATE vault.credentials SET org_id = $1 WHERE id = $2', [thief, id]);

      await expect(vault.open(thief, id, ORIGIN)).rejects.toMatchObject(unreadable);
    });

    it('fails when the envelopes of two of its fields are swapped', async () => {
      const id = await create({
        type: 'headers',
        headers: [
          { name: 'X-A', value: 'a' },
          { name: 'X-B', value: 'b' },
        ],
      });
      await vault.query(
        `UPDATE vault.credentials SET content = jsonb_set(jsonb_set(content,
           '{headers,0,value}', content #> '{headers,1,value}'),
           '{headers,1,value}', content #> '{headers,0,value}') WHERE id = $1`,
        [id],
      );

      await expect(open(id)).rejects.toMatchObject(unreadable);
    });

    it('fails when an envelope of an earlier version is put back', async () => {
      const id = await bearer('first');
      const [earlier] = await vault.query(contentOf, [id]);
      await vault.replace(orgId, id, { type: 'bearer', name: 'CRM', origins: [ORIGIN], token: 'second' });
      await vault.query('UPDATE vault.credentials SET content = $2 WHERE id = $1', [id, earlier?.content]);

      await expect(open(id)).rejects.toMatchObject(unreadable);
    });

    it.each([
      ['its origins', 'origins = origins || $2::text', 'https://evil.example'],
      ['where it is put', "content = jsonb_set(content, '{in}', to_jsonb($2::text))", 'query'],
      ['its parameter', "content = jsonb_set(content, '{parameter}', to_jsonb($2::text))", 'X-Other'],
      ['its version', 'version = $2::integer', '2'],
    ])('fails when %s was edited', async (_what, change, value) => {
      const id = await create({ type: 'api_key', in: 'header', parameter: 'X-Key', value: 'one' });
      await vault.query(`UPDATE vault.credentials SET ${change} WHERE id = $1`, [id, value]);

      await expect(open(id)).rejects.toMatchObject(unreadable);
    });

    it('does not fail when it was given another name, which binds nothing', async () => {
      const id = await bearer('one');
      await vault.query("UPDATE vault.credentials SET name = 'x' WHERE id = $1", [id]);

      expect(await open(id)).toEqual({ type: 'bearer', token: 'one' });
    });
  });
});
