import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { AuditConfig } from '../apps/audit/src/config.js';
import { CatalogConfig } from '../apps/catalog/src/config.js';
import { ExecutorConfig } from '../apps/executor/src/config.js';
import { GatewayConfig } from '../apps/gateway/src/config.js';
import { VaultConfig } from '../apps/vault/src/config.js';
import { MigrateConfig } from './migrate.config.js';
import { StartConfig } from './start.config.js';

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

/** A variable is a line `#NAME=default` below a line that says what it means. */
function documented(): Variable[] {
  const lines = readFileSync('.env.example', 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const [, name, value] = /^#([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    return [{ name, value, meaning: /^# (.*)$/.exec(lines[index - 1] ?? '')?.[1] ?? '' }];
  });
}

/** Where two have a default of the same name, the service's is the one to tell. */
const classes = [
  CatalogConfig,
  VaultConfig,
  ExecutorConfig,
  AuditConfig,
  GatewayConfig,
  StartConfig,
  MigrateConfig,
];

function configured(): Map<string, string> {
  const found = new Map<string, string>();
  for (const config of classes) {
    for (const [name, value] of Object.entries(new config())) {
      if (!found.has(name)) found.set(name, value === undefined ? '' : String(value));
    }
  }
  return found;
}

/** What is read without a class: before there are packages, or by the rules of OpenTelemetry. */
function readDirectly(): string[] {
  const files = globSync('{apps,libs,scripts}/**/*.{ts,mjs}').filter(
    (file) => !/\.spec\.ts$|libs\/testing\//.test(file),
  );
  const pattern = /(?:process\.env\.|getStringFromEnv\(')([A-Z][A-Z0-9_]+)/g;
  const names = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name]) => name!),
  );
  return names.filter((name) => name !== 'PATH');
}

describe('.env.example', () => {
  it('has every variable once, and none that nobody reads', () => {
    const read = new Set([...configured().keys(), ...readDirectly()]);

    expect(
      documented()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...read].sort());
  });

  it('tells the defaults as they are', () => {
    const defaults = configured();
    const told = documented().filter(({ name }) => defaults.has(name));

    expect(told.map(({ name, value }) => [name, value])).toEqual(
      told.map(({ name }) => [name, defaults.get(name)]),
    );
  });

  it('says of each what it means, in one line', () => {
    expect(documented().filter(({ meaning }) => !/\w.*[.…]$/.test(meaning))).toEqual([]);
    for (const line of readFileSync('.env.example', 'utf8').split('\n'))
      expect(line.length).toBeLessThan(130);
  });

  it('sets nothing when it is copied as it is', () => {
    expect(
      readFileSync('.env.example', 'utf8')
        .split('\n')
        .filter((line) => !/^(#|$)/.test(line)),
    ).toEqual([]);
  });
});
