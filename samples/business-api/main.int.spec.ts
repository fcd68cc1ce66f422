import { Child } from '#devstack/child-process';
import { describe, expect, it } from '@jest/globals';

describe('the sample API as a process', () => {
  it('says where it listens, keeps its secrets out of its output, and ends when asked', async () => {
    const lines: string[] = [];
    const child = new Child('sample API', process.execPath, ['dist/samples/business-api/main.js'], {
      env: { ...process.env, SAMPLE_API_BEARER_TOKEN: 'token-from-outside' },
    });
    child.onLine((line) => lines.push(line));
    const line = await child.waitForLine(/^sample API listening on http/, 10_000);
    const url = line.replace('sample API listening on ', '');

    const headers = { Authorization: 'Bearer token-from-outside' };
    expect((await fetch(`${url}/orders/ORD-12345`, { headers })).status).toBe(200);

    expect(await child.stop()).toEqual({ code: 0, signal: null });
    expect(lines).toEqual([`sample API listening on ${url}`]);
  });
});
