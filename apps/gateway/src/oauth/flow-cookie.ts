import type { Request, Response } from 'express';
import { createHash } from 'node:crypto';

/** As long as the browser may be away. */
const MAX_AGE_S = 600;

/**
 * What ties an authorization to the browser that began it. One cookie for each, so that two in one browser do not end
 * each other; the name follows from the `state` that comes back.
 */
export class FlowCookie {
  private readonly name: string;

  /** @param isSecure whether browsers come by https: only then may a cookie be `Secure`, and have the prefix `__Host-` */
  constructor(
    state: string,
    private readonly isSecure: boolean,
  ) {
    const which = createHash('sha256').update(state).digest('hex').slice(0, 16);
    this.name = `${isSecure ? '__Host-' : ''}patchbay-connect-${which}`;
  }

  set(response: Response, value: string): void {
    this.write(response, value, MAX_AGE_S);
  }

  clear(response: Response): void {
    this.write(response, '', 0);
  }

  /** Undefined when this browser has none; the first when somebody has slipped in another. */
  read({ headers }: Request): string | undefined {
    const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
    return pairs.find((pair) => pair.startsWith(`${this.name}=`))?.slice(this.name.length + 1);
  }

  private write(response: Response, value: string, maxAgeS: number): void {
    const attributes = [
      'Path=/',
      `Max-Age=${maxAgeS}`,
      'HttpOnly',
      'SameSite=Lax',
      ...(this.isSecure ? ['Secure'] : []),
    ];
    response.append('Set-Cookie', [`${this.name}=${value}`, ...attributes].join('; '));
  }
}
