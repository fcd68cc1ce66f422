import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

interface Run {
  readonly pid: number;
  readonly children: number[];
}

export interface HomeLock {
  /** Remembers a child, so that it can be found should we be killed. */
  note(pid: number): void;
  release(): Promise<void>;
}

/** What our processes have on their command lines: a pid alone may be somebody else's by now. */
const OURS = /nats-server|postgres|dist\/(apps|samples|scripts)\//;

/**
 * Makes this process the one that runs from a folder. What a run that was killed has left behind is ended first.
 * @throws Error when another run is alive
 */
export async function claimHome(home: string, say: (message: string) => void): Promise<HomeLock> {
  const file = join(home, 'run.json');
  const earlier = await readRun(file);
  if (earlier && isOurs(earlier.pid)) {
    throw new Error(
      `Patchbay already runs from this folder (process ${earlier.pid}); ${join(home, 'demo.json')} says where.`,
    );
  }
  const orphans = (earlier?.children ?? []).filter(isOurs);
  if (orphans.length > 0) {
    say(`Ending ${orphans.length} processes that an earlier start left behind …`);
    await Promise.all(orphans.map(end));
  }
  const run: Run = { pid: process.pid, children: [] };
  const save = () => writeFile(file, JSON.stringify(run));
  await save();
  let saved = Promise.resolve();
  return {
    note: (pid) => {
      run.children.push(pid);
      saved = saved.then(save);
    },
    release: async () => {
      await saved;
      await rm(file, { force: true });
    },
  };
}

async function readRun(file: string): Promise<Run | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Run;
  } catch {
    return undefined;
  }
}

function isOurs(pid: number): boolean {
  return OURS.test(commandLine(pid));
}

function commandLine(pid: number): string {
  try {
    // Its first: a slim container image has no ps.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout || '';
  }
}

async function end(pid: number): Promise<void> {
  process.kill(pid, 'SIGINT'); // Postgres's fast shutdown; the others end by it, too
  for (let tries = 0; tries < 50 && isOurs(pid); tries += 1) await wait(100);
  if (isOurs(pid)) process.kill(pid, 'SIGKILL');
}
