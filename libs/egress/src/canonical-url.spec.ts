import { describe, expect, it } from '@jest/globals';
import { parseCanonicalUrl } from './canonical-url.js';

describe('the WHATWG parser, whose readings this gate relies on', () => {
  it.each([
    ['http://127.1/', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://0x7f000001/', '127.0.0.1'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://0177.0.0.1/', '127.0.0.1'],
    ['http://017700000001/', '127.0.0.1'],
    ['http://127.0.0.1./', '127.0.0.1'],
    ['http://0/', '0.0.0.0'],
    ['http://127。0。0。1/', '127.0.0.1'],
    ['http://①②⑦.⓪.⓪.①/', '127.0.0.1'],
    ['http://１２７.0.0.1/', '127.0.0.1'],
    ['http://LOCALHOST./', 'localhost.'],
    ['http://loc%61lhost/', 'localhost'],
    ['http://ℓocalhost/', 'localhost'],
    ['http://local\u00adhost/', 'localhost'],
    ['http://12\n7.0.0.1/', '127.0.0.1'],
    ['http:127.0.0.1', '127.0.0.1'],
    ['http:////127.0.0.1', '127.0.0.1'],
    ['http:\\\\127.0.0.1', '127.0.0.1'],
    ['http://evil.com@127.0.0.1/', '127.0.0.1'],
    ['http://[::FFFF:127.0.0.1]/', '[::ffff:7f00:1]'],
    ['http://\u212Aey.com/', 'key.com'],
  ])('reads %j as %s', (text, hostname) => {
    expect(new URL(text).hostname).toBe(hostname);
    expect(parseCanonicalUrl(text).ok).toBe(false);
  });

  it.each([
    'http://[fe80::1%25eth0]/',
    'http://256.1.1.1/',
    'http://a b/',
    'http://a:65536/',
    'http://[::1/',
  ])('refuses %j itself', (text) => {
    expect(URL.canParse(text)).toBe(false);
  });
});

describe('parseCanonicalUrl', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com/'],
    ['https://api.example.com:443/a?b=c#d', 'https://api.example.com/a?b=c#d'],
    ['http://api.example.com:80/', 'http://api.example.com/'],
    ['HTTPS://API.Example.COM/Path', 'https://api.example.com/Path'],
    ['https://xn--mnchen-3ya.de/', 'https://xn--mnchen-3ya.de/'],
    ['https://93.184.216.34:8443/', 'https://93.184.216.34:8443/'],
    ['https://[2606:4700::1111]:8443/', 'https://[2606:4700::1111]:8443/'],
    ['https://api.example.com/ü?q=é', 'https://api.example.com/%C3%BC?q=%C3%A9'],
    ['https://api.example.com/@user', 'https://api.example.com/@user'],
    ['https://api.example.com?to=a@b.c', 'https://api.example.com/?to=a@b.c'],
  ])('takes %s', (text, href) => {
    const parsed = parseCanonicalUrl(text);

    expect(parsed.ok && parsed.url.href).toBe(href);
  });

  it.each([
    ['https://api.example.com/a b', 'malformed_url'],
    ['https://api.example.com/\u0000', 'malformed_url'],
    ['https://api.example.com/\u0085', 'malformed_url'],
    ['https://api.example.com/\u2028', 'malformed_url'],
    ['https://api.example.com\\@evil.com/', 'malformed_url'],
    ['https://', 'malformed_url'],
    ['https:///api.example.com', 'malformed_url'],
    ['api.example.com/path', 'malformed_url'],
    ['//api.example.com', 'malformed_url'],
    ['https://api.example.com:x/', 'malformed_url'],
    ['https://[::1', 'malformed_url'],
    [`https://api.example.com/${'a'.repeat(16_384)}`, 'malformed_url'],
    ['ftp://api.example.com/', 'scheme_not_allowed'],
    ['javascript:alert(1)', 'scheme_not_allowed'],
    ['https+unix://socket', 'scheme_not_allowed'],
    ['https://user@api.example.com/', 'userinfo'],
    ['https://@api.example.com/', 'userinfo'],
    ['https://api.example.com%2f@evil.com/', 'userinfo'],
    ['https://api.example.com./', 'host_not_canonical'],
    ['https://api.example.com:/', 'host_not_canonical'],
    ['https://api.example.com:0443/', 'host_not_canonical'],
    ['https://münchen.de/', 'host_not_canonical'],
    ['https://*.example.com/', 'host_not_canonical'],
    ['https://api..example.com/', 'host_not_canonical'],
    ['https://[2606:4700:0::1111]/', 'host_not_canonical'],
  ])('refuses %j: %s', (text, reason) => {
    expect(parseCanonicalUrl(text)).toMatchObject({ ok: false, reason });
  });

  it('never quotes the URL, which may carry a secret', () => {
    for (const text of ['https://u:hunter2@a.com', 'nonsense?key=hunter2', 'https://a.com:x/?key=hunter2']) {
      expect(JSON.stringify(parseCanonicalUrl(text))).not.toContain('hunter2');
    }
  });
});
