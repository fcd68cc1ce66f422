import type { ImportFormat } from './imported.js';

const CURL = /(?:^|[\n;&|])[ \t]*(?:[$%❯][ \t]+)?(?:sudo[ \t]+)?curl(?:\.exe)?[ \t\\^]/;

/** Whether text is a command line with `curl` in it, rather than a document. */
export function looksLikeCurl(source: unknown): boolean {
  if (typeof source !== 'string' || /^\s*[[{]/.test(source)) return false;
  return (
    CURL.test(source.slice(0, 20_000)) && !/^\s*(?:openapi|swagger|info)\s*:/m.test(source.slice(0, 20_000))
  );
}

/** The format of a document, by the fields only it has. Undefined when it has none of them. */
export function detectFormat(document: unknown): ImportFormat | undefined {
  if (typeof document === 'string') return undefined;
  const [root] = Array.isArray(document) ? (document as unknown[]) : [document];
  if (!isRecord(root)) return undefined;
  if ('openapi' in root || 'swagger' in root) return 'openapi';
  if (isRecord(root.info) && Array.isArray(root.item)) return 'postman';
  if (isRecord(root.collection) && Array.isArray(root.collection.item)) return 'postman';
  const tool = (['tools', 'actions', 'integrations', 'items'] as const)
    .map((name) => root[name])
    .find((list): list is unknown[] => Array.isArray(list))?.[0];
  return formatOfTool(isRecord(tool) ? tool : root);
}

/** Fields of the products' forms, in the order in which they tell them apart. */
const marks: readonly (readonly [ImportFormat, readonly string[]])[] = [
  ['patchbay', ['request', 'definition']],
  ['http_tool', ['methodType', 'authType', 'authToken', 'timeoutSeconds']],
  ['custom_integration', ['urlTemplate', 'contextBurden', 'contextBurdenLevel', 'burden', 'responseMapping']],
  [
    'http_action',
    [
      'endpointMethod',
      'authorizationNeeded',
      'authorization',
      'startMessage',
      'delayMessage',
      'actionResults',
    ],
  ],
  ['api_action', ['variables', 'endpointUrl', 'auth', 'authentication', 'httpMethod', 'requestBody', 'body']],
];

function formatOfTool(tool: Record<string, unknown>): ImportFormat | undefined {
  return marks.find(([, fields]) => fields.some((field) => field in tool))?.[0];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
