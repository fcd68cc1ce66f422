import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
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
    const { restUrl, natsUrl, sampleUrl } = test.platform;
    const keys = await furnishDemo(restUrl, sampleUrl, await test.platform.firstAdmin(), undefined);
    folder = await mkdtemp(join(tmpdir(), 'patchbay-client-'));
    await mkdir(join(folder, '.patchbay'));
    await writeFile(join(folder, '.patchbay', 'demo.json'), JSON.stringify({ ...keys, natsUrl, restUrl }));
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
    const socket = connect(Number(new URL(platform.natsUrl).port), '127.0.0.1');
    socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB _INBOX.plain 1\r\n');
    socket.write(`PUB patchbay.v1.${orgId}.tools.execute _INBOX.plain ${body.length}\r\n${body}\r\n`);

    let received = '';
    for await (const chunk of socket) {
      received += String(chunk);
      if (/^MSG _INBOX\.plain 1 \d+\r\n.*\r\n/ms.test(received)) break;
    }

    const [, reply = ''] = /^MSG _INBOX\.plain 1 \d+\r\n(.*?)\r\n/ms.exec(received) ?? [];
    expect(JSON.parse(reply)).toMatchObject({ status: 'succeeded', variables: { order_id: 'ORD-12345' } });
  });
});
