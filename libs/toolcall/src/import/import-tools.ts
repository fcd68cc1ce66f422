import { RESERVED_KEYS } from '../check-definition.js';
import { SECRET_NAME } from '../known-names.js';
import type { Problem } from '../problem.js';
import { contextNames } from '../scope.js';
import type { ToolDefinitionInput } from '../tool-definition.js';
import { parseUrlTemplate, withScheme } from '../url-template.js';
import { readApiActions } from './api-action.js';
import { checkTool } from './check-tool.js';
import { gatherCredentials } from './credential-slots.js';
import { readCurl } from './curl.js';
import { readCustomIntegrations } from './custom-integration.js';
import { detectFormat, looksLikeCurl } from './detect-format.js';
import { dropUnfitValues } from './drop-unfit-values.js';
import { readHttpActions } from './http-action.js';
import { readHttpTools } from './http-tool.js';
import {
  IMPORT_LIMITS,
  type Draft,
  type Dropped,
  type FoundSecret,
  type ImportFormat,
  type ImportRequest,
  type ImportResult,
  type ImportedTool,
  type Reading,
} from './imported.js';
import { liftSecrets } from './lift-secrets.js';
import { readPatchbay } from './patchbay.js';
import { readOpenApi } from './openapi.js';
import { readPostman } from './postman.js';
import { readDocument } from './read-document.js';
import { keepsSecretNames, secretSlots } from './secret-slots.js';
import { Selection } from './selection.js';
import { secretValues, sweepSecrets } from './sweep-secrets.js';

type Reader = (request: ImportRequest, selection: Selection) => Reading;

const readers: Readonly<Record<ImportFormat, Reader>> = {
  patchbay: readPatchbay,
  curl: readCurl,
  openapi: readOpenApi,
  postman: readPostman,
  custom_integration: readCustomIntegrations,
  http_action: readHttpActions,
  api_action: readApiActions,
  http_tool: readHttpTools,
};

/**
 * Reads tools from what another product, a specification or a command line says of them. Never throws and fetches
 * nothing. A secret it finds is in `secrets` and nowhere else: in no definition, problem or remark.
 */
export function importTools(request: ImportRequest): ImportResult {
  const size = Buffer.byteLength(
    typeof request.source === 'string' ? request.source : JSON.stringify(request.source),
  );
  if (size > IMPORT_LIMITS.bytes) {
    return refuseSource([
      { pointer: '', code: 'too_large', message: `may have ${IMPORT_LIMITS.bytes} bytes` },
    ]);
  }
  try {
    return readTools(request);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the stack's end: nested deeper than the limits foresee
    return refuseSource([{ pointer: '', code: 'too_deep', message: 'is nested too deep to be read' }]);
  }
}

function readTools(request: ImportRequest): ImportResult {
  const isCurl = request.format === 'curl' || (request.format === 'auto' && looksLikeCurl(request.source));
  const document = isCurl ? { ok: true as const, value: request.source } : readDocument(request.source);
  if (!document.ok) return refuseSource(document.problems);
  const format = isCurl ? 'curl' : request.format === 'auto' ? detectFormat(document.value) : request.format;
  const reader = format && readers[format];
  if (!format || !reader) {
    const message = 'is in no format that is known; say which it is in `format`';
    return refuseSource([{ pointer: '', code: 'not_allowed', message }]);
  }
  const misplaced = baseUrlProblems(request.baseUrl);
  if (misplaced.length > 0) return { ok: false, problems: misplaced };
  const selection = new Selection(request.operations);
  const reading = reader({ ...request, source: document.value }, selection);
  if (!reading.ok) return refuseSource(reading.problems);
  const unchosen = selection.problems();
  if (unchosen.length > 0) return { ok: false, problems: unchosen };
  if (reading.drafts.length === 0) {
    return refuseSource([
      { pointer: '', code: 'required', message: 'has nothing in it that becomes a tool' },
    ]);
  }
  return assemble(format, reading.drafts, reading);
}

function baseUrlProblems(baseUrl: string | undefined): Problem[] {
  if (baseUrl === undefined) return [];
  const parsed = parseUrlTemplate(baseUrl);
  if (!parsed.ok) return [{ pointer: '/baseUrl', code: 'wrong_format', message: parsed.message }];
  const isLiteral = parsed.url.segments.flat().every((part) => typeof part === 'string');
  if (isLiteral && parsed.url.query.length === 0) return [];
  const message = 'must be an address without placeholders and without a query';
  return [{ pointer: '/baseUrl', code: 'not_allowed', message }];
}

