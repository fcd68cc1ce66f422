import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DataSource, type QueryRunner } from 'typeorm';
import { postgresOptions } from './database.js';
import {
  acrossOrganizations,
  forOrganization,
  queryAcrossOrganizations,
  queryForOrganizations,
  readAcrossOrganizations,
  readForOrganization,
  settingFor,
} from './organizations.js';
import type { ServiceRights } from './table-rights.js';

class CreateNotes1700000000000 {
  readonly name = 'CreateNotes1700000000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE notes_app.notes (org_id uuid NOT NULL, text text NOT NULL)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE notes_app.notes');
  }
}

const rights: ServiceRights = {
  tables: { notes: { may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], across: ['SELECT', 'UPDATE'] } },
};
const notes = (url: string) => ({
  ...postgresOptions({ service: 'notes_app', url, pool: 1 }),
  migrations: [CreateNotes1700000000000],
  rights,
});

describe('a transaction of an organization', () => {
  let owner: DataSource;
  let service: DataSource;
  const ours = randomUUID();
  const theirs = randomUUID();
  const TEXTS = 'SELECT text FROM notes_app.notes ORDER BY text';
  const textsOf = (rows: { text: string }[]) => rows.map(({ text }) => text);
  const add = (orgId: string, text: string) => ({
    text: 'INSERT INTO notes_app.notes VALUES ($1, $2)',
    values: [orgId, text],
  });

  beforeAll(async () => {
    const url = await createTestDatabase();
    service = await new DataSource(notes(await migrateAsService(notes, url))).initialize();
    owner = await new DataSource({ type: 'postgres', url }).initialize();
  });
  afterAll(async () => {
    await service.destroy();
    await owner.destroy();
  });
  beforeEach(async () => {
    await owner.query('TRUNCATE notes_app.notes');
    for (const [orgId, text] of [
      [ours, 'ours'],
      [theirs, 'theirs'],
    ] as const)
      await owner.query('INSERT INTO notes_app.notes VALUES ($1, $2)', [orgId, text]);
  });

  it('sees only its rows, whether it reads, writes or asks once', async () => {
    const read = (work: typeof readForOrganization) =>
      work(service, ours, (manager) => manager.query<{ text: string }[]>(TEXTS));

    expect(textsOf(await read(readForOrganization))).toEqual(['ours']);
    expect(textsOf(await read(forOrganization))).toEqual(['ours']);
    const once = await queryForOrganizations<{ text: string }>(service, [ours], { text: TEXTS, values: [] });
    expect(textsOf(once.rows)).toEqual(['ours']);
  });

  it('changes and deletes only its rows, and adds no others', async () => {
    const counts = await forOrganization(service, ours, async (manager) => {
      const updated = await manager.query<[unknown[], number]>(
        "UPDATE notes_app.notes SET text = text || '!'",
      );
      const deleted = await manager.query<[unknown[], number]>('DELETE FROM notes_app.notes');
      return [updated[1], deleted[1]];
    });
    expect(counts).toEqual([1, 1]);
    expect(textsOf(await owner.query(TEXTS))).toEqual(['theirs']);

    await queryForOrganizations(service, [ours], add(ours, 'new'));
    await expect(queryForOrganizations(service, [ours], add(theirs, 'slipped in'))).rejects.toThrow(
      'row-level security',
    );
    await expect(
      forOrganization(service, ours, (manager) =>
        manager.query('UPDATE notes_app.notes SET org_id = $1', [theirs]),
      ),
    ).rejects.toThrow('row-level security');
    expect(textsOf(await owner.query(TEXTS))).toEqual(['new', 'theirs']);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a reading', () => readForOrganization(service, ours, (manager) => manager.query(TEXTS))],
    ['a writing', () => forOrganization(service, ours, (manager) => manager.query(TEXTS))],
    ['a single statement', () => queryForOrganizations(service, [ours], { text: TEXTS, values: [] })],
    ['one across', () => acrossOrganizations(service, 'upkeep', (manager) => manager.query(TEXTS))],
    [
      'one that failed',
      () => forOrganization(service, ours, (manager) => manager.query('SELECT 1 / 0')).catch(() => undefined),
    ],
    [
      'a single statement that failed',
      () =>
        queryForOrganizations(service, [ours], { text: 'SELECT 1 / 0', values: [] }).catch(() => undefined),
    ],
  ])('leaves nothing behind on the connection: %s', async (_name, before) => {
    await before();

    expect(await service.query(TEXTS)).toEqual([]); // the pool has this one connection
    await expect(service.query(add(ours, 'late').text, add(ours, 'late').values)).rejects.toThrow(
      'row-level security',
    );
    expect(await service.query('SELECT now() = statement_timestamp() AS "isNoTransaction"')).toEqual([
      { isNoTransaction: true },
    ]);
  });

  it('is committed whole or not at all', async () => {
    const failing = forOrganization(service, ours, async (manager) => {
      await manager.query(add(ours, 'half').text, add(ours, 'half').values);
      throw new Error('no more');
    });
    await expect(failing).rejects.toThrow('no more');
    expect(textsOf(await owner.query(TEXTS))).toEqual(['ours', 'theirs']);

    await forOrganization(service, ours, (manager) =>
      manager.query(add(ours, 'whole').text, add(ours, 'whole').values),
    );
    expect(textsOf(await owner.query(TEXTS))).toEqual(['ours', 'theirs', 'whole']);
  });

  it('only reads where it says so', async () => {
    const writing = readForOrganization(service, ours, (manager) =>
      manager.query('DELETE FROM notes_app.notes'),
    );
    await expect(writing).rejects.toThrow('read-only transaction');
  });

  it('may be that of several', async () => {
    const { rows } = await queryForOrganizations<{ text: string }>(service, [ours, theirs, ours], {
      text: TEXTS,
      values: [],
    });
    expect(textsOf(rows)).toEqual(['ours', 'theirs']);
  });

  it('prepares a named statement again when its first try could not be prepared', async () => {
    const late = { name: 'late', text: 'SELECT later FROM notes_app.notes', values: [] };
    await expect(queryForOrganizations(service, [ours], late)).rejects.toThrow('"later" does not exist');
    await owner.query('ALTER TABLE notes_app.notes ADD later integer DEFAULT 7');
    const rows = async () => (await queryForOrganizations(service, [ours], late)).rows;

    expect(await rows()).toEqual([{ later: 7 }]); // the pool has this one connection
    expect(await rows()).toEqual([{ later: 7 }]);
    await owner.query('ALTER TABLE notes_app.notes DROP later');
  });

  it('refuses what is not a UUID before anything is sent', () => {
    for (const wrong of ['', 'all', `${ours},all`, "'; DROP TABLE notes_app.notes; --"]) {
      expect(() => settingFor([ours, wrong])).toThrow('by its UUID');
    }
  });
});

