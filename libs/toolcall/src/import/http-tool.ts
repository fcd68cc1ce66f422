import { SECRET_NAME } from '../known-names.js';
import type { ToolDefinitionInput } from '../tool-definition.js';
import type { Draft, Dropped, FoundSecret, ImportRequest, Reading } from './imported.js';
import { isObject, listOf, objectOf, scalarText, type JsonObject } from './json-nodes.js';
import { bearerSecret, Fields, messagesFrom, tidyPlaceholders, toolNodes } from './product-fields.js';
import {
  draftProductTool,
  isMapping,
  parametersFrom,
  undeclaredNames,
  withParameters,
} from './product-tool.js';
import type { Selection } from './selection.js';

/**
 * Reads tools of the form `{name, description, methodType, url, authType, authToken, headers, pathParameters,
 * parameters, timeoutSeconds, async}`, whose parameters are a JSON Schema and whose path has `:names`.
 */
export function readHttpTools(request: ImportRequest, selection: Selection): Reading {
  const dropped: Dropped[] = [];
  const drafts = toolNodes(request.source, ['tools']).flatMap(({ node, at }) => {
    const { name, methodType, url } = node;
    const names = [scalarText(name), `${scalarText(methodType) ?? 'GET'} ${pathOf(scalarText(url) ?? '')}`];
    if (!selection.takes(names)) return [];
    return [readOne(new Fields(node, at), request, (one) => void dropped.push(one))];
  });
  return { ok: true, drafts, dropped };
}

function pathOf(url: string): string {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/)?[^/?#]*([^?#]*)/i.exec(url)?.[1] || '/';
}

function readOne(fields: Fields, request: ImportRequest, drop: (dropped: Dropped) => void): Draft {
  const url = fields.text('url') ?? '';
  const parameters = fields.any('parameters');
  const schema =
    isObject(parameters) && !isMapping(parameters)
      ? parametersFrom(parameters, `${fields.at}/parameters`, drop)
      : undefined;
  const bind = isMapping(parameters) ? mapped(parameters) : undefined;
  const path = pathParameters(fields, url, drop);
  const messages = fields.inside('messages');
  const timeoutSeconds = fields.number('timeoutSeconds', 'timeout');
  const auth = authOf(fields, drop);
  const draft = draftProductTool(
    {
      where: fields.at,
      name: fields.text('name'),
      description: fields.text('description'),
      method: fields.text('methodType', 'method'),
      url,
      headers: [...fields.pairs('headers'), ...auth.headers],
      query: fields.pairs('queryParameters', 'query'),
      body: fields.any('body'),
      request: {
        ...(path.length > 0 && { pathParameters: path }),
        ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      },
      more: {
        ...(schema && { parameters: schema }),
        ...(bind && { bind }),
        ...asMessages(messages, fields),
        ...(fields.flag('async') && { execution: { mode: 'async' as const } }),
      },
      secrets: auth.secrets,
    },
    request.baseUrl,
  );
  for (const one of [...fields.rest(), ...messages.rest()]) drop(one);
  return declareRest(draft, listOf(fields.any('pathParameters')).filter(isObject), drop);
}

function mapped(parameters: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, tidyPlaceholders(value)]),
  );
}

function asMessages(messages: Fields, fields: Fields): Pick<ToolDefinitionInput, 'messages'> {
  const read = messagesFrom({
    start: messages.text('requestStart', 'start') ?? fields.text('requestStart', 'requestStartMessage'),
    delay: messages.text('requestDelayed', 'delay'),
    complete:
      messages.text('requestComplete', 'complete') ??
      fields.text('requestComplete', 'requestCompleteMessage'),
    failure:
      messages.text('requestFailed', 'failure') ?? fields.text('requestFailed', 'requestFailedMessage'),
  });
  return read ? { messages: read } : {};
}

