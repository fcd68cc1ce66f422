import type { VariableDeclaration } from '../tool-definition.js';
import type { Draft, Dropped, ImportRequest, Reading } from './imported.js';
import { isObject, scalarText } from './json-nodes.js';
import { authSecrets, Fields, tidyPlaceholders, toolNodes } from './product-fields.js';
import { draftProductTool } from './product-tool.js';
import type { Selection } from './selection.js';

/**
 * Reads actions of the form `{name, description, method, url, auth: {type, …}, headers, queryParameters, body,
 * variables: [{name, type, description, example, required, default}]}`.
 */
export function readApiActions(request: ImportRequest, selection: Selection): Reading {
  const dropped: Dropped[] = [];
  const drafts = toolNodes(request.source, ['actions', 'tools']).flatMap(({ node, at }) => {
    if (!selection.takes([scalarText(node.name ?? node.actionName)])) return [];
    return [readOne(new Fields(node, at), request, (one) => void dropped.push(one))];
  });
  return { ok: true, drafts, dropped };
}

function readOne(fields: Fields, request: ImportRequest, drop: (dropped: Dropped) => void): Draft {
  const written = fields.any('body', 'requestBody', 'json');
  const draft = draftProductTool(
    {
      where: fields.at,
      name: fields.text('name', 'actionName'),
      description: fields.text('description'),
      method: fields.text('method', 'httpMethod'),
      url: fields.text('url', 'endpointUrl', 'endpoint'),
      headers: fields.pairs('headers'),
      query: fields.pairs('queryParameters', 'queryParams', 'query'),
      body:
        typeof written === 'string'
          ? written.trim() === ''
            ? undefined
            : tidyPlaceholders(written)
          : written,
      more: { variables: readVariables(fields, drop) },
      secrets: authSecrets(fields.inside('auth', 'authentication'), drop),
    },
    request.baseUrl,
  );
  for (const one of fields.rest()) drop(one);
  return draft;
}

const types: Readonly<Record<string, VariableDeclaration['type']>> = {
  ...{
    string: 'string',
    text: 'string',
    integer: 'integer',
    int: 'integer',
    float: 'float',
    number: 'float',
  },
  ...{ boolean: 'boolean', bool: 'boolean', date: 'date', email: 'email', phone: 'phone' },
};

function readVariables(fields: Fields, drop: (dropped: Dropped) => void): VariableDeclaration[] {
  return fields.list('variables').flatMap((entry, index) => {
    if (!isObject(entry)) return [];
    const one = new Fields(entry, `${fields.at}/variables/${index}`);
    const written = (one.text('type') ?? 'string').toLowerCase();
    const type = Object.hasOwn(types, written) ? types[written] : undefined;
    if (!type)
      drop({
        where: `${one.at}/type`,
        what: `the type \`${written.slice(0, 40)}\``,
        why: 'it is not known: text is taken',
      });
    const description = one.text('description');
    const example = one.any('example');
    const fallback = one.any('default', 'defaultValue');
    const variable = {
      name: one.text('name') ?? '',
      type: type ?? 'string',
      ...(description !== undefined && { description }),
      ...(example !== undefined && example !== '' && { example }),
      ...(one.flag('required') && { required: true }),
      ...(fallback !== undefined && fallback !== '' && { default: fallback }),
    };
    for (const rest of one.rest()) drop(rest);
    return [variable];
  });
}
