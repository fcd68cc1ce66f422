import { describe, expect, it } from '@jest/globals';
import { addressBytes, contains, liesWithin, parseCidr } from './cidr.js';

describe('addressBytes', () => {
  it.each([
    ['1.2.3.4', [1, 2, 3, 4]],
    ['::1', [...Array<number>(15).fill(0), 1]],
    ['2001:DB8::', [0x20, 1, 0x0d, 0xb8, ...Array<number>(12).fill(0)]],
    ['::ffff:1.2.3.4', [...Array<number>(10).fill(0), 255, 255, 1, 2, 3, 4]],
  ])('reads %s', (address, bytes) => {
    expect(addressBytes(address)).toEqual(bytes);
  });

  it.each([
    '127.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '2130706433',
    '1.2.3.4 ',
    '[::1]',
    'fe80::1%eth0',
    'localhost',
    '',
  ])('reads nothing into %j, which other parsers take for an address', (text) => {
    expect(addressBytes(text)).toBeUndefined();
  });
});

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3/32', '10.1.2.3/32'],
    ['172.31.0.0/12', '172.16.0.0/12'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:0db8::1/33', '2001:db8::/33'],
  ])('reads %s as the block %s', (text, block) => {
    expect(parseCidr(text)?.text).toBe(block);
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10/8',
    '::/129',
    '/8',
  ])('does not take %j for a block', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe('containment', () => {
  const block = (text: string) => parseCidr(text)!;

  it.each([
    ['172.16.0.0/12', '172.16.0.0', true],
    ['172.16.0.0/12', '172.31.255.255', true],
    ['172.16.0.0/12', '172.15.255.255', false],
    ['172.16.0.0/12', '172.32.0.0', false],
    ['8.8.8.8/32', '8.8.8.9', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['2000::/3', '3fff:ffff::', true],
    ['2000::/3', '4000::', false],
    ['::/0', '1.2.3.4', false],
    ['0.0.0.0/0', '::1.2.3.4', false],
  ])('whether %s holds %s: %s', (cidr, address, expected) => {
    expect(contains(block(cidr), addressBytes(address)!)).toBe(expected);
  });

  it.each([
    ['10.1.0.0/16', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/7', '10.0.0.0/8', false],
    ['11.0.0.0/16', '10.0.0.0/8', false],
  ])('whether %s lies within %s: %s', (inner, outer, expected) => {
    expect(liesWithin(block(inner), block(outer))).toBe(expected);
  });
});