/** A default stays, unused: a tool has to opt in, since a default id in a path means the wrong customer. */
function pathParameters(
  fields: Fields,
  url: string,
  drop: (dropped: Dropped) => void,
): { name: string; value?: string; default?: string; useDefault?: boolean }[] {
  return fields.list('pathParameters').flatMap((entry, index) => {
    const one = new Fields(objectOf(entry), `${fields.at}/pathParameters/${index}`);
    const name = one.text('name') ?? '';
    const value = one.text('value');
    const fallback = one.text('defaultValue', 'default');
    if (!new RegExp(`(?::${escape(name)}|\\{\\s?${escape(name)}\\s?\\})(?![A-Za-z0-9_])`).test(url)) {
      drop({
        where: one.at,
        what: `the path parameter \`${name.slice(0, 60)}\``,
        why: 'the URL does not name it',
      });
      return [];
    }
    if (fallback === undefined && value === undefined) return [];
    if (fallback !== undefined) {
      const why =
        'it is kept, and not used: it would be sent for any caller whose value is unknown; set `useDefault` to opt in';
      drop({ where: `${one.at}/defaultValue`, what: `the default of \`${name}\``, why });
    }
    const isKept = fallback !== undefined && fallback.length <= 256;
    return [
      {
        name,
        ...(value !== undefined && { value }),
        ...(isKept && { default: fallback, useDefault: false }),
      },
    ];
  });
}

function escape(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, '\\$&');
}

interface Auth {
  readonly secrets: readonly FoundSecret[];
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** The product keeps secrets by name: `Bearer {{CRM_API_KEY}}` stays what it is. */
function authOf(fields: Fields, drop: (dropped: Dropped) => void): Auth {
  const type = fields.text('authType')?.toLowerCase() ?? 'none';
  const token = fields.text('authToken');
  if (type === 'none' || type === 'noauth') return { secrets: [], headers: [] };
  if (/jwt|bearer|token/.test(type)) {
    const [, name = ''] = /^\s*(?:Bearer\s+)?\{\{(\w+)\}\}\s*$/i.exec(tidyPlaceholders(token ?? '')) ?? [];
    if (!SECRET_NAME.test(name)) return { secrets: [bearerSecret(token)], headers: [] };
    return { secrets: [], headers: [{ name: 'Authorization', value: `Bearer {{${name}}}` }] };
  }
  if (token !== undefined) {
    const why = `the \`authType\` \`${type.slice(0, 40)}\` is not known; make the credential by hand`;
    drop({ where: `${fields.at}/authToken`, what: 'the token', why });
  }
  return { secrets: [{ place: { in: 'unserved', how: 'other' } }], headers: [] };
}

/** Names of the path become parameters; other names can only be what earlier tools of the call have returned. */
function declareRest(draft: Draft, ofPath: readonly JsonObject[], drop: (dropped: Dropped) => void): Draft {
  const { definition } = draft;
  const inPath = new Set(
    [...definition.request.url.matchAll(/\/:([A-Za-z_][A-Za-z0-9_]*)|\/\{([A-Za-z_]\w*)\}/g)].map(
      ([, a, b]) => a ?? b ?? '',
    ),
  );
  const filled = new Set(
    (definition.request.pathParameters ?? [])
      .filter(({ value }) => value !== undefined)
      .map(({ name }) => name),
  );
  const missing = undeclaredNames(definition);
  const asked = missing.filter((name) => inPath.has(name) && !filled.has(name));
  const earlier = missing.filter((name) => !inPath.has(name) && !SECRET_NAME.test(name));
  for (const name of earlier) {
    const why = 'no parameter is called so: it is taken for what an earlier tool of the call has returned';
    drop({ where: draft.where, what: `the origin of \`${name}\``, why });
  }
  const schemas = asked.map((name) => {
    const example = scalarText(ofPath.find((one) => one.name === name)?.defaultValue);
    return [name, { type: 'string', ...(example !== undefined && { examples: [example] }) }] as const;
  });
  return {
    ...draft,
    definition: {
      ...definition,
      ...(schemas.length > 0 && {
        parameters: withParameters(definition.parameters, Object.fromEntries(schemas)),
      }),
      ...(earlier.length > 0 && { callVariables: earlier }),
    },
  };
}
