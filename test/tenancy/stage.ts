import { busServices, orchestratorAccess, serviceAccess } from '#contracts/bus-access';
import { natsOptions } from '#devstack/nats-access';
import { GrantKey } from '#sealing/credential-grant';
import { SessionKeyPair } from '#sealing/session-key';
import { OAuthServer } from '#testing/oauth-server';
import { TestPlatform } from '#testing/test-platform';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { busProbes, type BusUser } from './bus-probes.js';
import { ask, inquire, type Findings, type Lane } from './inquiry.js';
import { newNames, type Names } from './names.js';
import { Organization } from './organization.js';
import { turns, type Probe } from './probe.js';
import { pagedPaths, restProbes, type OpenApi } from './rest-probes.js';
import type { Means } from './values.js';

interface World {
  readonly mark: string;
  readonly api: UpstreamServer;
  readonly server: OAuthServer;
}

const states = ['published', 'draft', 'archived'] as const;

/** Two organizations on one platform: ours, with every identity it has, and theirs, which has much to hide. */
export class TwoOrganizations {
  test!: TestPlatform;
  ours!: Organization;
  theirs!: Organization;
  document!: OpenApi;
  means!: Means;
  /** By the name of the user of the bus. */
  readonly users = new Map<string, BusUser>();
  readonly theirNames: Names[] = [];
  readonly lanes: Lane[] = [];
  readonly theirCursors: string[] = [];
  operator!: NatsConnection;
  theirApi!: UpstreamServer;
  database!: pg.Client;
  /** What only the others know. */
  readonly secrets: string[] = [];
  private readonly ends: (() => Promise<unknown>)[] = [];

