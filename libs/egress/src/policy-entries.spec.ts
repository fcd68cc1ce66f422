import { describe, expect, it } from '@jest/globals';
import { parseEgressAllow, readDenial } from './policy-entries.js';

describe('parseEgressAllow', () => {
  it('reads origins and CIDRs, tolerating spaces, empty entries and a closing slash', () => {
    const read = parseEgressAllow(
      ' http://127.0.0.1:4010/, ,10.1.0.0/16,https://Internal.Example:443,fd12::/48,',
    );

    expect(read.map((one) => (one.kind === 'origin' ? one.origin : one.cidr.text))).toEqual([
      'http://127.0.0.1:4010',
      '10.1.0.0/16',
      'https://internal.example',
      'fd12::/48',
    ]);
    expect(parseEgressAllow('')).toEqual([]);
  });

  it.each([
    ['10.1.2.3/16', '`10.1.2.3/16` is not how its block is written: write 10.1.0.0/16'],
    ['FD12::/48', 'write fd12::/48'],
    ['10.1.2.3', '`10.1.2.3` has no prefix length: write 10.1.2.3/32'],
    ['::1', 'write ::1/128'],
    [
      'internal.example',
      '`internal.example` is neither an origin nor a CIDR: write https://host or 10.1.0.0/16',
    ],
    ['10.0.0.0/33', 'is neither an origin nor a CIDR'],
    ['0.0.0.0/0', '`0.0.0.0/0` is wider than /8: list what you mean'],
    ['::/0', '`::/0` is wider than /7: list what you mean'],
    ['https://internal.example/api', 'has more than an origin: write https://internal.example'],
    ['https://internal.example?x=1', 'has more than an origin: write https://internal.example'],
    ['https://internal.example#x', 'has more than an origin: write https://internal.example'],
    ['ftp://internal.example', 'is not an origin: write https://host or http://host:port'],
    ['https://*.internal.example', 'is not an origin'],
    ['http://0x7f000001', 'is not an origin'],
    ['https://', 'is not an origin'],
  ])('says what would be right instead of %s', (entry, message) => {
    expect(() => parseEgressAllow(`10.1.0.0/16,${entry}`)).toThrow(message);
  });

  it('lists every bad entry, and no password', () => {
    const read = () => parseEgressAllow('10.1.2.3,https://admin:hunter2@internal.example,nonsense');

    expect(read).toThrow(/10\.1\.2\.3.*user name.*nonsense/);
    expect(read).not.toThrow(/hunter2/);
  });
});

describe('readDenial', () => {
  it.each([
    ['partner.example', { kind: 'host', host: 'partner.example' }],
    ['Partner.Example', { kind: 'host', host: 'partner.example' }],
    ['redis', { kind: 'host', host: 'redis' }],
    ['https://partner.example:8443/', { kind: 'origin', origin: 'https://partner.example:8443' }],
    ['0.0.0.0/0', { kind: 'network', cidr: { text: '0.0.0.0/0' } }],
    ['2606:4700::/32', { kind: 'network', cidr: { text: '2606:4700::/32' } }],
  ])('takes %s', (entry, expected) => {
    expect(readDenial(entry)).toMatchObject({ ok: true, entry: expected });
  });

  it.each([
    ['93.184.216.34', 'write 93.184.216.34/32'],
    ['::1', 'write ::1/128'],
    ['10.1.2.3/16', 'write 10.1.0.0/16'],
    ['partner.example:8443', 'is no host, origin or CIDR'],
    ['partner.example/path', 'is neither an origin nor a CIDR'],
    ['*.partner.example', 'is no host, origin or CIDR'],
    ['127.1', 'is no host, origin or CIDR'],
    ['[::1]', 'is no host, origin or CIDR'],
    ['', 'is no host, origin or CIDR'],
    ['https://partner.example/path', 'has more than an origin'],
  ])('says what would be right instead of %s', (entry, problem) => {
    const read = readDenial(entry);

    expect(read).toMatchObject({ ok: false });
    expect(!read.ok && read.problem).toContain(problem);
  });
});
