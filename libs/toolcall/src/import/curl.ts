import type { Problem } from '../problem.js';
import { isCmdStyle, readCmdWords } from './cmd-words.js';
import { readCurlOptions, type CurlCall, type DataPart } from './curl-options.js';
import { readFormField } from './curl-form.js';
import type { Draft, Dropped, FoundSecret, ImportRequest, Reading } from './imported.js';
import { basicSecret, REMOVED } from './lift-secrets.js';
import {
  FORM_TYPE,
  guessJsonBody,
  readPairs,
  readRawBody,
  type FormField,
  type RawBody,
} from './raw-body.js';
import { draftRequest, type RawRequest } from './raw-request.js';
import { hasKeyShape } from './secret-names.js';
import type { Selection } from './selection.js';
import { characterProblem, type Command, type Word } from './command-line.js';
import { readShellWords } from './shell-words.js';

const PROMPTS = new Set(['$', '%', '❯', 'sudo', 'time', 'command', 'exec']);

/** Reads `curl` commands, as a POSIX shell or the Windows command prompt would hand them on. Runs and reads nothing. */
export function readCurl({ source, variables, baseUrl }: ImportRequest, selection: Selection): Reading {
  if (typeof source !== 'string') {
    return {
      ok: false,
      problems: [{ pointer: '', code: 'wrong_type', message: 'must be text: a curl command' }],
    };
  }
  const line = (isCmdStyle(source) ? readCmdWords : readShellWords)(source, variables);
  const problems: Problem[] = [...line.problems];
  const dropped: Dropped[] = [...line.dropped];
  const drafts: Draft[] = [];
  const options = { baseUrl, constants: variables, drop: (one: Dropped) => dropped.push(one) };
  let isAny = false;
  for (const command of line.commands) {
    const curl = curlIn(command);
    if (!curl) {
      const what = command.isPiped ? 'what the output is piped into' : `\`${shown(command)}\``;
      dropped.push({ where: whereIs(command.words[0]), what, why: 'only curl is read' });
      continue;
    }
    isAny = true;
    const read = readCurlOptions(curl);
    problems.push(...read.problems);
    dropped.push(...read.dropped);
    for (const raw of read.calls.flatMap((call) => rawRequests(call, problems, dropped))) {
      if (selection.takes([`${raw.method.toUpperCase()} ${pathOf(raw.url)}`, raw.url])) {
        drafts.push(draftRequest(raw, options));
      }
    }
  }
  if (!isAny)
    problems.push({ pointer: '', code: 'required', message: 'must be a command that begins with `curl`' });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, drafts, dropped };
}

function curlIn(command: Command): Command | undefined {
  const start = command.words.findIndex(({ text }) => !PROMPTS.has(text));
  const name = command.words[start]?.text.replace(/^.*[\\/]/, '').toLowerCase();
  return name === 'curl' || name === 'curl.exe'
    ? { ...command, words: command.words.slice(start) }
    : undefined;
}

function shown({ words }: Command): string {
  return (words[0]?.text ?? '').slice(0, 20);
}

function whereIs(word: { readonly at: number } | undefined): string {
  return `character ${(word?.at ?? 0) + 1}`;
}

