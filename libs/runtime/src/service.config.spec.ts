import { authority } from '#egress/testing/certificates';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from './load-config.js';
import { EgressServiceConfig } from './service.config.js';

const DATABASE_URL = 'postgres://user:password@127.0.0.1/patchbay';
const half = authority.replace(/\n[^]*\n(?=-----END)/, '\nMIIB\n');

describe('what an operator says about the way out', () => {
  let folder: string;
  const files = {
    'good.json': '{"ports":[443,8443]}',
    'broken.json': '{"ports":',
    'unknown.json': '{"port":443}',
    'good.pem': authority,
    'empty.pem': '',
    'half.pem': authority + half,
  };
  const load = (environment: Record<string, string>) => {
    const given: Record<string, string> = { DATABASE_URL };
    for (const [name, value] of Object.entries(environment)) given[name] = value.replace('@', folder);
    return loadConfig(EgressServiceConfig, given);
  };

  beforeAll(async () => {
    folder = `${await mkdtemp(join(tmpdir(), 'patchbay-config-'))}/`;
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is taken as it is written', () => {
    const said = {
      EGRESS_ALLOW: '10.1.0.0/16',
      EGRESS_POLICY_FILE: '@good.json',
      EGRESS_CA_FILE: '@good.pem',
    };

    expect(load(said)).toMatchObject({ EGRESS_ALLOW: '10.1.0.0/16', EGRESS_CA_FILE: `${folder}good.pem` });
    expect(load({ EGRESS_PROXY_URL: 'http://proxy.corp:4750' })).toBeInstanceOf(EgressServiceConfig);
    expect(load({})).toMatchObject({ EGRESS_ALLOW: '' });
  });

  it.each([
    ['EGRESS_ALLOW', '10.1.2.3', 'EGRESS_ALLOW: `10.1.2.3` has no prefix length: write 10.1.2.3/32'],
    ['EGRESS_POLICY_FILE', '@none.json', 'EGRESS_POLICY_FILE names a file that cannot be read (ENOENT)'],
    ['EGRESS_POLICY_FILE', '@broken.json', 'EGRESS_POLICY_FILE is not JSON'],
    ['EGRESS_POLICY_FILE', '@unknown.json', '/port is not known here'],
    ['EGRESS_CA_FILE', '@none.pem', 'EGRESS_CA_FILE names a file that cannot be read (ENOENT)'],
    ['EGRESS_CA_FILE', '@empty.pem', 'EGRESS_CA_FILE names a file without a certificate'],
    ['EGRESS_CA_FILE', '@half.pem', 'EGRESS_CA_FILE: certificate 2 of its file cannot be read'],
    ['EGRESS_PROXY_URL', 'socks5://user:hunter2%40proxy:1', 'EGRESS_PROXY_URL must be http://host:port'],
  ])('is refused with the rest of the configuration: %s=%s', (variable, value, message) => {
    const refusal = (() => {
      try {
        return load({ [variable]: value, DRAIN_MS: 'soon' });
      } catch (error) {
        return error;
      }
    })() as Error;

    expect(refusal).toBeInstanceOf(ConfigError);
    expect(refusal.message).toContain(message);
    expect(refusal.message).toContain('DRAIN_MS');
    expect(refusal.message).not.toContain('hunter2');
  });
});
