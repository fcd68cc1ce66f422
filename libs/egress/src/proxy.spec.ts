import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { Proxy } from './proxy.js';

describe('a proxy', () => {
  it.each([
    ['http://proxy.corp:4750', 'proxy.corp', 4750, false],
    ['http://proxy.corp', 'proxy.corp', 80, false],
    ['https://proxy.corp/', 'proxy.corp', 443, true],
    ['http://10.0.0.9:4750', '10.0.0.9', 4750, false],
    ['http://[fd12::1]:4750', 'fd12::1', 4750, false],
    ['http://us%40er:pa%3ass@proxy.corp:4750', 'proxy.corp', 4750, false],
  ])('is read from %s', (url, hostname, port, isSecure) => {
    expect(Proxy.parse(url)).toMatchObject({ hostname, port, isSecure });
  });

  it('is asked for an address, with what it wants to know', () => {
    expect(Proxy.parse('http://us%40er:pa%3Ass@proxy.corp:4750').connectRequest('93.184.216.34:443')).toBe(
      'CONNECT 93.184.216.34:443 HTTP/1.1\r\nhost: 93.184.216.34:443\r\n' +
        `proxy-authorization: Basic ${Buffer.from('us@er:pa:ss').toString('base64')}\r\n\r\n`,
    );
    expect(Proxy.parse('http://proxy.corp:4750').connectRequest('[2606:4700::1]:443')).toBe(
      'CONNECT [2606:4700::1]:443 HTTP/1.1\r\nhost: [2606:4700::1]:443\r\n\r\n',
    );
  });

  it.each([
    'proxy.corp:4750',
    'socks5://user:hunter2@proxy.corp:4750',
    'http://user:hunter2@',
    'http://user:hunter2@proxy.corp/path',
    'http://user:hunter2@proxy.corp?x=1',
    'http://user:hunter2%@proxy.corp',
    'http://user:hunter2%zz@proxy.corp',
    'http://user:hunt er2@proxy.corp',
    'http://a@user:hunter2@proxy.corp',
    'http://user:hunter2@proxy.corp:99999',
    '',
  ])('is not %s, and the refusal does not quote it', (url) => {
    expect(() => Proxy.parse(url)).toThrow('EGRESS_PROXY_URL must be http://host:port');
    expect(() => Proxy.parse(url)).not.toThrow(/hunter2/);
  });

  it('does not print its password', () => {
    const proxy = Proxy.parse('http://user:hunter2@proxy.corp');
    const printed = inspect(proxy, { showHidden: true, depth: 9 }) + JSON.stringify(proxy);

    expect(printed).not.toContain('hunter2');
    expect(printed).not.toContain(Buffer.from('user:hunter2').toString('base64'));
  });
});
