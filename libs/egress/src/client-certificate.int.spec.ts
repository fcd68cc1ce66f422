import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { ClientCertificate } from './client-certificate.js';
import type { EgressClient } from './egress-client.js';
import { authority, key, trusted } from './testing/certificates.js';
import {
  clientAuthority,
  clientCertificate,
  clientKey,
  clientPassphrase,
  encryptedClientKey,
} from './testing/client-certificates.js';
import { clientAllowing, get } from './testing/requests.js';
import { response, Upstream } from './testing/upstream.js';

describe('a client certificate', () => {
  let upstream: Upstream;
  let client: EgressClient;
  const ours = new ClientCertificate({ certificate: clientCertificate, privateKey: clientKey });

  const facing = async (rejectUnauthorized: boolean) => {
    const tls = { key, cert: trusted, ca: clientAuthority, requestCert: true, rejectUnauthorized };
    upstream = await Upstream.start((socket) => {
      const { subject } = (socket as TLSSocket).getPeerCertificate() as { subject?: { CN?: string } };
      socket.write(response(subject?.CN ?? 'nobody'));
    }, tls);
    client = clientAllowing('127.0.0.1/32', { ca: authority });
  };
  const ask = async (certificate?: ClientCertificate, orgId = 'org'): Promise<string> => {
    const url = `https://127.0.0.1:${upstream.port}/`;
    const result = await client.send(get(url, { clientCertificate: certificate, orgId }));
    return result.kind === 'response' ? result.body.toString() : result.reason;
  };
  beforeEach(() => facing(true));
  afterEach(async () => {
    await client.close();
    await upstream.stop();
  });

  it('is shown to a server that asks for one, which lets nobody in without', async () => {
    expect(await ask(ours)).toBe('patchbay client');
    expect(await ask()).not.toBe('nobody');
    expect(upstream.requests).toHaveLength(1);
  });

  it('may have its key behind a passphrase', async () => {
    const certified = { certificate: clientCertificate, privateKey: encryptedClientKey };

    expect(await ask(new ClientCertificate({ ...certified, passphrase: clientPassphrase }))).toBe(
      'patchbay client',
    );
    expect(await ask(new ClientCertificate({ ...certified, passphrase: 'no' }))).toBe('tls');
  });

  it('never lends its connection to a request without it, whatever comes first', async () => {
    await client.close();
    await upstream.stop();
    await facing(false);

    const said = [];
    for (const certificate of [ours, undefined, ours, undefined]) said.push(await ask(certificate));

    expect(said).toEqual(['patchbay client', 'nobody', 'patchbay client', 'nobody']);
    expect(upstream.connections).toBe(2);
  });

  it('is refused over plain http, where it could not be shown', async () => {
    const plain = await client.send(get('http://127.0.0.1:9/', { clientCertificate: ours }));

    expect(plain).toMatchObject({ kind: 'failure', reason: 'invalid_request' });
  });

  it('does not print its key', () => {
    expect(inspect(ours, { showHidden: true, depth: 9 }) + JSON.stringify(ours)).not.toContain('PRIVATE KEY');
  });
});
