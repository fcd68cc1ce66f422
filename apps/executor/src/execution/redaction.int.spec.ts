import {
  executeTool,
  executionsRecorded,
  executionStream,
  testTool,
  type ExecutionRecord,
} from '#contracts/executor.contract';
import type { CredentialSecret, HmacSignature } from '#contracts/vault.contract';
import { authority, key, trusted } from '#egress/testing/certificates';
import { clientAuthority, clientCertificate, clientKey } from '#egress/testing/client-certificates';
import { response, Upstream } from '#egress/testing/upstream';
import { DurableStream } from '#messaging/durable-stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startExecutor, type RunningExecutor } from '../../test/running-executor.js';

type Encode = (text: string) => string;

/** Random per run, with characters that every encoding writes in its own way. */
const plant = (name: string) => `${name}-${randomBytes(9).toString('hex')}/+="~'&é`;
const plantAscii = (name: string) => plant(name).replace('é', '.');
const encode64 = (text: string) => Buffer.from(text).toString('base64');

/** How a server may write what it was sent; `whole` of all of it, with something before and behind. */
const encodings: Record<string, Encode> = {
  plain: (text) => text,
  json: (text) => JSON.stringify(text).slice(1, -1),
  'json within json': (text) => JSON.stringify(JSON.stringify({ text })).slice(1, -1),
  'json with escaped slashes': (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  url: encodeURIComponent,
  'url in lower case': (text) => encodeURIComponent(text).replace(/%../g, (one) => one.toLowerCase()),
  form: (text) => new URLSearchParams({ text }).toString(),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  base64: encode64,
  'base64, one on': (text) => encode64(`x${text}`),
  'base64, two on': (text) => encode64(`xx${text}`),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  xml: (text) => text.replace(/[&<>]/g, (one) => ({ '&': '&amp;', '<': '&lt;' })[one] ?? '&gt;'),
};

/** The middle of a secret in every encoding: whatever stands before and behind it, that is to be seen if any of it is. */
function traces(secret: string): string[] {
  const core = /[0-9a-f]{18}/.exec(secret)?.[0] ?? secret.slice(4, 22);
  const bytes = Buffer.from(core);
  const in64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(4, 20),
  );
  return [core, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...in64];
}

/** As many of them as there is room for, none cut. */
function inHeader(texts: readonly string[], room: number): string {
  return texts
    .filter((text) => /^[\x20-\x7e]*$/.test(text))
    .toSorted((a, b) => b.length - a.length)
    .reduce((all, text) => (all.length + text.length < room ? `${all} ${text}` : all), '');
}

interface Case {
  readonly secret?: CredentialSecret;
  /** What templates name. */
  readonly named?: Record<string, string>;
  /** What must not be seen again. */
  readonly values: readonly string[];
}

