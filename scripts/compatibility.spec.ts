import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';

/** Each `file`: title of the table. */
const named = [
  ...readFileSync('docs/compatibility.md', 'utf8').matchAll(/`([^`]+\.spec\.ts)`: (.+?) *(?=<br>|\|\n)/g),
].map(([, file = '', title = '']) => ({ file, title }));

describe('docs/compatibility.md', () => {
  it('names a test for every line', () => {
    const lines = readFileSync('docs/compatibility.md', 'utf8').split('\n');
    const rows = lines.filter((line) => line.startsWith('| ') && !/^\| (what|-+) /.test(line));

    expect(rows.filter((row) => !row.includes('.spec.ts`: '))).toEqual([]);
    expect(named.length).toBeGreaterThanOrEqual(rows.length);
  });

  it('names only tests there are', () => {
    const missing = named.filter(({ file, title }) => {
      const source = existsSync(file) ? readFileSync(file, 'utf8').replaceAll(/\\(['"`])/g, '$1') : '';
      return !source.includes(title);
    });

    expect(missing).toEqual([]);
  });
});
