import type { JsonSchema } from './argument-list.js';
import type { Draft, Dropped, ImportRequest, Reading } from './imported.js';
import { isObject, scalarText } from './json-nodes.js';
import {
  authSecrets,
  Fields,
  mappedVariables,
  messagesFrom,
  tidyPlaceholders,
  toolNodes,
} from './product-fields.js';
import { draftProductTool, undeclaredNames, withParameters } from './product-tool.js';
import type { Selection } from './selection.js';

/**
 * Reads actions of the form `{name, description, endpointMethod, endpointUrl, headers, timeout, authorizationNeeded,
 * authorization, queryParameters, body, variables, messages, actionResults}`, in which `<name>` is a placeholder and the
 * timeout is in milliseconds.
 */
export function readHttpActions(request: ImportRequest, selection: Selection): Reading {
  const dropped: Dropped[] = [];
  const drafts = toolNodes(request.source, ['actions', 'tools']).flatMap(({ node, at }) => {
    if (!selection.takes([scalarText(node.name)])) return [];
    return [readOne(new Fields(node, at), request, (one) => void dropped.push(one))];
  });
  return { ok: true, drafts, dropped };
}

function readOne(fields: Fields, request: ImportRequest, drop: (dropped: Dropped) => void): Draft {
  const isGuarded = Object.hasOwn(fields.node, 'authorizationNeeded')
    ? fields.flag('authorizationNeeded')
    : true;
  const auth = fields.inside('authorization', 'authentication', 'auth');
  const timeoutMs = fields.number('timeout', 'timeoutMs');
  const parameters = readVariables(fields);
  const results = mappedVariables(fields.any('actionResults', 'resultVariables', 'responseVariables'));
  const draft = draftProductTool(
    {
      where: fields.at,
      name: fields.text('name'),
      description: fields.text('description'),
      method: fields.text('endpointMethod', 'method'),
      url: asTemplate(fields.text('endpointUrl', 'url') ?? ''),
      headers: fields.pairs('headers').map(({ name, value }) => ({ name, value: asTemplate(value) })),
      query: fields
        .pairs('queryParameters', 'query')
        .map(({ name, value }) => ({ name, value: asTemplate(value) })),
      body: templatesIn(fields.any('body', 'requestBody', 'payload')),
      request: timeoutMs === undefined ? {} : { timeoutMs: Math.round(timeoutMs) },
      more: {
        parameters,
        ...readMessages(fields, drop),
        ...(results.length > 0 && { response: { variables: results } }),
      },
      secrets: isGuarded ? authSecrets(auth, drop) : [],
    },
    request.baseUrl,
  );
  for (const one of fields.rest()) drop(one);
  const asked = undeclaredNames(draft.definition).map((name): [string, JsonSchema] => [
    name,
    { type: 'string' },
  ]);
  if (asked.length === 0) return draft;
  const declared = withParameters(draft.definition.parameters, Object.fromEntries(asked));
  return { ...draft, definition: { ...draft.definition, parameters: declared } };
}

/** `<user_name>` as `{{user_name}}`. */
function asTemplate(text: string): string {
  return tidyPlaceholders(text).replace(/<([A-Za-z_][A-Za-z0-9_.]{0,63})>/g, '{{$1}}');
}

/** In text that is not JSON, `<name>` may be markup, and stays. */
function templatesIn(body: unknown): unknown {
  if (typeof body === 'string') {
    if (body.trim() === '') return undefined;
    return /^\s*[[{]/.test(body) ? asTemplate(body) : tidyPlaceholders(body);
  }
  if (Array.isArray(body)) return body.map(templatesIn);
  if (!isObject(body)) return body;
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [
      key,
      typeof value === 'string' ? asTemplate(value) : templatesIn(value),
    ]),
  );
}

/** A variable with a default may be left out; any other has to be asked for. */
function readVariables(fields: Fields): Record<string, unknown> {
  const value = fields.any('variables');
  const entries: [string | undefined, unknown, string | undefined][] = Array.isArray(value)
    ? value
        .filter(isObject)
        .map((one) => [
          scalarText(one.name ?? one.key),
          one.defaultValue ?? one.default ?? one.value,
          scalarText(one.description),
        ])
    : Object.entries(isObject(value) ? value : {}).map(([name, fallback]) => [name, fallback, undefined]);
  const named = entries.filter(
    (entry): entry is [string, unknown, string | undefined] => entry[0] !== undefined,
  );
  const isGiven = (fallback: unknown) => fallback !== undefined && fallback !== null && fallback !== '';
  const required = named.filter(([, fallback]) => !isGiven(fallback)).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(
      named.map(([name, fallback, description]) => [
        name,
        {
          type: typeNameOf(fallback),
          ...(description && { description }),
          ...(isGiven(fallback) && { default: fallback }),
        },
      ]),
    ),
    ...(required.length > 0 && { required }),
  };
}

function typeNameOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return typeof value;
  if (Array.isArray(value)) return 'array';
  return isObject(value) ? 'object' : 'string';
}

function readMessages(fields: Fields, drop: (dropped: Dropped) => void) {
  const inside = fields.inside('messages');
  const text = (...names: string[]) => {
    const [own, outer] = [inside.text(...names), fields.text(...names)];
    const found = own ?? outer;
    return found === undefined ? undefined : asTemplate(found);
  };
  const isNatural = ['speakNaturally', 'letTheAssistantSpeakNaturally'] as const;
  const messages = messagesFrom({
    speakNaturally: [inside.flag(...isNatural), fields.flag(...isNatural)].includes(true),
    start: text('startMessage', 'start'),
    delay: text('delayMessage', 'delay'),
    delayMs:
      inside.number('delayThreshold', 'delayThresholdMs') ??
      fields.number('delayThreshold', 'delayThresholdMs'),
    failure: text('failureMessage', 'failure'),
    complete: text('completeMessage', 'complete'),
  });
  for (const one of inside.rest()) drop(one);
  return messages ? { messages } : {};
}