  /** @param lanes how many sets of things each organization gets, and how many ask at a time */
  static async set(
    lanes: number,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<TwoOrganizations> {
    const stage = new TwoOrganizations();
    try {
      await stage.start(environment);
      await Promise.all(Array.from({ length: lanes }, (_, nth) => stage.furnish(nth)));
      await stage.settle();
      return stage;
    } catch (error) {
      await stage.strike();
      throw error;
    }
  }

  probes(): Probe[] {
    const keys = { admin: this.ours.adminKey, executor: this.ours.executorKey };
    const overRest = restProbes(this.document, this.means, this.test.platform.restUrl, keys);
    return [...overRest, ...busProbes(this.users, this.means)];
  }

  async inquireAll(asked: readonly Probe['turn'][] = turns): Promise<Findings> {
    const findings: Findings = { count: 0, leaks: new Set(), differences: new Set() };
    const probes = this.probes();
    const hidden = {
      secrets: this.secrets,
      names: new Set(this.theirNames.flatMap((names) => Object.values(names))),
    };
    for (const turn of asked) {
      const now = probes.filter((probe) => probe.turn === turn);
      const cheap = now.filter(({ isCostly }) => !isCostly);
      const ask = (lane: Lane, nth: number) => inquire(nth === 0 ? now : cheap, lane, hidden, findings);
      await Promise.all(this.lanes.map(ask));
    }
    return findings;
  }

  /** How we are answered about things of our own: the statuses, by what was asked, whoever asked and however. */
  async askForOurOwn(): Promise<Map<string, Set<string>>> {
    const ways = { rest: await this.ours.own('published'), bus: await this.ours.own('published') };
    const statuses = new Map<string, Set<string>>();
    const probes = this.probes();
    for (const probe of turns.flatMap((turn) => probes.filter((one) => one.turn === turn))) {
      const what = probe.what.replace(/ \(\w+\)$/, '');
      const known = statuses.get(what) ?? new Set();
      const { status } = await ask(probe, what.startsWith('patchbay.') ? ways.bus : ways.rest);
      statuses.set(what, known.add(status));
    }
    return statuses;
  }

  /** Every row of theirs, in every table, and all that they see of it themselves. */
  async snapshot(): Promise<Record<string, unknown>> {
    const { rows: tables } = await this.database.query<{ name: string; column: string }>(`
      SELECT format('%I.%I', table_schema, table_name) AS name, column_name AS column FROM information_schema.columns
      WHERE column_name = 'org_id' OR (table_schema, table_name, column_name) = ('gateway', 'organizations', 'id')`);
    const snapshot: Record<string, unknown> = {};
    for (const { name, column } of tables) {
      const { rows } = await this.database.query<{ row: Record<string, unknown> }>(
        `SELECT to_jsonb(t) - 'last_used_at' AS row FROM ${name} t WHERE ${column} = $1 ORDER BY t::text`,
        [this.theirs.orgId],
      );
      snapshot[name] = rows.map(({ row }) => row);
    }
    for (const path of ['tools', 'credentials', 'executions']) {
      snapshot[path] = (await this.theirs.rest('GET', `/v1/${path}?limit=200`)).body;
    }
    for (const { callId, agentId, toolKey } of this.theirNames) {
      snapshot[callId] = await this.theirs.ask('calls.get', { callId });
      snapshot[agentId] = (
        await this.theirs.rest('GET', `/v1/agents/${encodeURIComponent(agentId)}/tools`)
      ).body;
      snapshot[toolKey] = (await this.theirs.rest('GET', `/v1/tools/${toolKey}/environments`)).body;
    }
    return snapshot;
  }

  /** An execution of theirs that goes on until it is let end. */
  async beginTheirExecution(): Promise<{ executionId: string; end: () => Promise<unknown> }> {
    const waiting = new Promise<() => void>((resolve) => {
      this.theirApi.answer((_, response) => resolve(() => response.end('{}')));
    });
    const result = this.theirs.ask('tools.execute', { toolKey: 'look_up', deadlineMs: 30_000 });
    const answer = await waiting;
    const { rows } = await this.database.query<{ id: string }>(
      `SELECT execution_id AS id FROM executor.executions WHERE org_id = $1 ORDER BY execution_id DESC LIMIT 1`,
      [this.theirs.orgId],
    );
    const end = () => {
      answer();
      return result;
    };
    return { executionId: rows[0]?.id ?? '', end };
  }

  /** Takes away what keeps rows of organizations apart, but for the services' own conditions. */
  async disableRowLevelSecurity(): Promise<void> {
    const { rows } = await this.database.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class WHERE relrowsecurity`,
    );
    for (const { name } of rows) await this.database.query(`ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`);
  }

  /** Ends and removes what was begun, the last first. */
  async strike(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
  }

  private async start(environment: Readonly<Record<string, string>>): Promise<void> {
    const us = await this.world('ours');
    const them = await this.world('theirs');
    this.theirApi = them.api;
    const origins = [us, them].flatMap(({ api, server }) => [api.origin, server.origin]);
    const allowed = { EGRESS_ALLOW: origins.join(',') };
    this.test = await TestPlatform.start({ operator: true, environment: { ...allowed, ...environment } });
    this.ends.push(() => this.test.stop());
    this.operator = await this.test.connectOperator();
    this.ends.push(() => this.operator.close());
    this.database = new pg.Client({ connectionString: this.test.platform.databaseUrl });
    await this.database.connect();
    this.ends.push(() => this.database.end());

    const keys = await this.read('keys.json');
    const vaultPublicKey = keys.vaultPublicKey ?? '';
    const found = ({ orgId, adminKey }: { orgId: string; adminKey: string }, { api, server, mark }: World) =>
      new Organization(orgId, adminKey, api.origin, mark, server, vaultPublicKey, this.test, this.operator);
    this.ours = found(this.test, us);
    this.theirs = found(await Organization.insert(this.database, `Organization ${them.mark}`), them);
    for (const one of [this.ours, this.theirs]) await one.settle();
    const { orgId, adminKey, executorKey, origin } = this.theirs;
    this.secrets.push(them.mark, them.server.origin, orgId, adminKey, executorKey, origin);

    const bytes = (name: string) => Buffer.from(keys[name] ?? '', 'base64');
    this.document = (await this.test.rest('GET', '/docs-json')).body as OpenApi;
    this.means = {
      us: this.ours,
      vaultPublicKey,
      session: SessionKeyPair.create(bytes('executorKey')).session,
      grantKey: new GrantKey(bytes('grantKey')),
      theirCursors: this.theirCursors,
    };
    await this.connectUsers();
  }

  /** As each of those who may be on the bus in our name. */
  private async connectUsers(): Promise<void> {
    const seeds = await this.read('bus', 'nkeys.json');
    const accesses = { ...serviceAccess, orchestrator: orchestratorAccess('demo', this.ours.orgId) };
    for (const name of [...busServices, 'orchestrator'] as const) {
      const { inboxPrefix } = accesses[name];
      const access = {
        natsUrl: this.test.platform.natsUrl,
        natsSeed: seeds[name] ?? '',
        natsInboxPrefix: inboxPrefix,
      };
      const connection = await connect(natsOptions(access));
      this.users.set(name, { connection, inboxPrefix });
      this.ends.push(() => connection.close());
    }
  }

  private async read(...path: string[]): Promise<Record<string, string>> {
    const text = await readFile(join(this.test.platform.home, ...path), 'utf8');
    return JSON.parse(text) as Record<string, string>;
  }

  private async furnish(nth: number): Promise<void> {
    const theirs = await this.theirs.own(states[nth % states.length] ?? 'published');
    const ours = await this.ours.own('published');
    const alsoOurs = await this.ours.own('published');
    this.theirNames.push(theirs);
    this.lanes.push({ theirs, nobodys: newNames(), ours, alsoOurs });
  }

  /** Until the records of what was done so far are written. */
  private async settle(): Promise<void> {
    for (const organization of [this.ours, this.theirs]) {
      const expected = this.lanes.length * (organization === this.ours ? 2 : 1);
      await this.test.eventually(
        () => organization.rest('GET', '/v1/executions?limit=200'),
        ({ body }) => body.items.length >= expected,
      );
    }
    const [names = newNames()] = this.theirNames;
    for (const path of pagedPaths(this.document, names)) {
      const { nextCursor } = (await this.theirs.rest('GET', `${path}?limit=1`)).body as {
        nextCursor?: string;
      };
      if (nextCursor !== undefined) this.theirCursors.push(nextCursor);
    }
    this.theirApi.requests.length = 0;
  }

  private async world(whose: string): Promise<World> {
    const mark = `${whose}-${randomBytes(8).toString('hex')}`;
    const api = await startUpstream();
    this.ends.push(() => api.stop());
    api.answerJson(200, { note: mark });
    const server = await OAuthServer.start();
    this.ends.push(() => server.stop());
    server.account = mark;
    return { mark, api, server };
  }
}
