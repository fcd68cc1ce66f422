import {
  deleteCredential,
  getCredential,
  listCredentials,
  type CredentialInput,
} from '#contracts/vault.contract';
import { collectSpans } from '#testing/spans';
import { registry } from '#telemetry/metrics';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { format } from 'node:util';
import { RunningVault } from '../../test/running-vault.js';

const ORIGIN = 'https://api.example.com';
const orgId = randomUUID();
const common = { name: 'CRM', origins: [ORIGIN] };

/** Random, so that a find is no chance; with characters that every encoding writes differently. */
const canaries = Array.from({ length: 12 }, () => `${randomBytes(12).toString('hex')}"/+ ~=&%`);
const [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11] = canaries as [
  ...[string, string, string, string, string, string],
  ...[string, string, string, string, string, string],
];

const entered: CredentialInput[] = [
  { ...common, type: 'bearer', token: c0 },
  { ...common, type: 'basic', username: 'ada', password: c1 },
  { ...common, type: 'api_key', in: 'header', parameter: 'X-Key', value: c2 },
  { ...common, type: 'api_key', in: 'query', parameter: 'key', value: c3 },
  { ...common, type: 'api_key', in: 'body', parameter: 'key', value: c4 },
  { ...common, type: 'headers', headers: [c5, c6, c7, c8].map((value, i) => ({ name: `X-${i}`, value })) },
];

