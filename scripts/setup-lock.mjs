// One setup at a time: two `npm test` beside each other must not both replace node_modules. The lock is a folder that
// holds its owner's name, so that the next one can tell when the owner is gone.
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';

/** The longest that an owner can go without signing: setup.mjs lets no program run as long. */
const longestSilenceMs = 960_000;

/** Does the work while nobody else holds the lock. */
export async function withLock(lock, { onWait, work }) {
  fs.mkdirSync(dirname(lock), { recursive: true });
  for (let waits = 0; !take(lock); waits += 1) {
    if (removeIfAbandoned(lock)) continue;
    if (waits === 0) onWait();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    fs.rmSync(lock, { recursive: true, force: true });
  }
}

/** The program that the owner waits for signs too: an interrupted npm outlives us, still at work in node_modules. */
export function signLock(lock, ...programs) {
  const owner = { host: hostname(), pids: [process.pid, ...programs], at: Date.now() };
  fs.writeFileSync(join(lock, 'owner'), JSON.stringify(owner));
}

function take(lock) {
  const mine = fs.mkdtempSync(`${lock}.`);
  signLock(mine);
  try {
    fs.renameSync(mine, lock); // fails when there is one, for it is not empty
    return true;
  } catch {
    fs.rmSync(mine, { recursive: true });
    return false;
  }
}

function removeIfAbandoned(lock) {
  const owner = readOwner(lock);
  if (!owner || isAtWork(owner)) return false;
  // Renamed first: of several that find it abandoned, one gets it.
  const moved = `${lock}.${process.pid}`;
  try {
    fs.renameSync(lock, moved);
  } catch {
    return false; // another was quicker
  }
  const isTheSame = readOwner(moved)?.at === owner.at;
  if (isTheSame) fs.rmSync(moved, { recursive: true });
  else fs.renameSync(moved, lock); // and has the lock already
  return isTheSame;
}

function readOwner(lock) {
  try {
    return JSON.parse(read(join(lock, 'owner')));
  } catch {
    return undefined; // gone, or being signed
  }
}

/** Of another machine, or another container, nobody can tell: then only the time counts. */
function isAtWork({ host, pids, at }) {
  if (Date.now() - at > longestSilenceMs) return false;
  return host !== hostname() || pids.some(isRunning);
}

function isRunning(pid) {
  if (pid === process.pid) return false; // a container's numbers start anew
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return !/\) Z /.test(read(`/proc/${pid}/stat`)); // in a container, often nobody buries the dead
}

/** A file's text; nothing when there is no such file. */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
