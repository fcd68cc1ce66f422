import type { HmacSignature } from '#contracts/vault.contract';
import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { WireRequest } from '../../upstream/wire-request.js';
import { awsSigner } from './aws-signer.js';
import { hmacSigner } from './hmac-signer.js';

const now = new Date('2026-01-02T03:04:05.678Z');
const moment = { now, executionId: '0190a000-0000-7000-8000-000000000000' };
const request: WireRequest = {
  method: 'POST',
  url: 'https://api.example.com/orders/a%20b?x=1&y=%C3%BC',
  headers: [['Content-Type', 'application/json']],
  body: '{"name":"Grüße"}',
};

const headerOf = (signed: WireRequest, name: string) =>
  signed.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

describe('a Standard Webhooks signature', () => {
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

  it('is what the reference implementation makes of the same message', async () => {
    const signed = await hmacSigner({ type: 'hmac', scheme: 'standard_webhooks', secret: SECRET }).sign(
      request,
      moment,
    );
    const id = `msg_${moment.executionId}`;

    expect(headerOf(signed, 'webhook-id')).toEqual([id]);
    expect(headerOf(signed, 'webhook-timestamp')).toEqual([String(Math.floor(now.getTime() / 1000))]);
    expect(headerOf(signed, 'webhook-signature')).toEqual([
      new Webhook(SECRET).sign(id, now, request.body ?? ''),
    ]);
    expect(signed).toMatchObject({ method: 'POST', url: request.url, body: request.body });
  });
});

describe('a configured signature', () => {
  const sign = (settings: Partial<HmacSignature>, secret = 'shared', from = request) => {
    const signature: HmacSignature = {
      ...{ algorithm: 'sha256', encoding: 'hex', header: 'X-Signature', template: '{{body}}' },
      ...settings,
    };
    return hmacSigner({ type: 'hmac', scheme: 'custom', secret, signature }).sign(
      from,
      moment,
    ) as WireRequest;
  };
  const hmac = (
    algorithm: string,
    text: string,
    encoding: 'hex' | 'base64',
    key: string | Buffer = 'shared',
  ) => createHmac(algorithm, key).update(text).digest(encoding);

  it.each<[string, Partial<HmacSignature>, string]>([
    [
      'the body, after a prefix',
      { prefix: 'sha256=' },
      `sha256=${hmac('sha256', '{"name":"Grüße"}', 'hex')}`,
    ],
    [
      'method, path and query exactly as they are sent',
      { algorithm: 'sha512', encoding: 'base64', template: '{{method}}\n{{ path }}\n{{query}}' },
      hmac('sha512', 'POST\n/orders/a%20b\nx=1&y=%C3%BC', 'base64'),
    ],
    [
      'the time, told in the prefix',
      { template: '{{timestamp}}.{{body}}', prefix: 't={{timestamp}},v1=' },
      `t=1767323045,v1=${hmac('sha256', '1767323045.{"name":"Grüße"}', 'hex')}`,
    ],
  ])('signs %s', (_what, settings, expected) => {
    expect(headerOf(sign(settings), 'X-Signature')).toEqual([expected]);
  });

  it.each([
    ['unix', '1767323045'],
    ['unix_ms', '1767323045678'],
    ['iso8601', '2026-01-02T03:04:05.678Z'],
  ] as const)('tells the time as %s in a header of its own', (timestampFormat, expected) => {
    const signed = sign({ timestampFormat, timestampHeader: 'X-Time', template: '{{timestamp}}' });

    expect(headerOf(signed, 'X-Time')).toEqual([expected]);
    expect(headerOf(signed, 'X-Signature')).toEqual([hmac('sha256', expected, 'hex')]);
  });

  it('takes the key as it is spelled', () => {
    const signed = sign({ keyEncoding: 'hex' }, '00ff');

    expect(headerOf(signed, 'X-Signature')).toEqual([
      hmac('sha256', request.body ?? '', 'hex', Buffer.from([0, 255])),
    ]);
  });

  it('has the place of what the tool has put there, and signs an empty body as nothing', () => {
    const { method, url } = request;
    const get: WireRequest = { method, url, headers: [['x-SIGNATURE', 'mine']] };

    expect(headerOf(sign({}, 'shared', get), 'X-Signature')).toEqual([hmac('sha256', '', 'hex')]);
  });
});

describe('an AWS signature', () => {
  const published = {
    type: 'aws_sigv4',
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
    service: 's3',
  } as const;
  const at = { ...moment, now: new Date('2013-05-24T00:00:00Z') };
  const bucket = 'https://examplebucket.s3.amazonaws.com';

  it.each<[string, string, WireRequest['headers'], string]>([
    [
      'an object',
      `${bucket}/test.txt`,
      [['Range', 'bytes=0-9']],
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'a lifecycle',
      `${bucket}/?lifecycle=`,
      [],
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'a list',
      `${bucket}/?max-keys=2&prefix=J`,
      [['User-Agent', 'Patchbay/1']],
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('of a request for %s is the one AWS has published', async (_what, url, headers, signature) => {
    const signed = await awsSigner(published).sign({ method: 'GET', url, headers }, at);

    const [authorization = ''] = headerOf(signed, 'authorization');
    expect(authorization).toContain('Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request');
    expect(authorization).toMatch(new RegExp(`Signature=${signature}$`));
    expect(headerOf(signed, 'host')).toEqual([]);
  });

  it('carries a session token, and has the place of what the tool has put there', async () => {
    const signer = awsSigner({ ...published, sessionToken: 'session' });
    const signed = await signer.sign({ ...request, headers: [['Authorization', 'mine']] }, at);

    expect(headerOf(signed, 'x-amz-security-token')).toEqual(['session']);
    expect(headerOf(signed, 'authorization')).toEqual([expect.stringContaining('x-amz-security-token')]);
    expect(headerOf(signed, 'x-amz-content-sha256')[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});
