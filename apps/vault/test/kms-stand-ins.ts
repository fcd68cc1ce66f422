import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
}

/** What somebody asked of a stand-in. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** A key service on this machine: real AES-GCM under keys of its own behind the API of one of the known ones. */
export class KeyServer {
  readonly asked: Asked[] = [];
  /** When set, everything is answered so. */
  broken: Answer | undefined;
  url = '';
  private readonly keys = new Map<string, Buffer>();
  private readonly server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
      };
      this.asked.push(asked);
      const { status = 200, body } = this.broken ?? this.answer(asked);
      response.writeHead(status, { 'content-type': request.headers['content-type'] ?? 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    })();
  });

  private constructor(private readonly answerAs: (server: KeyServer, asked: Asked) => Answer) {}

  static async start(answerAs: (server: KeyServer, asked: Asked) => Answer): Promise<KeyServer> {
    const server = new KeyServer(answerAs);
    server.server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    server.url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
    return server;
  }

  addKey(name: string): void {
    this.keys.set(name, randomBytes(32));
  }

  get names(): string[] {
    return [...this.keys.keys()];
  }

  encrypt(name: string, plaintext: Buffer, associated: Buffer): Buffer | undefined {
    const key = this.keys.get(name);
    if (!key) return undefined;
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 }).setAAD(associated);
    return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  decrypt(name: string, sealed: Buffer, associated: Buffer): Buffer | undefined {
    const key = this.keys.get(name);
    if (!key || sealed.length < 28) return undefined;
    const opener = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 })
      .setAAD(associated)
      .setAuthTag(sealed.subarray(-16));
    try {
      return Buffer.concat([opener.update(sealed.subarray(12, -16)), opener.final()]);
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(asked: Asked): Answer {
    return this.answerAs(this, asked);
  }
}

const bytes = (base64: unknown) => Buffer.from(base64 as string, 'base64');

/** `TrentService` of AWS KMS; an encryption context is a map, whatever its order. */
export function awsKms(server: KeyServer, { headers, body }: Asked): Answer {
  if (!headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return refusal('AccessDeniedException');
  const context = Object.entries((body.EncryptionContext ?? {}) as Record<string, string>).sort();
  const associated = Buffer.from(JSON.stringify(context));
  const KeyId = body.KeyId as string;
  if (!server.names.includes(KeyId)) return refusal('NotFoundException');
  if (headers['x-amz-target'] === 'TrentService.Encrypt') {
    const sealed = server.encrypt(KeyId, bytes(body.Plaintext), associated);
    return { body: { KeyId, CiphertextBlob: sealed?.toString('base64') } };
  }
  const opened = server.decrypt(KeyId, bytes(body.CiphertextBlob), associated);
  if (!opened) return refusal('InvalidCiphertextException');
  return { body: { KeyId, Plaintext: opened.toString('base64') } };

  function refusal(type: string): Answer {
    return { status: 400, body: { __type: type, message: type } };
  }
}

export const GCP_KEY = 'projects/p/locations/eu/keyRings/r/cryptoKeys/vault';

/** Google Cloud KMS over REST. */
export function gcpKms(server: KeyServer, { method, path, body }: Asked): Answer {
  const [name = '', verb = ''] = decodeURIComponent(path.replace(/^\/v1\/|\?.*$/g, '')).split(':');
  const associated = bytes(body.additionalAuthenticatedData ?? '');
  const newest = server.names.at(-1);
  if (verb === 'encrypt') {
    const sealed = server.encrypt(name, bytes(body.plaintext), associated);
    return sealed ? { body: { name, ciphertext: sealed.toString('base64') } } : refusal(404, 5);
  }
  if (verb === 'decrypt' && name === GCP_KEY) {
    for (const version of server.names) {
      const opened = server.decrypt(version, bytes(body.ciphertext), associated);
      if (opened) return { body: { plaintext: opened.toString('base64') } };
    }
    return refusal(400, 3);
  }
  if (method === 'GET' && name === GCP_KEY) return { body: { name, primary: { name: newest } } };
  if (method === 'POST' && name === `${GCP_KEY}/cryptoKeyVersions`) {
    const made = `${GCP_KEY}/cryptoKeyVersions/${server.names.length + 1}`;
    server.addKey(made);
    return { body: { name: made } };
  }
  return refusal(404, 5);

  function refusal(status: number, code: number): Answer {
    const status_ = code === 3 ? 'INVALID_ARGUMENT' : 'NOT_FOUND';
    return { status, body: { error: { code: status, message: status_, status: status_ } } };
  }
}

export const TRANSIT_TOKEN = 'hvs.transit-token';

/** The transit engine of HashiCorp Vault and OpenBao, mounted at `transit`, with one key `patchbay`. */
export function transit(server: KeyServer, { method, path, headers, body }: Asked): Answer {
  if (headers['x-vault-token'] !== TRANSIT_TOKEN)
    return { status: 403, body: { errors: ['permission denied'] } };
  const latest = server.names.length;
  const associated = bytes(body.associated_data ?? '');
  if (method === 'GET' && path === '/v1/transit/keys/patchbay')
    return { body: { data: { latest_version: latest } } };
  if (path === '/v1/transit/keys/patchbay/rotate') {
    server.addKey(String(latest + 1));
    return { status: 204 };
  }
  if (path === '/v1/transit/encrypt/patchbay') {
    const version = typeof body.key_version === 'number' ? String(body.key_version) : String(latest);
    const sealed = server.encrypt(version, bytes(body.plaintext), associated);
    if (!sealed) return { status: 400, body: { errors: ['no such version'] } };
    return { body: { data: { ciphertext: `vault:v${version}:${sealed.toString('base64')}` } } };
  }
  if (path === '/v1/transit/decrypt/patchbay') {
    const [, version = '', sealed] = /^vault:v(\d+):(.*)$/.exec(body.ciphertext as string) ?? [];
    const opened = server.decrypt(version, bytes(sealed ?? ''), associated);
    if (!opened) return { status: 400, body: { errors: ['cipher: message authentication failed'] } };
    return { body: { data: { plaintext: opened.toString('base64') } } };
  }
  return { status: 404, body: { errors: [] } };
}
