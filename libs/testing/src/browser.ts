/** Goes where links and redirects lead, and keeps its cookies: what a person's browser does of a sign-in. */
export class Browser {
  /** By origin, then name. */
  private readonly cookies = new Map<string, Map<string, string>>();

  /** One request; redirects are not followed. */
  async visit(
    url: string,
    options: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Visit> {
    const { origin } = new URL(url);
    const jar = this.cookies.get(origin) ?? new Map<string, string>();
    this.cookies.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const { method = 'GET', headers } = options;
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(cookie && { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    const location = response.headers.get('location');
    const next = location === null ? undefined : new URL(location, url).href;
    return { status: response.status, headers: response.headers, text: await response.text(), next };
  }

  /** From link to link until there is none. */
  async follow(url: string): Promise<Visit> {
    let visit = await this.visit(url);
    while (visit.next !== undefined) visit = await this.visit(visit.next);
    return visit;
  }

  /** Of a place. */
  cookiesOf(origin: string): string[] {
    return [...(this.cookies.get(origin)?.values() ?? [])];
  }
}

export interface Visit {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where it is sent on to. */
  readonly next: string | undefined;
}
