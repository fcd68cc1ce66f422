import { parseCidr, type Cidr } from './cidr.js';
import { schemes, type PolicyRules, type Scheme } from './egress-policy.js';
import { infrastructurePorts } from './parse-target.js';
import { readAllowance, readDenial, type Read } from './policy-entries.js';

/** What `EGRESS_POLICY_FILE` says. */
export interface PolicyFile extends PolicyRules {
  /** By organization, its id in lower case. */
  readonly organizations?: ReadonlyMap<string, PolicyRules>;
}

/** Reads what stands at a pointer, noting what is wrong with it. */
type Field = (found: unknown, pointer: string, problems: string[]) => unknown;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const ofAnybody: Readonly<Record<string, Field>> = {
  allow: listOf(ofText(readAllowance)),
  deny: listOf(ofText(readDenial)),
  schemes: listOf(readScheme),
  ports: listOf(readPort),
};
const ofEverybody: Readonly<Record<string, Field>> = {
  ...ofAnybody,
  nat64Prefix: readNat64Prefix,
  organizations: readOrganizations,
};

/**
 * Reads the policy file, strictly: a name it does not know is a mistake.
 * @throws Error with every problem by JSON Pointer, and what would be right.
 */
export function parsePolicyFile(text: string): PolicyFile {
  const problems: string[] = [];
  const file: PolicyFile = readObject(parseJson(text), '', problems, ofEverybody);
  if (problems.length > 0) throw new Error(`EGRESS_POLICY_FILE:\n  ${problems.join('\n  ')}`);
  return file;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`EGRESS_POLICY_FILE is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function readObject(
  found: unknown,
  pointer: string,
  problems: string[],
  fields: Readonly<Record<string, Field>>,
): Record<string, unknown> {
  const known = Object.keys(fields).join(', ');
  const read: Record<string, unknown> = {};
  for (const [name, value] of entriesOf(found, pointer, problems, `an object with ${known}`)) {
    const at = `${pointer}/${token(name)}`;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field) read[name] = field(value, at, problems);
    else problems.push(`${at} is not known here; what can be said is ${known}`);
  }
  return read;
}

function readOrganizations(found: unknown, pointer: string, problems: string[]): Map<string, PolicyRules> {
  const organizations = new Map<string, PolicyRules>();
  for (const [id, said] of entriesOf(found, pointer, problems, 'an object of organization ids')) {
    const at = `${pointer}/${token(id)}`;
    if (!UUID.test(id)) problems.push(`${at} must be an organization by its id, a UUID`);
    if (organizations.has(id.toLowerCase())) problems.push(`${at} is said twice`);
    organizations.set(id.toLowerCase(), readObject(said, at, problems, ofAnybody));
  }
  return organizations;
}

function entriesOf(
  found: unknown,
  pointer: string,
  problems: string[],
  wanted: string,
): readonly (readonly [string, unknown])[] {
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return Object.entries(found);
  problems.push(`${pointer || 'the file'} must be ${wanted}`);
  return [];
}

function listOf<Entry>(read: (found: unknown) => Read<Entry>): Field {
  return (found, pointer, problems) => {
    if (!Array.isArray(found)) {
      problems.push(`${pointer} must be a list`);
      return [];
    }
    return found.flatMap((one: unknown, index) => {
      const entry = read(one);
      if (entry.ok) return [entry.entry];
      problems.push(`${pointer}/${index}: ${entry.problem}`);
      return [];
    });
  };
}

function ofText<Entry>(read: (entry: string) => Read<Entry>): (found: unknown) => Read<Entry> {
  return (found) =>
    typeof found === 'string' ? read(found) : { ok: false, problem: 'must be a text: an origin or a CIDR' };
}

function readScheme(found: unknown): Read<Scheme> {
  const entry = schemes.find((scheme) => scheme === found);
  return entry ? { ok: true, entry } : { ok: false, problem: `must be ${schemes.join(' or ')}` };
}

function readPort(found: unknown): Read<number> {
  if (!Number.isInteger(found) || Number(found) < 1 || Number(found) > 65_535) {
    return { ok: false, problem: 'must be a port number, 1 to 65535' };
  }
  if (!infrastructurePorts.has(String(found))) return { ok: true, entry: Number(found) };
  const problem = `${String(found)} is a port of databases, mail and the like: allow the one origin that is meant`;
  return { ok: false, problem };
}

function readNat64Prefix(found: unknown, pointer: string, problems: string[]): Cidr | undefined {
  const cidr = typeof found === 'string' ? parseCidr(found) : undefined;
  if (cidr?.text === found && cidr?.prefixLength === 96 && cidr.bytes.length === 16) return cidr;
  problems.push(`${pointer} must be an IPv6 block of 96 bits, such as 64:ff9b::/96`);
  return undefined;
}

/** A name as part of a JSON Pointer. */
function token(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
