import { importTools, type SavedTools } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import { createCredential, deleteCredential, type CredentialInput } from '#contracts/vault.contract';
import type { CredentialSlot, ImportedTool, ImportResult } from '#toolcall/import/imported';
import { pointerToken, type Problem } from '#toolcall/problem';
import { Injectable } from '@nestjs/common';
import { actorOf } from '../auth/actor-of.js';
import type { Caller } from '../auth/caller.js';
import { GatewayConfig } from '../config.js';
import { problemsOf, relativeTo } from '../relative-problems.js';
import { sealCredential } from '../seal-credential.js';
import { ServicesClient } from '../services.client.js';
import type { ImportReply, ImportRequest } from './import.documents.js';
import { ImportReader } from './import.reader.js';
import { SourceFetcher } from './source.fetcher.js';

type Imported = Extract<ImportResult, { ok: true }>;
type Judged = ImportReply['tools'];

/** Two hundred tools take the catalog longer than one. */
const CATALOG_WAIT_MS = 20_000;

/**
 * Imports tools. Sources are read here and nowhere else, because they may hold secrets: what goes on over the bus are
 * definitions without any, and credentials sealed to the vault.
 */
@Injectable()
export class ImportService {
  constructor(
    private readonly reader: ImportReader,
    private readonly sources: SourceFetcher,
    private readonly services: ServicesClient,
    private readonly config: GatewayConfig,
  ) {}

  /** What would be made of a source. Nothing is kept of it. */
  async preview({ orgId }: Caller, request: ImportRequest): Promise<ImportReply> {
    const imported = await this.read(orgId, request);
    const ids = storedIds(imported, request);
    return reply(imported, await this.judge(orgId, imported, request, ids), ids, false);
  }

  /**
   * Stores the credentials that were found and saves the tools as drafts: all of them, or nothing.
   * @throws ServiceError `invalid_request` with the problems of every tool
   */
  async apply(caller: Caller, request: ImportRequest): Promise<ImportReply> {
    const { orgId } = caller;
    const imported = await this.read(orgId, request);
    const stored = storedIds(imported, request);
    refuseProblems(await this.judge(orgId, imported, request, stored));
    const created = await this.storeCredentials(caller, imported, stored);
    const ids = new Map([...stored, ...created]);
    const definitions = imported.tools.map((tool) => withCredential(tool, imported.credentials, ids));
    try {
      const asked = { orgId, definitions, save: true, replace: request.replace ?? false };
      const saved = await this.services.ask(importTools, asked, { waitMs: CATALOG_WAIT_MS });
      const tools = definitions.map((definition, index) =>
        judgedTool(imported.tools[index], definition, saved, index),
      );
      if (!saved.saved) refuseProblems(tools);
      return reply(imported, tools, ids, true);
    } catch (error) {
      // Where it is not certain that nothing was saved, the tools may need them.
      if (isRefusal(error)) await this.removeCredentials(caller, created.values());
      throw error;
    }
  }

  private async read(orgId: string, request: ImportRequest): Promise<Imported> {
    const { format = 'auto', source, url, operations, baseUrl, variables } = request;
    if ((source === undefined) === (url === undefined)) {
      throw invalidRequest([
        { pointer: '/source', code: 'required', message: 'give `source`, or `url`, and not both' },
      ]);
    }
    const text = url === undefined ? source : await this.sources.fetch(orgId, url);
    const result = await this.reader.read({
      ...{ format, source: text, operations, baseUrl, variables },
      ...(url !== undefined && { sourceUrl: url }),
    });
    if (result.ok) return result;
    throw invalidRequest(
      result.problems.map((one) => ({
        ...one,
        pointer: url ? one.pointer.replace(/^\/source.*/s, '/url') : one.pointer,
      })),
    );
  }

  /** What the catalog has against tools that have nothing wrong with them otherwise; what is there already. */
  private async judge(
    orgId: string,
    imported: Imported,
    request: ImportRequest,
    ids: ReadonlyMap<string, string>,
  ): Promise<Judged> {
    const sound = imported.tools.filter(({ problems }) => problems.length === 0);
    const definitions = sound.map((tool) => withCredential(tool, imported.credentials, ids));
    const asked = { orgId, definitions, save: false, replace: request.replace ?? false };
    const judged =
      definitions.length === 0
        ? undefined
        : await this.services.ask(importTools, asked, { waitMs: CATALOG_WAIT_MS }).catch(explainSize);
    return imported.tools.map((tool) => {
      const index = sound.indexOf(tool);
      if (index !== -1 && judged)
        return judgedTool(tool, definitions[index] ?? tool.definition, judged, index);
      const { where, definition, problems } = tool;
      return { where, definition, problems: [...problems], replaces: false };
    });
  }

