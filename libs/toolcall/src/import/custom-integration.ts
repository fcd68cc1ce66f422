import type { Draft, Dropped, ImportRequest, Reading } from './imported.js';
import { isObject, objectOf, scalarText, type JsonObject } from './json-nodes.js';
import { adoptPlaceholders, ArgumentList } from './argument-list.js';
import { authSecrets, Fields, mappedVariables, toolNodes } from './product-fields.js';
import { burdenFrom, draftProductTool, parametersFrom } from './product-tool.js';
import type { Selection } from './selection.js';

/**
 * Reads integrations of the form `{key, name, description, method, urlTemplate, parameters, authentication, headers,
 * body, responseMapping, contextBurden}`, whose parameters are a list of `{name, type, description, required, in}` or a
 * JSON Schema.
 */
export function readCustomIntegrations(request: ImportRequest, selection: Selection): Reading {
  const dropped: Dropped[] = [];
  const drafts = toolNodes(request.source, ['integrations', 'tools']).flatMap(({ node, at }) => {
    if (!selection.takes([scalarText(node.name), scalarText(node.key ?? node.toolKey)])) return [];
    return [readOne(new Fields(node, at), request, (one) => void dropped.push(one))];
  });
  return { ok: true, drafts, dropped };
}

function readOne(fields: Fields, request: ImportRequest, drop: (dropped: Dropped) => void): Draft {
  const written = fields.any('parameters');
  const list = Array.isArray(written) ? written.filter(isObject) : [];
  const parameters = Array.isArray(written) ? schemaOfList(list) : objectOf(written);
  const burden = fields.text('contextBurden', 'contextBurdenLevel', 'burden');
  const known = burdenFrom(burden);
  if (burden !== undefined && !known) {
    drop({
      where: `${fields.at}/contextBurden`,
      what: `the burden \`${burden.slice(0, 40)}\``,
      why: 'it is not known: `conversational` is taken',
    });
  }
  const mapping = mappedVariables(fields.any('responseMapping', 'response'));
  const placedIn = (place: string) =>
    list
      .filter((one) => one.in === place)
      .flatMap((one) => {
        const name = scalarText(one.name);
        return name === undefined ? [] : [{ name, value: `{{${name}}}` }];
      });
  const draft = draftProductTool(
    {
      where: fields.at,
      key: fields.text('key', 'toolKey'),
      name: fields.text('name'),
      description: fields.text('description'),
      method: fields.text('method', 'httpMethod'),
      url: withQueryTemplates(fields.text('urlTemplate', 'url') ?? ''),
      headers: [...fields.pairs('headers'), ...placedIn('header')],
      query: [...fields.pairs('queryParameters', 'query'), ...placedIn('query')],
      body: fields.any('body', 'requestBody'),
      more: {
        parameters: parametersFrom(parameters, `${fields.at}/parameters`, drop),
        ...(known && { burden: known }),
        ...(mapping.length > 0 && { response: { variables: mapping } }),
      },
      secrets: authSecrets(fields.inside('authentication', 'auth'), drop),
    },
    request.baseUrl,
  );
  for (const one of fields.rest()) drop(one);
  return draft;
}

/** `?phone={phone}` as `?phone={{phone}}`; in the path a template may have either. */
function withQueryTemplates(url: string): string {
  const at = url.indexOf('?');
  if (at === -1) return url;
  const args = new ArgumentList();
  const pairs = url
    .slice(at + 1)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1
        ? pair
        : `${pair.slice(0, equals + 1)}${adoptPlaceholders(pair.slice(equals + 1), 'query', args)}`;
    });
  return `${url.slice(0, at)}?${pairs.join('&')}`;
}

const types: Readonly<Record<string, JsonObject>> = {
  ...{
    string: { type: 'string' },
    text: { type: 'string' },
    number: { type: 'number' },
    float: { type: 'number' },
  },
  ...{ integer: { type: 'integer' }, boolean: { type: 'boolean' }, date: { type: 'string', format: 'date' } },
  ...{ email: { type: 'string', format: 'email' }, phone: { type: 'string', format: 'phone' } },
};

function schemaOfList(list: readonly JsonObject[]): JsonObject {
  const named = list.flatMap((one) => {
    const name = scalarText(one.name);
    return name === undefined ? [] : [{ ...one, name }];
  });
  const required = named.filter((one: JsonObject) => one.required === true).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(
      named.map(({ name, ...one }: JsonObject & { name: string }) => {
        const type = scalarText(one.type)?.toLowerCase() ?? 'string';
        return [
          name,
          {
            ...(Object.hasOwn(types, type) ? types[type] : { type }),
            ...(typeof one.description === 'string' && { description: one.description }),
            ...(one.example !== undefined && { examples: [one.example] }),
            ...(one.default !== undefined && { default: one.default }),
            ...(Array.isArray(one.enum) && { enum: one.enum }),
          },
        ];
      }),
    ),
    ...(required.length > 0 && { required }),
  };
}