const signature: HmacSignature = {
  ...{ algorithm: 'sha256', encoding: 'hex', header: 'X-Signature', template: '{{body}}' },
};
const [one, two, three] = [plant('one'), plantAscii('two'), plantAscii('three')];
const whsec = `whsec_${randomBytes(24).toString('base64')}`;
const cases: Record<string, Case> = {
  bearer: { secret: { type: 'bearer', token: two }, values: [two] },
  basic: { secret: { type: 'basic', username: 'ada', password: one }, values: [one] },
  'api_key in a header': {
    secret: { type: 'api_key', in: 'header', parameter: 'X-Key', value: two },
    values: [two],
  },
  'api_key in the query': {
    secret: { type: 'api_key', in: 'query', parameter: 'key', value: one },
    values: [one],
  },
  'api_key in the body': {
    secret: { type: 'api_key', in: 'body', parameter: 'key', value: one },
    values: [one],
  },
  headers: {
    secret: {
      type: 'headers',
      headers: [
        { name: 'X-One', value: two },
        { name: 'Authorization', value: `Token ${three}` },
      ],
    },
    values: [two, three],
  },
  'headers with a cookie and a login': {
    secret: {
      type: 'headers',
      headers: [
        { name: 'Cookie', value: `theme=dark; session=${three.replace(/["&]/g, '')}` },
        { name: 'Authorization', value: `Basic ${encode64(`ada:${one}`)}` },
      ],
    },
    values: [three.replace(/["&]/g, ''), one],
  },
  'hmac by Standard Webhooks': {
    secret: { type: 'hmac', scheme: 'standard_webhooks', secret: whsec },
    values: [whsec, whsec.slice(6)],
  },
  'hmac of a form of its own': {
    secret: { type: 'hmac', scheme: 'custom', secret: one, signature },
    values: [one],
  },
  aws_sigv4: {
    secret: {
      ...{ type: 'aws_sigv4', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: two, sessionToken: three },
      ...{ region: 'eu-west-1', service: 'execute-api' },
    },
    values: [two, three],
  },
  'secrets by name': { named: { BODY_KEY: one, HEADER_KEY: three }, values: [one, three] },
  'a credential and secrets by name': {
    secret: { type: 'bearer', token: two },
    named: { BODY_KEY: one },
    values: [two, one],
  },
};

describe('an API that echoes what it was sent', () => {
  let executor: RunningExecutor;
  /** Asks for a client certificate, and answers with what stands in `answered`. */
  let secured: Upstream;
  let answered: string;
  let folder: string;
  const orgId = randomUUID();
  const records: ExecutionRecord[] = [];
  const recorded = new EventEmitter();

  beforeAll(async () => {
    const tls = { key, cert: trusted, ca: clientAuthority, requestCert: true };
    secured = await Upstream.start((socket) => {
      socket.write(response(answered, 'content-type: application/json\r\n'));
    }, tls);
    folder = await mkdtemp(join(tmpdir(), 'patchbay-ca-'));
    await writeFile(join(folder, 'ca.pem'), authority);
    executor = await startExecutor({
      EGRESS_CA_FILE: join(folder, 'ca.pem'),
      EGRESS_ALLOW: `https://127.0.0.1:${secured.port}`,
    });
    executor.get(DurableStream).consume(executionStream, executionsRecorded, (payload) => {
      records.push(...payload.records);
      recorded.emit('more');
      return Promise.resolve();
    });
  });
  beforeEach(() => {
    executor.upstream.requests.length = 0;
    executor.vault.named.clear();
  });
  afterAll(async () => {
    await executor.get(DurableStream).close();
    await executor.stop();
    await secured.stop();
    await rm(folder, { recursive: true });
  });

  async function recordOf(executionId: string): Promise<ExecutionRecord> {
    for (;;) {
      const record = records.find((candidate) => candidate.executionId === executionId);
      if (record) return record;
      await once(recorded, 'more');
    }
  }

  /** Echoes what it was sent, and these texts, in this encoding: in body, headers and the words beside the status. */
  function echo(response: ServerResponse, status: number, texts: readonly string[], encode: Encode): void {
    const echoed = texts.map(encode);
    response.statusMessage = inHeader(echoed, 200);
    response.writeHead(status, { 'content-type': 'application/json', 'x-echo': inHeader(echoed, 8000) });
    const keys = Object.fromEntries(echoed.map((text) => [text, 1]));
    response.end(JSON.stringify({ echoed, nested: { deep: [{ all: echoed.join() }] }, keys }));
  }

  function publish({ secret, named = {} }: Case, method: 'GET' | 'POST'): string {
    const credentialId = secret && randomUUID();
    if (secret && credentialId) executor.vault.secrets.set(credentialId, secret);
    for (const [name, value] of Object.entries(named)) executor.vault.named.set(`${name} production`, value);
    const names = Object.keys(named);
    return executor.publish({
      request: {
        method,
        ...(credentialId && { credentialId }),
        headers: names
          .filter((name) => name === 'HEADER_KEY')
          .map((name) => ({ name: 'X-Key', value: `{{${name}}}` })),
        query: names
          .filter((name) => name === 'BODY_KEY')
          .map((name) => ({ name: 'key', value: `{{${name}}}` })),
        ...(method === 'POST' && {
          body: {
            type: 'json',
            template: Object.fromEntries(
              ['x', ...names].map((name) => [name, name === 'x' ? 'y' : `{{${name}}}`]),
            ),
          },
        }),
      },
      response: {
        variables: [
          { name: 'all', path: 'echoed' },
          { name: 'header', header: 'x-echo' },
          { name: 'deep', expression: 'nested.deep[0].all' },
        ],
        outcomes: [{ when: '422', outcome: 'odd', say: 'It said {{header}}', hint: 'Look' }],
      },
      messages: { complete: 'It is {{deep}}', failure: 'It was {{header}}' },
    });
  }

  /** Everything that leaves Patchbay of an execution and a test of it. */
  async function allSaid(toolKey: string): Promise<string> {
    const execution = await executor.call(executeTool, { toolKey }, { orgId });
    const tested = await executor.call(testTool, { orgId, toolKey });
    const record = await recordOf(execution.executionId);
    return JSON.stringify([execution, tested, record]);
  }

  /** A body is needed where the secret goes into it. */
  const answersTo = ({ secret }: Case): ['GET' | 'POST', number][] => [
    ['POST', 200],
    [secret?.type === 'api_key' && secret.in === 'body' ? 'POST' : 'GET', 422],
    ['POST', 500],
  ];

  describe.each(Object.entries(cases))('%s', (_name, one) => {
    it.each(Object.entries(encodings))(
      'is heard of no more when it comes back as %s',
      async (_encoding, encode) => {
        for (const [method, status] of answersTo(one)) {
          executor.upstream.answer((request, response) => {
            const { url, rawHeaders, body } = request;
            echo(response, status, [url, ...rawHeaders, body, ...one.values], encode);
          });

          const said = await allSaid(publish(one, method));

          expect(said).toContain('‹redacted›');
          for (const trace of one.values.flatMap(traces)) expect(said).not.toContain(trace);
        }
      },
    );
  });

  it.each(Object.entries(encodings))(
    'gives away no line of a client’s key as %s',
    async (_encoding, encode) => {
      const lines = clientKey.split('\n').filter((line) => line.length >= 40);
      answered = JSON.stringify({ echoed: [clientKey, one].map(encode) });
      const secret = {
        type: 'mtls',
        certificate: clientCertificate,
        privateKey: clientKey,
        passphrase: one,
      } as const;
      const credentialId = randomUUID();
      executor.vault.secrets.set(credentialId, secret);

      const said = await allSaid(
        executor.publish({ request: { url: `https://127.0.0.1:${secured.port}/`, credentialId } }),
      );

      expect(said).toContain('‹redacted›');
      for (const trace of [one, ...lines].flatMap(traces)) expect(said).not.toContain(trace);
    },
  );

  it('after a 401 gives away neither the access token that it refused nor the one after it', async () => {
    const tokens = [plantAscii('first'), plantAscii('second')];
    const credentialId = randomUUID();
    executor.vault.tokens.set(credentialId, (refused) => {
      const version = (refused ?? 0) + 1;
      return { token: tokens[version - 1] ?? '', version, lifetimeMs: 0 };
    });
    const toolKey = executor.publish({
      request: { credentialId },
      response: { variables: [{ name: 'header', header: 'x-echo' }] },
      messages: { complete: 'It is {{header}}' },
    });
    for (const encode of Object.values(encodings)) {
      executor.upstream.answer(({ headers }, response) => {
        const status = headers.authorization === `Bearer ${tokens[1]}` ? 200 : 401;
        echo(response, status, tokens, encode);
      });

      const said = await allSaid(toolKey);

      expect(said).toContain('"attempts":2');
      for (const trace of tokens.flatMap(traces)) expect(said).not.toContain(trace);
    }
  });

  it('may quote what is no secret', async () => {
    executor.upstream.answer(({ headers }, response) =>
      echo(response, 200, [headers['user-agent'] ?? ''], String),
    );

    expect(await allSaid(publish(cases.bearer ?? { values: [] }, 'GET'))).toContain('Patchbay/1');
  });
});
