import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deploymentKeys } from './deployment-keys.js';

describe('the keys of a deployment', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchbay-keys-'));
    file = join(folder, 'deeper', 'keys.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are made once, for their owner only', async () => {
    const made = await deploymentKeys(file);

    expect(await deploymentKeys(file)).toEqual(made);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('are added where an older file has none, and what it has stays', async () => {
    const { grantKey, ...older } = await deploymentKeys(file);
    await writeFile(file, JSON.stringify(older));

    const completed = await deploymentKeys(file);

    expect(completed).toEqual({ ...older, grantKey: expect.stringMatching(/^.{43}=$/) });
    expect(completed.grantKey).not.toBe(grantKey);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(completed);
  });
});