/** Every way in which a secret might be written down. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // Within a longer base64 text, a secret looks different at each of three offsets; its ends mix with its neighbours.
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return text.slice(offset === 0 ? 0 : 4, -4);
  });
  const hex = bytes.toString('hex');
  const percent = hex.replace(/../g, '%$&');
  return [
    secret.slice(0, 24), // the part that no escaping changes
    JSON.stringify(secret).slice(1, -1),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    ...[hex, hex.toUpperCase()],
    ...[encodeURIComponent(secret), encodeURI(secret), percent, percent.toUpperCase()],
    Buffer.from(secret, 'utf16le').toString('latin1'),
    Array.from(secret).reverse().join(''),
  ];
}

function canariesIn(text: string): string[] {
  return canaries.filter((canary) => formsOf(canary).some((form) => text.includes(form)));
}

describe('the secrets of credentials', () => {
  let vault: RunningVault;
  const ids: string[] = [];
  const replies: unknown[] = [];
  const spans = collectSpans();

  const everyRow = async (): Promise<string> => {
    const rows = await vault.query(`SELECT to_jsonb(c)::text AS row FROM vault.credentials c
       UNION ALL SELECT to_jsonb(a)::text FROM vault.accesses a`);
    const text = rows.map(({ row }) => row as string).join('\n');
    const decoded = text.split(/[^A-Za-z0-9_-]+/).map((part) => Buffer.from(part, 'base64url'));
    return [text, ...decoded.map((part) => part.toString('latin1'))].join('\n');
  };

  beforeAll(async () => {
    vault = await RunningVault.start();
    for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      jest.spyOn(console, level).mockImplementation((...parts) => void vault.log.push(format(...parts)));
    }
    await vault.addInstance();
    for (const credential of entered) {
      const created = await vault.create(orgId, credential);
      ids.push(created.id);
      replies.push(created);
    }
    const [bearerId, basicId] = ids as [string, string];
    const ask = async (work: Promise<unknown>) => replies.push(await work.catch((error: unknown) => error));
    const edit = (credentialId: string, credential: CredentialInput) =>
      ask(vault.replace(orgId, credentialId, credential));
    await edit(bearerId, { ...common, type: 'bearer', token: c9 });
    await edit(basicId, { ...common, type: 'basic', username: 'ada', password: c10 });
    await edit(basicId, { ...common, type: 'basic', username: 'a:b', password: c11 });
    await edit(bearerId, { ...common, origins: ['x'], type: 'bearer', token: `${c11}\n` });
    for (const credentialId of ids) await ask(vault.ask(getCredential, { orgId, credentialId }));
    await ask(vault.ask(listCredentials, { orgId }));
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await vault.stop();
  });

  it('are in no row, in no form', async () => {
    expect(canariesIn(await everyRow())).toEqual([]);
  });

  it.each([
    ['raw', (secret: string) => secret],
    ['in base64', (secret: string) => Buffer.from(`ab${secret}cd`).toString('base64')],
    ['in base64url', (secret: string) => Buffer.from(`a${secret}`).toString('base64url')],
    ['in hexadecimal', (secret: string) => Buffer.from(secret).toString('hex')],
    ['percent-encoded', encodeURIComponent],
  ])('would have been found there %s', async (_form, write) => {
    const id = randomUUID();
    await vault.query(`INSERT INTO vault.credentials VALUES ($1, $2, $3, '{}', '{}', 1, now(), now())`, [
      orgId,
      id,
      write(c7),
    ]);

    expect(canariesIn(await everyRow())).toEqual([c7]);

    await vault.query('DELETE FROM vault.credentials WHERE id = $1', [id]);
  });

  it('are in no reply and no error', () => {
    const texts = replies.map((reply) =>
      reply instanceof Error ? JSON.stringify([reply, reply.message, reply.stack]) : JSON.stringify(reply),
    );

    expect(replies.filter((reply) => reply instanceof Error)).toHaveLength(2);
    expect(canariesIn(texts.join('\n'))).toEqual([]);
  });

  it('are in clear nowhere on the bus when they are opened', async () => {
    const heard: string[] = [];
    const subscription = vault.link.connection.subscribe('>', {
      callback: (_error, message) => {
        const sealed = /"sealed":"([^"]*)"/.exec(message.string())?.[1]?.split('.') ?? [];
        heard.push(
          message.string(),
          ...sealed.map((part) => Buffer.from(part, 'base64url').toString('latin1')),
        );
      },
    });
    await vault.link.connection.flush();

    const opened = [];
    for (const id of ids) opened.push(await vault.open(orgId, id, ORIGIN));
    await vault.link.connection.flush();
    subscription.unsubscribe();

    expect(canariesIn(opened.map((secret) => JSON.stringify(secret)).join('\n'))).toHaveLength(9);
    expect(heard.filter((text) => text.includes('"sealed"'))).toHaveLength(ids.length);
    expect(canariesIn(heard.join('\n'))).toEqual([]);
  });

  it('are in no log line, span or metric, not even when something goes wrong', async () => {
    const [tampered = ''] = ids;
    await vault.query(
      "UPDATE vault.credentials SET content = jsonb_set(content, '{token,sealed}', '\"v1.x\"') WHERE id = $1",
      [tampered],
    );
    await expect(vault.open(orgId, tampered, ORIGIN)).rejects.toThrow('cannot be read');
    await vault.query('ALTER TABLE vault.credentials RENAME TO elsewhere');
    const credential: CredentialInput = { ...common, type: 'bearer', token: c11 };
    const failed = await vault.create(orgId, credential).catch((error: unknown) => error);
    await vault.query('ALTER TABLE vault.elsewhere RENAME TO credentials');

    expect(failed).toMatchObject({ code: 'internal', message: 'Patchbay failed to do its work' });
    expect(vault.log.join('\n')).toContain('relation "vault.credentials" does not exist');
    expect(canariesIn(vault.log.join('\n'))).toEqual([]);
    const spanTexts = spans.finished().map(({ name, attributes, events, status }) => {
      return JSON.stringify({ name, attributes, events, status });
    });
    expect(spanTexts.length).toBeGreaterThan(20);
    expect(canariesIn(spanTexts.join('\n'))).toEqual([]);
    expect(canariesIn(await registry.metrics())).toEqual([]);
  });

  it('are gone with their credential', async () => {
    for (const credentialId of ids) await vault.ask(deleteCredential, { orgId, credentialId });

    expect(await vault.query('SELECT * FROM vault.credentials')).toEqual([]);
  });
});
