import { readPolicyFile } from '#egress/open-egress';
import { parseEgressAllow } from '#egress/policy-entries';
import { Proxy } from '#egress/proxy';
import { trustedAuthorities } from '#egress/trusted-authorities';
import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { ReadBy } from './read-by.decorator.js';

/** What every service needs to know. Each service's own configuration extends it. */
export class ServiceConfig {
  /** The bus: `nats://host:port` or `tls://host:port`, several separated by commas. */
  @Matches(/^(nats|tls):\/\/[^\s,]+(,(nats|tls):\/\/[^\s,]+)*$/, {
    message: 'NATS_URL must be nats://host:port (or tls://), several separated by commas',
  })
  readonly NATS_URL: string = 'nats://127.0.0.1:4222';

  @IsOptional() @IsString() readonly NATS_USER?: string;
  @IsOptional() @IsString() readonly NATS_PASSWORD?: string;
  /** An nkey seed (`SU…`); goes before user and password. */
  @IsOptional() @IsString() readonly NATS_NKEY_SEED?: string;
  @IsOptional() @IsString() readonly NATS_INBOX_PREFIX?: string;
  /** PEM file of the authority that signed the bus's certificate; the connection is then TLS or none. */
  @IsOptional() @IsString() readonly NATS_CA_FILE?: string;

  /** Where `/health/live`, `/health/ready` and `/metrics` are served; 0 takes any free port. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  readonly OPERATIONS_PORT: number = 0;

  /** The address the operations port listens on. */
  @IsString()
  readonly OPERATIONS_HOST: string = '0.0.0.0';

  /** Bus requests under way at once; one more is answered `overloaded`. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100_000)
  readonly MAX_IN_FLIGHT: number = 1024;

  /** How long a shutdown waits for work under way, milliseconds. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(600_000)
  readonly DRAIN_MS: number = 10_000;

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
  readonly LOG_LEVEL: string = 'info';
}

/** For services that keep something. */
export class DatabaseServiceConfig extends ServiceConfig {
  /** Postgres; the service owns one schema in it. */
  @Matches(/^postgres(ql)?:\/\/\S+$/, {
    message: 'DATABASE_URL must be postgres://user:password@host:port/database',
  })
  readonly DATABASE_URL!: string;

  /** Connections this process may hold. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  readonly DATABASE_POOL: number = 10;
}

/** For services that call out of the house, or judge whether one may: all of them should be told the same. */
export class EgressServiceConfig extends DatabaseServiceConfig {
  /** Origins and CIDRs allowed besides https to public addresses, separated by commas. */
  @ReadBy(parseEgressAllow)
  readonly EGRESS_ALLOW: string = '';

  /** A JSON file that says more, also by organization: docs/egress.md. */
  @IsOptional()
  @ReadBy(readPolicyFile)
  readonly EGRESS_POLICY_FILE?: string;

  /** A PEM file with authorities to trust besides the public ones, for upstreams with certificates of one's own. */
  @IsOptional()
  @ReadBy(trustedAuthorities)
  readonly EGRESS_CA_FILE?: string;

  /** A CONNECT proxy that all of it goes through: `http://host:port` or `https://`, `user:password@` where it asks. */
  @IsOptional()
  @ReadBy((text) => Proxy.parse(text))
  readonly EGRESS_PROXY_URL?: string;

  /** Name servers for the hosts that are called, in place of the system's. */
  @IsOptional()
  @Matches(/^[0-9a-fA-F.:[\]]+(,[0-9a-fA-F.:[\]]+)*$/, {
    message: 'EGRESS_DNS_SERVERS must be addresses such as 10.0.0.53 or 10.0.0.53:53, separated by commas',
  })
  readonly EGRESS_DNS_SERVERS?: string;
}
