/** How a credential goes into a request, and nothing of what it is. */
export type CredentialUse =
  | { readonly type: 'none' | 'bearer' | 'basic' | 'aws_sigv4' | 'mtls' }
  | { readonly type: 'api_key'; readonly in: 'header' | 'query' | 'body'; readonly parameter: string }
  | { readonly type: 'headers'; readonly names: readonly string[] }
  | { readonly type: 'hmac'; readonly header: string }
  /** By client credentials, or by what somebody agrees to at the authorization URL. */
  | {
      readonly type: 'oauth2';
      readonly tokenUrl: string;
      readonly authorizationUrl?: string;
      readonly scopes: readonly string[];
    };

/** A place for a credential, under the name it has in the organization. */
export interface CredentialSlot {
  readonly name: string;
  readonly use: CredentialUse;
}

type Scheme = Readonly<Record<string, unknown>>;
/** Schemes, each with the scopes it has to have. */
type Requirement = Readonly<Record<string, readonly string[]>>;

/** Security schemes as they come up, each slot under a name of its own. */
export class SecuritySchemes {
  private readonly schemes = new Map<string, Scheme>();
  private readonly requirements = new Map<string, Requirement>();

  constructor(private readonly slots: ReadonlyMap<string, CredentialSlot>) {}

  /** What a request with this credential has to satisfy, all of it at once. Empty: nothing. */
  requirementOf(credentialId: string): Requirement {
    const known = this.requirements.get(credentialId);
    if (known) return known;
    const slot = this.slots.get(credentialId);
    const scopes = slot?.use.type === 'oauth2' ? slot.use.scopes : [];
    const schemes = slot ? schemesOf(slot) : [];
    const requirement = Object.fromEntries(
      schemes.map((scheme) => [this.add(slot?.name ?? '', scheme), scopes] as const),
    );
    this.requirements.set(credentialId, requirement);
    return requirement;
  }

  /** What goes into the body under this name: OpenAPI has no scheme for that. */
  bodyParameterOf(credentialId: string): { readonly slot: string; readonly parameter: string } | undefined {
    const slot = this.slots.get(credentialId);
    if (slot?.use.type !== 'api_key' || slot.use.in !== 'body') return undefined;
    return { slot: slot.name, parameter: slot.use.parameter };
  }

  /** Every scheme that was asked for, by its name. */
  get all(): Readonly<Record<string, Scheme>> {
    return Object.fromEntries(this.schemes);
  }

  private add(slot: string, scheme: Scheme): string {
    const plain = slot.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^_|_$/g, '') || 'credential';
    let name = plain;
    for (let count = 2; this.schemes.has(name); count += 1) name = `${plain}_${count}`;
    this.schemes.set(name, scheme);
    return name;
  }
}

function schemesOf({ name, use }: CredentialSlot): Scheme[] {
  const description = `The credential “${name}”`;
  const inHeader = (header: string, what = description) => ({
    type: 'apiKey',
    in: 'header',
    name: header,
    description: what,
  });
  switch (use.type) {
    case 'none':
      return [];
    case 'bearer':
    case 'basic':
      return [{ type: 'http', scheme: use.type, description }];
    case 'api_key':
      return use.in === 'body' ? [] : [{ type: 'apiKey', in: use.in, name: use.parameter, description }];
    case 'headers':
      return use.names.map((header) => inHeader(header));
    case 'hmac':
      return [inHeader(use.header, `${description}: an HMAC signature of the request`)];
    case 'aws_sigv4':
      return [inHeader('Authorization', `${description}: an AWS signature, version 4, of the request`)];
    case 'oauth2': {
      const scopes = Object.fromEntries(use.scopes.map((scope) => [scope, '']));
      return [
        {
          type: 'oauth2',
          description,
          flows: use.authorizationUrl
            ? {
                authorizationCode: {
                  authorizationUrl: bare(use.authorizationUrl),
                  tokenUrl: bare(use.tokenUrl),
                  scopes,
                },
              }
            : { clientCredentials: { tokenUrl: bare(use.tokenUrl), scopes } },
        },
      ];
    }
    case 'mtls':
      return [{ type: 'mutualTLS', description }];
  }
}

/** Without what somebody may have put behind the path: the document is made to be passed on. */
function bare(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