  /** Answers with their ids by name. */
  private async storeCredentials(
    caller: Caller,
    imported: Imported,
    stored: ReadonlyMap<string, string>,
  ): Promise<Map<string, string>> {
    const created = new Map<string, string>();
    for (const [index, slot] of imported.credentials.entries()) {
      const material = imported.secrets.get(slot.name);
      if (!material || stored.has(slot.name)) continue;
      const credential = { name: slot.name, origins: [...slot.origins], ...material } as CredentialInput;
      try {
        created.set(slot.name, await this.storeOne(caller, credential));
      } catch (error) {
        await this.removeCredentials(caller, created.values());
        throw below(`/credentials/${index}`, error);
      }
    }
    return created;
  }

  private async storeOne(caller: Caller, credential: CredentialInput): Promise<string> {
    const { orgId } = caller;
    const sealed = sealCredential(this.config.VAULT_PUBLIC_KEY, orgId, credential);
    const { id } = await this.services.ask(createCredential, { orgId, sealed, actor: actorOf(caller) });
    return id;
  }

  private async removeCredentials(caller: Caller, ids: Iterable<string>): Promise<void> {
    for (const credentialId of ids) {
      const request = { orgId: caller.orgId, credentialId, actor: actorOf(caller) };
      await this.services.ask(deleteCredential, request).catch(() => undefined); // what is left over can be deleted by hand
    }
  }
}

/** The credentials that are there already, by the name the preview has for them. */
function storedIds({ credentials }: Imported, request: ImportRequest): Map<string, string> {
  const given = Object.entries(request.credentials ?? {});
  const names = credentials.filter(isCredential).map(({ name }) => name);
  const unknown = given.filter(([name]) => !names.includes(name));
  if (unknown.length > 0) {
    const known = names.length > 0 ? `needed are: ${names.join(', ')}` : 'none is needed';
    throw invalidRequest(
      unknown.map(([name]) => ({
        pointer: `/credentials/${pointerToken(name)}`,
        code: 'not_found',
        message: `must be a credential that the source needs; ${known}`,
      })),
    );
  }
  return new Map(given);
}

/** As opposed to a secret, which a tool names in its templates. */
function isCredential({ type }: CredentialSlot): boolean {
  return type !== 'secret';
}

function withCredential(
  { definition }: ImportedTool,
  slots: readonly CredentialSlot[],
  ids: ReadonlyMap<string, string>,
): ImportedTool['definition'] {
  const slot = slots.find((one) => isCredential(one) && one.usedBy.includes(definition.key));
  const credentialId = slot && ids.get(slot.name);
  if (credentialId === undefined) return definition;
  return { ...definition, request: { ...definition.request, credentialId } };
}

function judgedTool(
  tool: ImportedTool | undefined,
  definition: ImportedTool['definition'],
  saved: SavedTools,
  index: number,
): Judged[number] {
  const { problems = [], replaces = false } = saved.tools[index] ?? {};
  return { where: tool?.where ?? '', definition, problems, replaces };
}

function reply(
  { format, credentials, dropped }: Imported,
  tools: Judged,
  ids: ReadonlyMap<string, string>,
  applied: boolean,
): ImportReply {
  const slots = credentials.map((slot) => {
    const credentialId = ids.get(slot.name);
    const { origins, usedBy, headers, ...rest } = slot;
    return {
      ...rest,
      ...(headers && { headers: [...headers] }),
      origins: [...origins],
      usedBy: [...usedBy],
      ...(credentialId !== undefined && { credentialId }),
    };
  });
  return { applied, format, tools, credentials: slots, dropped: [...dropped] };
}

/** Pointers go into the preview: `/tools/0/request/url`. */
function refuseProblems(tools: Judged): void {
  const problems = tools.flatMap(({ problems: own }, index) =>
    own.map((one): Problem => ({ ...one, pointer: `/tools/${index}${one.pointer}` })),
  );
  if (problems.length === 0) return;
  const { message } = invalidRequest(problems);
  throw new ServiceError('invalid_request', `Nothing was imported: ${message}`, { problems });
}

function below(place: string, error: unknown): unknown {
  const problems = error instanceof ServiceError ? problemsOf(relativeTo('credential', error)) : undefined;
  return problems
    ? invalidRequest(problems.map((one) => ({ ...one, pointer: `${place}${one.pointer}` })))
    : error;
}

/** Whether it is certain that nothing was saved. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return !['deadline_exceeded', 'service_unavailable', 'internal'].includes(error.code);
}

function explainSize(error: unknown): never {
  if (!(error instanceof ServiceError) || error.code !== 'payload_too_large') throw error;
  const message = 'must choose fewer operations: all of them together are too large to be saved at once';
  throw invalidRequest([{ pointer: '/operations', code: 'too_large', message }]);
}
