import { busServices, orchestratorAccess, serviceAccess, type BusService } from '#contracts/bus-access';
import { Validator } from '#contracts/validate';
import { ServiceError } from '#contracts/errors';
import { busConfiguration } from '#messaging/bus-configuration';
import { readFile } from 'node:fs/promises';
import Type from 'typebox';

// npm run bus:configuration -- deployment.json: prints nats-server's configuration for a deployment. Run it again,
// and send nats-server SIGHUP, whenever an orchestrator is added; nobody's connection ends.

const closed = { additionalProperties: false };
const PublicKey = Type.String({ pattern: '^U[A-Z2-7]{55}$' });
const Deployment = Type.Object(
  {
    host: Type.Optional(Type.String()),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    storeDir: Type.String({ minLength: 1 }),
    tls: Type.Optional(Type.Object({ certFile: Type.String(), keyFile: Type.String() }, closed)),
    /** The public nkey of each service; its seed is that service's NATS_NKEY_SEED. */
    services: Type.Object(
      Object.fromEntries(busServices.map((name) => [name, PublicKey])) as Record<
        BusService,
        typeof PublicKey
      >,
      closed,
    ),
    orchestrators: Type.Array(
      Type.Object(
        { name: Type.String(), orgId: Type.String({ format: 'uuid' }), publicKey: PublicKey },
        closed,
      ),
    ),
  },
  closed,
);

async function main([file]: readonly string[]): Promise<void> {
  if (file === undefined) throw new Error('Usage: npm run bus:configuration -- deployment.json');
  const deployment: unknown = JSON.parse(await readFile(file, 'utf8'));
  const validator: Validator<typeof Deployment> = new Validator(Deployment);
  validator.assert(deployment);
  const { host = '0.0.0.0', port = 4222, storeDir, tls, services, orchestrators } = deployment;
  const users = [
    ...busServices.map((name) => ({ name, publicKey: services[name], access: serviceAccess[name] })),
    ...orchestrators.map(({ name, orgId, publicKey }) => ({
      name: `orchestrator ${name}`,
      publicKey,
      access: orchestratorAccess(name, orgId.toLowerCase()),
    })),
  ];
  process.stdout.write(busConfiguration({ host, port, storeDir, ...(tls && { tls }), users }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const problems = error instanceof ServiceError ? ` ${JSON.stringify(error.details)}` : '';
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}${problems}\n`);
  process.exit(1);
});
