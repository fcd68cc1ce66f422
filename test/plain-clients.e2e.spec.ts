import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { connect } from 'node:net';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { furnishDemo } from '../scripts/demo-organization.js';

const execute = promisify(execFile);

describe('a client that knows nothing of Patchbay', () => {
  let test: TestPlatform;
  let folder: string;

  beforeAll(async () => {
    test = await TestPlatform.start();
    const { restUrl, sampleUrl } = test.platform;
    const keys = await furnishDemo(restUrl, sampleUrl, await test.platform.firstAdmin(), undefined);
    folder = await mkdtemp(join(tmpdir(), 'patchbay-client-'));
    await mkdir(join(folder, '.patchbay'));
    await writeFile(
      join(folder, '.patchbay', 'demo.json'),
      JSON.stringify({ ...keys, ...test.platform.orchestrator, restUrl }),
    );
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  }, 60_000);
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await test.stop();
  }, 30_000);

  /** The code of the README in one language. */
  async function snippet(language: string): Promise<string> {
    const readme = await readFile('README.md', 'utf8');
    const [, code] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(readme) ?? [];
    if (code === undefined) throw new Error(`The README has no code in ${language}`);
    return code;
  }

  it('gets a plain JSON reply, with the code of the README', async () => {
    await writeFile(join(folder, 'client.mts'), await snippet('ts'));

    const { stdout } = await execute(process.execPath, ['client.mts'], { cwd: folder });

    expect(stdout).toContain("order_id: 'ORD-12345'");
    expect(stdout).toContain('api_response_status: 200');
  });

  it('has five lines to read in each language of the README', async () => {
    for (const language of ['ts', 'python']) {
      const lines = (await snippet(language))
        .split('\n')
        .filter((line) => !/^(import|from|async def|asyncio\.run|$)/.test(line));
      expect(lines.length).toBeLessThanOrEqual(5);
    }
  });

  it('gets the same over a bare socket, with the text protocol of NATS and no library at all', async () => {
    const { orgId, platform } = test;
    const body = JSON.stringify({ toolKey: 'get_order_status', arguments: { orderId: 'ORD-12345' } });
    const inbox = `${platform.orchestrator?.natsInboxPrefix}.1`;
    const socket = connect(Number(new URL(platform.natsUrl).port), '127.0.0.1');

    let received = '';
    for await (const chunk of socket) {
      received += String(chunk);
      const [, info] = /^INFO (.*)\r\n/.exec(received) ?? [];
      if (info !== undefined && socket.bytesWritten === 0) {
        const { nonce } = JSON.parse(info) as { nonce: string };
        const who = signedIn(platform.orchestrator?.natsSeed ?? '', nonce);
        socket.write(
          `CONNECT ${JSON.stringify({ verbose: false, headers: true, no_responders: true, ...who })}\r\n`,
        );
        socket.write(`SUB ${inbox} 1\r\n`);
        socket.write(`PUB patchbay.v1.${orgId}.tools.execute ${inbox} ${body.length}\r\n${body}\r\n`);
      }
      if (/^MSG \S+ 1 \d+\r\n.*\r\n/ms.test(received)) break;
    }

    const [, reply = ''] = /^MSG \S+ 1 \d+\r\n(.*?)\r\n/ms.exec(received) ?? [];
    expect(JSON.parse(reply)).toMatchObject({ status: 'succeeded', variables: { order_id: 'ORD-12345' } });
  });
});

/** Answers the server's challenge as the owner of an nkey seed does: Ed25519, by what Node itself has. */
function signedIn(seed: string, nonce: string): { nkey: string; sig: string } {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex'); // PKCS #8 of a raw Ed25519 key
  const key = createPrivateKey({
    key: Buffer.concat([prefix, fromBase32(seed).subarray(2, 34)]),
    format: 'der',
    type: 'pkcs8',
  });
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  const named = Buffer.concat([Buffer.from([20 << 3]), Buffer.from(x, 'base64url')]); // 20: `U`, a user
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc16(named));
  return {
    nkey: toBase32(Buffer.concat([named, checksum])),
    sig: sign(null, Buffer.from(nonce), key).toString('base64url'),
  };
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (character) => BASE32.indexOf(character).toString(2).padStart(5, '0')).join(
    '',
  );
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

/** XMODEM. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const octet of bytes) {
    crc ^= octet << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return crc;
}
