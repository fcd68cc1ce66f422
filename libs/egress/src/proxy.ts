import { parseCanonicalUrl } from './canonical-url.js';

/** A CONNECT proxy of the operator's that every connection goes through. Its password cannot be printed. */
export class Proxy {
  readonly hostname: string;
  readonly port: number;
  /** Whether it is spoken to by TLS. */
  readonly isSecure: boolean;
  readonly #authorization: string | undefined;

  private constructor({ hostname, port, protocol }: URL, userinfo: string | undefined) {
    this.hostname = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    this.isSecure = protocol === 'https:';
    this.port = port === '' ? (this.isSecure ? 443 : 80) : Number(port);
    this.#authorization = userinfo && `Basic ${Buffer.from(decodeURIComponent(userinfo)).toString('base64')}`;
  }

  /**
   * Reads `EGRESS_PROXY_URL`: `http://host:port` or `https://host:port`, with `user:password@` where the proxy asks for it.
   * @throws Error that does not quote it
   */
  static parse(text: string): Proxy {
    const [, scheme = '', userinfo, rest = ''] = /^(https?:\/\/)(?:([^/?#@]*)@)?([^@]*)$/i.exec(text) ?? [];
    const parsed = parseCanonicalUrl(scheme + rest);
    const isEncoded = userinfo === undefined || /^(?:[!-~](?<!%)|%[0-9a-f]{2})*$/i.test(userinfo);
    if (parsed.ok && isEncoded && /^[^/?#]*\/?$/.test(rest)) return new Proxy(parsed.url, userinfo);
    throw new Error(
      'EGRESS_PROXY_URL must be http://host:port or https://host:port; user:password@ before the host, percent-encoded',
    );
  }

  /** The request for a tunnel. @param authority `address:port` */
  connectRequest(authority: string): string {
    const authorization = this.#authorization && `proxy-authorization: ${this.#authorization}\r\n`;
    return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization ?? ''}\r\n`;
  }
}
