import { readPolicies } from '#egress/open-egress';
import { networkBlocks, originsByName, type NetworkBlock } from '#egress/network-blocks';
import { dump } from 'js-yaml';
import { parseArgs } from 'node:util';

// npm run --silent egress:network-policy > egress.yaml: Kubernetes' NetworkPolicy, from the tables libs/egress itself obeys
// and the EGRESS_* variables of this environment. docs/egress.md says how to use it.

const NAME = 'app.kubernetes.io/name';

interface Peer {
  readonly label: string;
  readonly value: string;
  readonly port: number;
}

const { values } = parseArgs({
  options: {
    namespace: { type: 'string' },
    nats: { type: 'string', default: `${NAME}=nats:4222` },
    postgres: { type: 'string', default: `${NAME}=postgres:5432` },
    /** Anything else inside the cluster that services talk to: the collector, a transit engine. */
    also: { type: 'string', multiple: true, default: [] },
    /** A CONNECT proxy: the services then reach nothing else outside, and the proxy what they would. */
    proxy: { type: 'string' },
  },
});

function main(): void {
  const { EGRESS_ALLOW = '', EGRESS_POLICY_FILE = '' } = process.env;
  const policies = readPolicies({ EGRESS_ALLOW, EGRESS_POLICY_FILE: EGRESS_POLICY_FILE || undefined });
  const outside = networkBlocks(policies).map(toRule);
  const inside = [values.nats, values.postgres, ...values.also].map((text) => toPeerRule(readPeer(text)));
  const dns = { ports: ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 })) };
  const proxy = values.proxy === undefined ? undefined : readPeer(values.proxy);
  const calling = {
    matchExpressions: [{ key: NAME, operator: 'In', values: ['executor', 'vault', 'gateway'] }],
  };
  const others = { matchExpressions: [{ key: NAME, operator: 'In', values: ['catalog', 'audit'] }] };
  const documents = [
    networkPolicy('patchbay-egress', calling, [dns, ...inside, ...(proxy ? [toPeerRule(proxy)] : outside)]),
    networkPolicy('patchbay-no-egress', others, [dns, ...inside]),
    ...(proxy
      ? [
          networkPolicy('patchbay-egress-proxy', { matchLabels: { [proxy.label]: proxy.value } }, [
            dns,
            ...outside,
          ]),
        ]
      : []),
  ];
  const names = originsByName(policies).map((origin) => `# ${origin}\n`);
  if (names.length > 0) {
    process.stdout.write(
      `# Allowed by name; let their addresses through yourself where they are not public:\n${names.join('')}`,
    );
  }
  process.stdout.write(
    documents.map((document) => dump(document, { noRefs: true, lineWidth: 120 })).join('---\n'),
  );
}

function networkPolicy(name: string, podSelector: object, egress: readonly object[]): object {
  const { namespace } = values;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    spec: { podSelector, policyTypes: ['Egress'], egress },
  };
}

function toRule({ cidr, except, ports }: NetworkBlock): object {
  return {
    to: [{ ipBlock: { cidr, ...(except.length > 0 && { except: [...except] }) } }],
    ports: ports?.map((port) => ({ protocol: 'TCP', port })) ?? [{ protocol: 'TCP' }],
  };
}

function toPeerRule({ label, value, port }: Peer): object {
  return { to: [{ podSelector: { matchLabels: { [label]: value } } }], ports: [{ protocol: 'TCP', port }] };
}

function readPeer(text: string): Peer {
  const [, label, value, port] = /^([\w./-]+)=([\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (label === undefined || value === undefined) throw new Error(`\`${text}\` must be label=value:port`);
  return { label, value, port: Number(port) };
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
