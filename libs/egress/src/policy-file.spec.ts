import { describe, expect, it } from '@jest/globals';
import { parsePolicyFile } from './policy-file.js';

const ORG = '0190a7c0-0000-7000-8000-000000000001';

describe('parsePolicyFile', () => {
  it('reads what holds for everybody and what holds for one organization', () => {
    const file = parsePolicyFile(
      JSON.stringify({
        allow: ['https://crm.corp'],
        deny: ['competitor.com'],
        schemes: ['https', 'http'],
        ports: [443, 80],
        nat64Prefix: '64:ff9b::/96',
        organizations: { [ORG.toUpperCase()]: { allow: ['10.7.0.0/16'], schemes: [] } },
      }),
    );

    expect(file).toMatchObject({
      allow: [{ kind: 'origin', origin: 'https://crm.corp' }],
      deny: [{ kind: 'host', host: 'competitor.com' }],
      schemes: ['https', 'http'],
      ports: [443, 80],
      nat64Prefix: { text: '64:ff9b::/96' },
    });
    expect([...(file.organizations ?? [])]).toMatchObject([
      [ORG, { allow: [{ cidr: { text: '10.7.0.0/16' } }], schemes: [] }],
    ]);
  });

  it.each<[unknown, string]>([
    [[], 'the file must be an object with allow, deny, schemes, ports, nat64Prefix, organizations'],
    [{ alow: [] }, '/alow is not known here; what can be said is allow, deny'],
    [{ allow: 'https://crm.corp' }, '/allow must be a list'],
    [
      { allow: ['10.1.2.3/16'] },
      '/allow/0: `10.1.2.3/16` is not how its block is written: write 10.1.0.0/16',
    ],
    [{ allow: ['https://crm.corp', 7] }, '/allow/1: must be a text'],
    [{ allow: ['0.0.0.0/0'] }, '/allow/0: `0.0.0.0/0` is wider than /8'],
    [{ deny: ['*.com'] }, '/deny/0: `*.com` is no host, origin or CIDR'],
    [{ schemes: ['ftp'] }, '/schemes/0: must be https or http'],
    [{ ports: ['443'] }, '/ports/0: must be a port number, 1 to 65535'],
    [{ ports: [65_536] }, '/ports/0: must be a port number, 1 to 65535'],
    [{ ports: [5432] }, '/ports/0: 5432 is a port of databases, mail and the like'],
    [{ nat64Prefix: '64:ff9b::/64' }, '/nat64Prefix must be an IPv6 block of 96 bits'],
    [{ nat64Prefix: '10.0.0.0/8' }, '/nat64Prefix must be an IPv6 block of 96 bits'],
    [{ organizations: ['x'] }, '/organizations must be an object of organization ids'],
    [{ organizations: { 'a/b': {} } }, '/organizations/a~1b must be an organization by its id, a UUID'],
    [
      { organizations: { [ORG]: { nat64Prefix: '' } } },
      `/organizations/${ORG}/nat64Prefix is not known here`,
    ],
    [{ organizations: { [ORG]: { deny: [''] } } }, `/organizations/${ORG}/deny/0: \`\` is no host`],
    [{ organizations: { [ORG]: {}, [ORG.toUpperCase()]: {} } }, 'is said twice'],
  ])('says where %j is wrong and what would be right', (file, problem) => {
    expect(() => parsePolicyFile(JSON.stringify(file))).toThrow(problem);
  });

  it('lists every problem at once', () => {
    const read = () => parsePolicyFile('{"ports":[0],"deny":[""],"colour":"red"}');

    expect(read).toThrow(/ports\/0[^]*deny\/0[^]*colour/);
  });

  it('says of what is not JSON where it ends to be', () => {
    expect(() => parsePolicyFile('{"allow":[}')).toThrow(/EGRESS_POLICY_FILE is not JSON/);
  });
});