describe('a transaction across organizations', () => {
  let owner: DataSource;
  let service: DataSource;
  const orgIds = [randomUUID(), randomUUID()];

  beforeAll(async () => {
    const url = await createTestDatabase();
    service = await new DataSource(notes(await migrateAsService(notes, url))).initialize();
    owner = await new DataSource({ type: 'postgres', url }).initialize();
    for (const orgId of orgIds) await owner.query("INSERT INTO notes_app.notes VALUES ($1, 'note')", [orgId]);
  });
  afterAll(async () => {
    await service.destroy();
    await owner.destroy();
  });

  it('does with every row what the rights name, and nothing more', async () => {
    const count = 'SELECT count(*)::int AS count FROM notes_app.notes';
    const all = await readAcrossOrganizations(service, 'upkeep', (manager) => manager.query(count));
    expect(all).toEqual([{ count: 2 }]);
    const once = await queryAcrossOrganizations(service, 'upkeep', { text: count, values: [] });
    expect(once.rows).toEqual([{ count: 2 }]);
    const [, updated] = await acrossOrganizations(service, 'upkeep', (manager) =>
      manager.query<[unknown, number]>("UPDATE notes_app.notes SET text = 'seen'"),
    );
    expect(updated).toBe(2);

    const [, deleted] = await acrossOrganizations(service, 'upkeep', (manager) =>
      manager.query<[unknown, number]>('DELETE FROM notes_app.notes'),
    );
    expect(deleted).toBe(0);
    await expect(
      acrossOrganizations(service, 'upkeep', (manager) =>
        manager.query("INSERT INTO notes_app.notes VALUES ($1, 'another')", [orgIds[0]]),
      ),
    ).rejects.toThrow('row-level security');
  });

  it('tells the server what it is for', async () => {
    const [said] = await acrossOrganizations(service, 'upkeep', (manager) =>
      manager.query<{ name: string }[]>("SELECT current_setting('application_name') AS name"),
    );
    expect(said?.name).toBe('patchbay-notes_app: upkeep');
    expect(() => readAcrossOrganizations(service, "'; --", (manager) => manager.query('SELECT 1'))).toThrow(
      'A reason is a few words',
    );
  });
});
