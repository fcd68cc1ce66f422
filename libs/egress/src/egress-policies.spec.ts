import { describe, expect, it } from '@jest/globals';
import { policiesOf, type EgressPolicies } from './egress-policies.js';
import { EgressPolicy, type Reach } from './egress-policy.js';
import { parseTarget } from './parse-target.js';
import { parseEgressAllow } from './policy-entries.js';
import { parsePolicyFile } from './policy-file.js';

const OPEN = '0190a7c0-0000-7000-8000-00000000000a';
const CLOSED = '0190a7c0-0000-7000-8000-00000000000b';
const NOBODY = '0190a7c0-0000-7000-8000-00000000000c';

const policies: EgressPolicies = policiesOf(
  parseEgressAllow('http://sample.corp:4010'),
  parsePolicyFile(
    JSON.stringify({
      allow: ['10.1.0.0/16'],
      deny: ['competitor.com', '10.1.9.0/24'],
      organizations: {
        [OPEN]: {
          allow: ['10.7.0.0/16', '10.1.9.9/32', 'https://shop.competitor.com'],
          schemes: ['https', 'http'],
          ports: [443, 80, 9000],
        },
        [CLOSED]: { deny: ['10.1.0.0/16', 'http://sample.corp:4010'], schemes: [] },
      },
    }),
  ),
);

describe('the policy of an organization', () => {
  it.each<[string, string, string, Reach | 'closed']>([
    ['what EGRESS_ALLOW names is open to all', NOBODY, 'http://sample.corp:4010/', 'named_origin'],
    ['what the file allows is open to all', NOBODY, 'http://10.1.2.3/', 'named_networks'],
    ['what the file denies is closed to all', NOBODY, 'https://competitor.com/', 'closed'],
    ['also below a denied host', NOBODY, 'https://api.competitor.com/', 'closed'],
    ['but not beside it', NOBODY, 'https://notcompetitor.com/', 'public'],
    ['an address amid an allowed network can be denied', NOBODY, 'http://10.1.9.9/', 'closed'],
    ['what another organization was given is closed', NOBODY, 'http://10.7.0.1/', 'closed'],
    ['plain http leads to the named networks only', NOBODY, 'http://api.partner.com/', 'named_networks'],
    [
      'other ports lead to the named networks only',
      NOBODY,
      'https://api.partner.com:9000/',
      'named_networks',
    ],
    ['a network of its own is open', OPEN, 'http://10.7.0.1/', 'public'],
    ['what is shared is open to it too', OPEN, 'http://10.1.2.3/', 'public'],
    ['it cannot open what is denied to all: an address', OPEN, 'http://10.1.9.9/', 'closed'],
    ['it cannot open what is denied to all: a host', OPEN, 'https://shop.competitor.com/', 'closed'],
    ['a scheme of its own is open', OPEN, 'http://api.partner.com/', 'public'],
    ['a port of its own is open', OPEN, 'https://api.partner.com:9000/', 'public'],
    ['its ports take the place of the usual ones', OPEN, 'https://api.partner.com:8443/', 'named_networks'],
    ['loopback stays closed by http', OPEN, 'http://127.0.0.1:9000/', 'closed'],
    ['metadata stays closed by http', OPEN, 'http://169.254.169.254/', 'closed'],
    ['what is shared can be denied to one', CLOSED, 'http://10.1.2.3/', 'closed'],
    ['an origin that is shared can be denied to one', CLOSED, 'http://sample.corp:4010/', 'closed'],
    ['no scheme at all leaves what is named', CLOSED, 'https://api.partner.com/', 'named_networks'],
  ])('%s: %s, %s, %s', (_name, orgId, url, expected) => {
    const target = parseTarget(url, policies.of(orgId));

    expect(target.ok ? target.reach : 'closed').toBe(expected);
  });

  it('is found by its id in any case, and is the same object each time', () => {
    expect(policies.of(OPEN.toUpperCase())).toBe(policies.of(OPEN));
    expect(policies.of(NOBODY)).toBe(policies.ofEverybody);
    expect(policies.of('')).toBe(policies.ofEverybody);
    expect(policies.all).toHaveLength(3);
  });

  it('says what would be right', () => {
    const [https, none] = [{ ports: [443, 9000] }, { schemes: [] }].map((rules) => new EgressPolicy(rules));

    expect(parseTarget('https://api.partner.com:8443/', https!)).toMatchObject({
      message: 'Port 8443 is not allowed: use 443 or 9000.',
    });
    expect(parseTarget('https://api.partner.com/', none!)).toMatchObject({
      reason: 'name_not_allowed',
      message: 'This host is not among those that may be called.',
    });
  });
});
