import { describeWithGuidance } from '../describe/guidance.js';
import type { ToolDefinition } from '../tool-definition.js';
import { parseUrlTemplate, type UrlTemplate } from '../url-template.js';
import { openApiBody, withProperty, type OpenApiBody } from './openapi-body.js';
import { openApiPath, openApiQueryAndHeaders } from './openapi-parameters.js';
import { SecuritySchemes, type CredentialSlot } from './openapi-security.js';
import { compileValueSchemas } from './value-schema.js';

type Json = Record<string, unknown>;

/**
 * The requests that tools make, as an OpenAPI 3.1 document: the customer's API as far as it is used. Each tool is an
 * operation on the server it calls. Holds no secret: a credential is a security scheme of its name.
 *
 * @param slots the credentials that the tools name, by id
 */
export function openApiDocument(
  tools: readonly ToolDefinition[],
  slots: ReadonlyMap<string, CredentialSlot> = new Map(),
): Json {
  const security = new SecuritySchemes(slots);
  const paths: Record<string, Json> = {};
  const taken = new Set<string>();
  for (const tool of tools) {
    const { path, operation } = describeOperation(tool, security);
    const method = tool.request.method.toLowerCase();
    const place = `${method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`;
    // A document has one operation for a path and method. A fragment, which is never sent, tells the others apart.
    const own = taken.has(place) ? `${path}#${tool.key}` : path;
    taken.add(place);
    (paths[own] ??= {})[method] = operation;
  }
  const securitySchemes = security.all;
  return {
    openapi: '3.1.0',
    info: {
      title: 'What the tools call',
      version: '1',
      description:
        'The requests that tools make, exported from Patchbay. Where two tools call one path, the key of the second follows it after `#`.',
    },
    paths,
    ...(Object.keys(securitySchemes).length > 0 && { components: { securitySchemes } }),
  };
}

function describeOperation(
  tool: ToolDefinition,
  security: SecuritySchemes,
): { path: string; operation: Json } {
  const { credentialId, method } = tool.request;
  const url = urlOf(tool);
  const describe = compileValueSchemas(tool);
  const { path, parameters: inPath } = openApiPath(tool, url, describe);
  const parameters = [...inPath, ...openApiQueryAndHeaders(tool, url, describe)];
  const requirement = credentialId === undefined ? {} : security.requirementOf(credentialId);
  const inBody = credentialId === undefined ? undefined : security.bodyParameterOf(credentialId);
  const own = openApiBody(tool, url, describe);
  const body = inBody && (own ?? method !== 'GET') ? withSecret(own, inBody) : own;
  const operation = {
    operationId: tool.key,
    summary: tool.name,
    description: describeWithGuidance(tool),
    servers: [{ url: url.origin }],
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: requestBody(body) }),
    responses: responsesOf(tool),
    security: Object.keys(requirement).length > 0 ? [requirement] : [],
  };
  return { path, operation };
}

function urlOf({ request: { url, angleBrackets } }: ToolDefinition): UrlTemplate {
  const parsed = parseUrlTemplate(url, { angleBrackets });
  if (!parsed.ok) throw new Error(`The URL ${parsed.message}`);
  return parsed.url;
}

function withSecret(body: OpenApiBody | undefined, { slot, parameter }: { slot: string; parameter: string }) {
  return withProperty(body, parameter, { type: 'string', description: `The credential “${slot}”` });
}

function requestBody({ contentType, schema, encoding, isRequired }: OpenApiBody): Json {
  return {
    required: isRequired,
    content: { [contentType]: { schema, ...(encoding && { encoding }) } },
  };
}

/** What the tool makes of statuses; whatever else may be answered, too. */
function responsesOf({ response }: ToolDefinition): Json {
  const named = (response?.outcomes ?? []).flatMap(({ when, outcome }) =>
    /^[1-5](\d\d|xx)$/.test(when) ? [[when.replace('xx', 'XX'), { description: outcome }] as const] : [],
  );
  return { ...Object.fromEntries(named.toReversed()), default: { description: 'What the API answers' } };
}
