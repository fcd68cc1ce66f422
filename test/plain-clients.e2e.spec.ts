import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
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

  it('gets the same from Python, speaking the protocol of NATS and nothing else', async () => {
    // nats-py is not to be had everywhere; the protocol is text, and this is all of it that a request needs.
    const script = `
import json, re, socket
demo = json.load(open(".patchbay/demo.json")); host, port = re.match(r"nats://(.*):(\\d+)", demo["natsUrl"]).groups()
s = socket.create_connection((host, int(port))); f = s.makefile("rb"); f.readline()
body = json.dumps({"toolKey": "get_order_status", "arguments": {"orderId": "ORD-12345"}, "deadlineMs": 3000}).encode()
subject = f"patchbay.v1.{demo['orgId']}.tools.execute"
s.sendall(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\\r\\nSUB inbox 1\\r\\n'
  + f"PUB {subject} inbox {len(body)}\\r\\n".encode() + body + b"\\r\\n")
while not (line := f.readline()).startswith(b"MSG"): pass
print(json.loads(f.read(int(line.split()[-1])))["variables"]["order_id"])
`;
    await writeFile(join(folder, 'client.py'), script);

    const { stdout } = await execute('python3', ['client.py'], { cwd: folder });

    expect(stdout.trim()).toBe('ORD-12345');
  });

  it('gets the same from curl, as npm start prints it', async () => {
    const { restUrl } = test.platform;
    const demo = JSON.parse(await readFile(join(folder, '.patchbay', 'demo.json'), 'utf8')) as {
      executorKey: string;
    };
    const body = JSON.stringify({ toolKey: 'get_order_status', arguments: { orderId: 'ORD-12345' } });
    const authorization = `Authorization: Bearer ${demo.executorKey}`;

    const { stdout } = await execute('curl', [
      '-s',
      `${restUrl}/v1/executions`,
      '-H',
      authorization,
      '-H',
      'Content-Type: application/json',
      '-d',
      body,
    ]);

    expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded', variables: { order_id: 'ORD-12345' } });
  });
});
