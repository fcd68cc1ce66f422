import type { CredentialMaterial, CredentialSlot, Dropped, FoundSecret, SecretPlace } from './imported.js';

/** The secrets of one tool. */
export interface SecretUse {
  readonly toolKey: string;
  readonly origin: string;
  readonly where: string;
  readonly secrets: readonly FoundSecret[];
  /** Whether the tool names a credential already. */
  readonly hasCredential: boolean;
}

export interface Credentials {
  readonly slots: readonly CredentialSlot[];
  readonly secrets: ReadonlyMap<string, CredentialMaterial>;
  readonly dropped: readonly Dropped[];
}

/** What a tool's secrets come to as one credential, before it has a name. */
interface Need {
  readonly form: Pick<CredentialSlot, 'in' | 'parameter' | 'headers'> & {
    readonly type: Exclude<CredentialSlot['type'], 'secret'>;
  };
  readonly material?: CredentialMaterial | undefined;
  readonly label?: string | undefined;
}

/**
 * One credential for each secret, whichever tools use it. A tool has one: several that go into headers become one of
 * several headers, and what cannot be joined is dropped.
 */
export function gatherCredentials(uses: readonly SecretUse[]): Credentials {
  const slots = new Map<string, { need: Need; origins: Set<string>; usedBy: string[] }>();
  const dropped: Dropped[] = [];
  for (const use of uses) {
    const need = needOf(use, dropped);
    if (!need) continue;
    const scope = need.material || need.label !== undefined ? '' : use.origin;
    const identity = JSON.stringify([need, scope]);
    const slot = slots.get(identity) ?? { need, origins: new Set(), usedBy: [] };
    slots.set(identity, slot);
    slot.origins.add(use.origin);
    slot.usedBy.push(use.toolKey);
  }
  const secrets = new Map<string, CredentialMaterial>();
  const names = new Set<string>();
  const named = [...slots.values()].map(({ need, origins, usedBy }): CredentialSlot => {
    const name = unusedName(need.label ?? nameOf(need, [...origins][0] ?? ''), names);
    if (need.material) secrets.set(name, need.material);
    return {
      name,
      ...need.form,
      origins: [...origins].filter(Boolean),
      usedBy,
      found: need.material !== undefined,
    };
  });
  return { slots: named, secrets, dropped };
}

type Placed = FoundSecret & { readonly place: SecretPlace };

function needOf({ secrets, where, hasCredential }: SecretUse, dropped: Dropped[]): Need | undefined {
  const all = secrets.filter((secret): secret is Placed => secret.place.in !== 'unserved');
  if (hasCredential) {
    for (const { place } of all) {
      const why = 'the tool names a credential already, which is kept';
      dropped.push({ where, what: `the secret in ${placeName(place)}`, why });
    }
    return undefined;
  }
  const placed = withoutRepeats(all);
  const unserved = secrets.find(({ place }) => place.in === 'unserved');
  const inHeaders = placed.filter(({ place }) => headerOf(place) !== undefined);
  const kept = inHeaders.length > 0 ? inHeaders : placed.slice(0, 1);
  const isKept = (secret: Placed) => kept.some((one) => JSON.stringify(one) === JSON.stringify(secret));
  for (const { place } of all.filter((one) => !isKept(one))) {
    const why =
      'a tool has one credential, which goes into headers, or into one other place; this secret is another';
    dropped.push({ where, what: `the secret in ${placeName(place)}`, why });
  }
  const [only] = kept;
  if (only && kept.length === 1) return needOfOne(only);
  if (only) return needOfHeaders(kept);
  if (unserved?.place.in !== 'unserved') return undefined;
  return { form: { type: unserved.place.how }, label: unserved.label };
}

/** `-u` and an `Authorization` header both say the same; the first stands. */
function withoutRepeats(secrets: readonly Placed[]): Placed[] {
  const seen = new Set<string>();
  return secrets.filter(({ place }) => {
    const header = headerOf(place);
    const identity = header === undefined ? JSON.stringify(place) : header.toLowerCase();
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

function needOfOne({ place, value, label }: Placed): Need {
  switch (place.in) {
    case 'bearer': {
      const material = value === undefined ? undefined : ({ type: 'bearer', token: value } as const);
      return { form: { type: 'bearer' }, material, label };
    }
    case 'basic': {
      const { username } = place;
      const material =
        value === undefined ? undefined : ({ type: 'basic', username, password: value } as const);
      return { form: { type: 'basic' }, material, label };
    }
    default: {
      const form = { type: 'api_key', in: place.in, parameter: place.name } as const;
      return { form, material: value === undefined ? undefined : { ...form, value }, label };
    }
  }
}

function needOfHeaders(secrets: readonly Placed[]): Need {
  const headers = secrets.map(({ place, value }) => ({
    name: headerOf(place) ?? '',
    value: value === undefined ? undefined : headerValue(place, value),
  }));
  const labels = secrets.flatMap(({ label }) => (label === undefined ? [] : [label]));
  const filled = headers.flatMap(({ name, value }) => (value === undefined ? [] : [{ name, value }]));
  return {
    form: { type: 'headers', headers: headers.map(({ name }) => name) },
    material: filled.length === headers.length ? { type: 'headers', headers: filled } : undefined,
    label: labels.length > 0 ? labels.join(' and ') : undefined,
  };
}

function headerOf(place: SecretPlace): string | undefined {
  if (place.in === 'bearer' || place.in === 'basic') return 'Authorization';
  return place.in === 'header' ? place.name : undefined;
}

function headerValue(place: SecretPlace, value: string): string {
  if (place.in === 'bearer') return `Bearer ${value}`;
  if (place.in === 'basic') return `Basic ${Buffer.from(`${place.username}:${value}`).toString('base64')}`;
  return value;
}

function placeName(place: SecretPlace): string {
  return 'name' in place ? `the ${place.in} \`${place.name}\`` : 'the header `Authorization`';
}

function nameOf({ form }: Need, origin: string): string {
  const host = origin.replace(/^https?:\/\//, '') || 'the API';
  const what = {
    bearer: 'Bearer token',
    basic: 'Login',
    headers: form.headers?.join(' and ') ?? '',
    api_key: form.parameter ?? '',
    oauth2: 'OAuth 2',
    open_id_connect: 'OpenID Connect',
    mutual_tls: 'Client certificate',
    digest: 'Digest login',
    signature: 'Signing key',
    other: 'Credential',
  }[form.type];
  return `${what} for ${host}`;
}

const LONGEST_NAME = 120;

function unusedName(wanted: string, names: Set<string>): string {
  const base =
    wanted
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, LONGEST_NAME) || 'Credential';
  let name = base;
  for (let count = 2; names.has(name); count += 1) name = `${base.slice(0, LONGEST_NAME - 6)} ${count}`;
  names.add(name);
  return name;
}