function refuseSource(problems: readonly Problem[]): ImportResult {
  return { ok: false, problems: problems.map((one) => ({ ...one, pointer: `/source${one.pointer}` })) };
}

/** Formats in which a key is what somebody chose, not what was made of a name. */
const hasKeysOfItsOwn: ReadonlySet<ImportFormat> = new Set(['patchbay', 'custom_integration']);

/** Gives every draft a key of its own, its secrets to the credentials, and checks what is left. */
function assemble(
  format: ImportFormat,
  drafts: readonly Draft[],
  { dropped }: Extract<Reading, { ok: true }>,
): ImportResult {
  const remarks: Dropped[] = [];
  const keys = new Set<string>(RESERVED_KEYS);
  const lifted = drafts.map((draft) => {
    const wanted = draft.definition.key;
    const key = unusedKey(wanted, keys);
    if (key !== wanted && hasKeysOfItsOwn.has(format)) {
      remarks.push({
        where: draft.where,
        what: `the key \`${wanted}\``,
        why: `it is taken: \`${key}\` is used`,
      });
    }
    return liftFrom(draft, key, keepsSecretNames(format));
  });
  const credentials = gatherCredentials(
    lifted.map(({ draft, secrets }) => ({
      toolKey: draft.definition.key,
      origin: originOf(draft.definition),
      where: draft.where,
      secrets,
      hasCredential: draft.definition.request.credentialId !== undefined,
    })),
  );
  const tools = lifted.map(({ draft }) => checked(draft, format, (one) => remarks.push(one)));
  const imported = {
    ok: true as const,
    format,
    tools,
    credentials: [...credentials.slots, ...secretSlots(tools)],
    dropped: [...dropped, ...remarks, ...credentials.dropped],
    secrets: credentials.secrets,
  };
  return sweepSecrets(
    imported,
    lifted.flatMap(({ draft, secrets }) => [...secretValues(secrets), ...(draft.removed ?? [])]),
  );
}

function unusedKey(wanted: string, keys: Set<string>): string {
  let key = wanted;
  if (RESERVED_KEYS.includes(wanted)) key = `${wanted}_tool`;
  for (let count = 2; keys.has(key); count += 1) key = `${wanted.slice(0, 58)}_${count}`;
  keys.add(key);
  return key;
}

function liftFrom(
  draft: Draft,
  key: string,
  keepsNames: boolean,
): { draft: Draft; secrets: readonly FoundSecret[] } {
  const { definition } = draft;
  const request = { ...definition.request, url: withScheme(definition.request.url) };
  const isDeclared = declaredNames(definition);
  const isKnown = (name: string) => isDeclared(name) || (keepsNames && SECRET_NAME.test(name));
  const lifted = liftSecrets(request, isKnown);
  return {
    draft: {
      ...draft,
      definition: { ...definition, key, request: lifted.request },
      problems: [...draft.problems, ...lifted.problems],
      removed: [...(draft.removed ?? []), ...lifted.removed],
    },
    secrets: [...draft.secrets, ...lifted.secrets],
  };
}

/** Whether a caller, the call's context or an earlier tool says what a name stands for. */
function declaredNames({
  parameters,
  variables = [],
  bind = {},
}: ToolDefinitionInput): (name: string) => boolean {
  const { properties = {} } = (parameters ?? {}) as { properties?: object };
  const names = [...Object.keys(properties), ...Object.keys(bind), ...variables.map(({ name }) => name)];
  const declared = new Set([...names, ...contextNames]);
  return (name) => declared.has(/^[A-Za-z_][A-Za-z0-9_]*/.exec(name)?.[0] ?? '');
}

function originOf({ request }: ToolDefinitionInput): string {
  const parsed = parseUrlTemplate(request.url);
  return parsed.ok ? parsed.url.origin : '';
}

/** What reading has found stands for what checking would find at the same place. */
function checked(draft: Draft, format: ImportFormat, drop: (dropped: Dropped) => void): ImportedTool {
  const { where, problems } = draft;
  let { definition } = draft;
  let found = checkTool(definition);
  if (format !== 'patchbay') {
    const fit = dropUnfitValues(definition, found, where, drop);
    if (fit !== definition) found = checkTool(fit);
    definition = fit;
  }
  const places = new Set(problems.map(({ pointer }) => pointer));
  return {
    where,
    definition,
    problems: [...problems, ...found.filter(({ pointer }) => !places.has(pointer))],
  };
}