/** To be shown when a choice has to be made, so without what looks like a secret. */
function pathOf(url: string): string {
  const path = /^(?:[a-z][a-z0-9+.-]*:\/\/)?[^/?#]*([^?#]*)/i.exec(url)?.[1] || '/';
  const segments = path.split('/').map((segment) => (hasKeyShape(segment) ? REMOVED : segment));
  return segments.join('/');
}

/** One for each URL: curl sends them all the same. */
function rawRequests(call: CurlCall, problems: Problem[], dropped: Dropped[]): RawRequest[] {
  if (call.urls.length === 0) {
    problems.push(characterProblem(call.at, 'required', 'the command names no URL'));
    return [];
  }
  const headers = readHeaders(call, problems);
  const contentType = headers.find(({ name }) => name.toLowerCase() === 'content-type')?.value;
  const body = bodyOf(call, contentType, problems, dropped);
  const parts = [...(call.putsDataInUrl ? call.data : []), ...call.urlQuery.map(queryPart)];
  return call.urls.map((url) => {
    refuseGlob(url, call, problems);
    return {
      where: whereIs(call.urls.length > 1 ? url : call),
      method: methodOf(call),
      url: url.text,
      headers: [...headers, ...impliedHeaders(call, headers)],
      query: fieldsOf(parts),
      secrets: secretsOf(call),
      ...(body && { body }),
      ...(call.maxTimeSeconds !== undefined && { timeoutMs: Math.ceil(call.maxTimeSeconds * 1000) }),
    };
  });
}

function methodOf(call: CurlCall): string {
  if (call.method) return call.method;
  if (call.isHead) return 'HEAD';
  return call.forms.length > 0 || (call.data.length > 0 && !call.putsDataInUrl) ? 'POST' : 'GET';
}

function readHeaders(call: CurlCall, problems: Problem[]): { name: string; value: string }[] {
  return call.headers.flatMap(({ text, at }) => {
    const [, name, value = ''] = /^\s*([^:;\s]+)\s*[:;]\s*([^]*)$/.exec(text) ?? [];
    if (name === undefined) {
      problems.push(characterProblem(at, 'wrong_format', 'the header must be written `Name: value`'));
      return [];
    }
    return [{ name, value: value.trim() }];
  });
}

/** What other options than `-H` put into headers; a header that is written out wins. */
function impliedHeaders(
  call: CurlCall,
  written: readonly { name: string }[],
): { name: string; value: string }[] {
  const implied = [
    { name: 'User-Agent', value: call.userAgent },
    { name: 'Referer', value: call.referer },
    { name: 'Cookie', value: call.cookies.map(({ text }) => text).join('; ') },
    { name: 'Accept', value: call.data.some(({ kind }) => kind === 'json') ? 'application/json' : '' },
  ];
  const names = new Set(written.map(({ name }) => name.toLowerCase()));
  return implied.flatMap(({ name, value }) =>
    value === undefined || value === '' || names.has(name.toLowerCase()) ? [] : [{ name, value }],
  );
}

function secretsOf(call: CurlCall): FoundSecret[] {
  if (call.otherAuth) return [{ place: { in: 'unserved', how: call.otherAuth } }];
  return [
    ...(call.user ? [basicSecret(call.user.text)] : []),
    ...(call.bearer ? [bearerSecret(call.bearer.text)] : []),
  ];
}

function bearerSecret(token: string): FoundSecret {
  return { place: { in: 'bearer' }, ...(!/\{\{|^<.*>$/.test(token) && { value: token }) };
}

function bodyOf(
  call: CurlCall,
  contentType: string | undefined,
  problems: Problem[],
  dropped: Dropped[],
): RawBody | undefined {
  if (call.forms.length > 0) {
    const template = call.forms.flatMap((form) => {
      const field = readFormField(form.text, form.isPlain);
      if (field.ok) return [field.field];
      problems.push(characterProblem(form.at, field.code, field.message));
      return [];
    });
    return { type: 'multipart', template };
  }
  if (call.data.length === 0 || call.putsDataInUrl) return undefined;
  if (call.data.some(({ kind }) => kind === 'json')) {
    return readRawBody(call.data.map(({ text }) => text).join(''), contentType ?? 'application/json');
  }
  const isForm = contentType === undefined || contentType.toLowerCase().startsWith(FORM_TYPE);
  if (!isForm) return readRawBody(rawText(call.data), contentType);
  const json = asJson(call.data);
  if (json) {
    const why =
      'curl would say it is a form, without `-H "Content-Type: application/json"`; it is JSON, and sent as that';
    dropped.push({ where: whereIs(call.data[0]), what: 'the content type curl sends of itself', why });
    return json;
  }
  return { type: 'form', template: fieldsOf(call.data) };
}

function asJson(data: readonly DataPart[]): RawBody | undefined {
  const [only] = data;
  return data.length === 1 && only?.kind === 'raw' ? guessJsonBody(only.text) : undefined;
}

function rawText(data: readonly DataPart[]): string {
  return data
    .map(({ kind, text }) => {
      if (kind !== 'encoded') return text;
      const [{ name, value } = { name: '', value: '' }] = fieldsOf([{ kind, text, at: 0 }]);
      return name === '' ? encodeURIComponent(value) : `${name}=${encodeURIComponent(value)}`;
    })
    .join('&');
}

/** `--url-query name=content` encodes as `--data-urlencode` does; with a `+` before it, it does not. */
function queryPart({ text, at }: Word): DataPart {
  return text.startsWith('+') ? { kind: 'raw', text: text.slice(1), at } : { kind: 'encoded', text, at };
}

function fieldsOf(data: readonly DataPart[]): FormField[] {
  return data.flatMap(({ kind, text }) => {
    if (kind !== 'encoded') return readPairs(text);
    const equals = text.indexOf('=');
    if (equals <= 0) return [{ name: text.slice(equals + 1), value: '' }];
    return [{ name: text.slice(0, equals), value: text.slice(equals + 1) }];
  });
}

function refuseGlob({ text, at }: Word, { globOff }: CurlCall, problems: Problem[]): void {
  if (globOff || !/\{[^{},]*,[^{}]*\}|\[[\w]+-[\w]+(?::\d+)?\]/.test(text.replace(/\{\{[^{}]*\}\}/g, '')))
    return;
  const message = 'curl would make several requests of this URL (`{a,b}`, `[1-9]`); write one';
  problems.push(characterProblem(at, 'not_allowed', message));
}
