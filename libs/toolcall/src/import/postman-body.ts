import type { Problem } from '../problem.js';
import type { Dropped } from './imported.js';
import { isObject, listOf, objectOf, scalarText, textOf, type JsonObject } from './json-nodes.js';
import { readFormField } from './curl-form.js';
import { guessJsonBody, readJsonBody, readRawBody, type FormField, type RawBody } from './raw-body.js';

export interface PostmanBody {
  readonly body?: RawBody;
  /** What the body's own settings say, when no header does. */
  readonly contentType?: string;
  readonly problems: readonly Problem[];
}

const languages: Readonly<Record<string, string>> = {
  json: 'application/json',
  xml: 'application/xml',
  html: 'text/html',
  javascript: 'application/javascript',
};

/** Reads a request's `body`. @param contentType of the request's own header */
export function readPostmanBody(
  body: unknown,
  contentType: string | undefined,
  at: string,
  drop: (dropped: Dropped) => void,
): PostmanBody {
  if (!isObject(body) || body.disabled === true) return { problems: [] };
  switch (body.mode) {
    case 'raw':
      return readRaw(body, contentType);
    case 'urlencoded':
      return {
        body: { type: 'form', template: enabledFields(body.urlencoded, `${at}/urlencoded`, drop) },
        problems: [],
      };
    case 'formdata':
      return readFormData(body, at, drop);
    case 'graphql':
      return readGraphQl(objectOf(body.graphql));
    case 'file': {
      const message = 'is a file, which is not in the collection; paste its content as a raw body';
      return { problems: [{ pointer: '/request/body', code: 'not_allowed', message }] };
    }
    default:
      return { problems: [] };
  }
}

function readRaw(body: JsonObject, contentType: string | undefined): PostmanBody {
  const raw = textOf(body.raw);
  if (raw === undefined) return { problems: [] };
  const language = textOf(objectOf(objectOf(body.options).raw).language) ?? '';
  const implied = Object.hasOwn(languages, language) ? languages[language] : undefined;
  const type = contentType ?? implied;
  if (type !== undefined) {
    const isSaid = contentType !== undefined || type === 'application/json';
    return { body: readRawBody(raw, type), problems: [], ...(!isSaid && { contentType: type }) };
  }
  return { body: guessJsonBody(raw) ?? { type: 'text', template: raw }, problems: [] };
}

function readGraphQl(graphql: JsonObject): PostmanBody {
  const query = textOf(graphql.query) ?? '';
  const written = graphql.variables;
  const variables =
    typeof written === 'string' ? (textOf(written) ? readJsonBody(written) : undefined) : undefined;
  const values = variables ? variables.template : isObject(written) ? written : undefined;
  const operationName = textOf(graphql.operationName);
  const template = {
    query,
    ...(operationName && { operationName }),
    ...(values !== undefined && { variables: values }),
  };
  const { bare, unreadable } = variables ?? {};
  return {
    body: { type: 'json', template, ...(bare && { bare }), ...(unreadable && { unreadable }) },
    problems: [],
  };
}

/** Entries as names and values; those switched off are dropped. */
export function enabledFields(list: unknown, at: string, drop: (dropped: Dropped) => void): FormField[] {
  return listOf(list).flatMap((entry, index) => {
    if (!isObject(entry)) return [];
    const name = scalarText(entry.key);
    if (name === undefined || name === '') return [];
    if (entry.disabled === true) {
      drop({ where: `${at}/${index}`, what: `\`${name.slice(0, 60)}\``, why: 'it is switched off' });
      return [];
    }
    return [{ name, value: scalarText(entry.value) ?? '' }];
  });
}

function readFormData(body: JsonObject, at: string, drop: (dropped: Dropped) => void): PostmanBody {
  const problems: Problem[] = [];
  const template = listOf(body.formdata).flatMap((entry, index): FormField[] => {
    const [field] = enabledFields([entry], `${at}/formdata/${index}`, drop);
    if (!field || !isObject(entry)) return [];
    const contentType = textOf(entry.contentType);
    if (entry.type !== 'file') return [{ ...field, ...(contentType && { contentType }) }];
    const [source = `${field.name}.txt`] = [entry.src]
      .flat()
      .filter((one): one is string => typeof one === 'string');
    const type = contentType ? `;type=${contentType}` : '';
    const read = readFormField(`${field.name}=@${source.replaceAll(';', '_')}${type}`, false);
    if (read.ok) return [read.field];
    problems.push({ pointer: '/request/body', code: read.code, message: read.message });
    return [];
  });
  return { body: { type: 'multipart', template }, problems };
}
