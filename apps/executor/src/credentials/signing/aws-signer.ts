import type { Typed } from '#contracts/credential-types.contract';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac, type BinaryLike } from 'node:crypto';
import { withHeaders, type RequestSigner } from './request-signer.js';

type AwsCredential = Extract<Typed<string>, { type: 'aws_sigv4' }>;

/** Headers that the signer makes and that go out with the request. */
const MADE = ['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token', 'authorization'];

/** The signer of an `aws_sigv4` credential, by AWS's own implementation. */
export function awsSigner(credential: AwsCredential): RequestSigner {
  const { accessKeyId, secretAccessKey, sessionToken, region, service } = credential;
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3', // S3 alone takes the path as it is sent
    applyChecksum: true,
  });
  return {
    headers: MADE,
    async sign(request, { now }) {
      const url = new URL(request.url);
      const own = new Set(MADE);
      const signed = await signer.sign(
        {
          method: request.method,
          protocol: url.protocol,
          hostname: url.hostname,
          path: url.pathname,
          query: queryOf(url),
          headers: {
            host: url.host,
            ...joined(request.headers.filter(([name]) => !own.has(name.toLowerCase()))),
          },
          body: request.body ?? '',
        },
        { signingDate: now },
      );
      const made = Object.entries(signed.headers).filter(([name]) => own.has(name.toLowerCase()));
      return withHeaders(request, made);
    },
  };
}

function queryOf({ searchParams }: URL): Record<string, string[]> {
  return Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)]),
  );
}

/** A header that comes more than once is signed as one, its values in order. */
function joined(headers: readonly (readonly [string, string])[]): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = values.get(name.toLowerCase());
    values.set(name.toLowerCase(), before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(values);
}

/** SHA-256, and HMAC with it where there is a key, as the library wants its hash functions. */
class Sha256 {
  private readonly hash: { update(data: Uint8Array): unknown; digest(): Uint8Array };

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key));
  }

  update(data: Uint8Array): void {
    this.hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }

  reset(): void {
    throw new Error('Not used');
  }
}

function bytesOf(key: string | ArrayBuffer | ArrayBufferView): BinaryLike {
  if (typeof key === 'string') return key;
  return key instanceof ArrayBuffer
    ? new Uint8Array(key)
    : new Uint8Array(key.buffer, key.byteOffset, key.byteLength);
}
