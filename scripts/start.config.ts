import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

/** What `npm start` may be told. Ports are wishes: one that is busy is replaced by a free one, 0 takes any. */
export class StartConfig {
  /** Where data, keys, logs and demo.json are kept. */
  @IsString()
  readonly PATCHBAY_HOME: string = '.patchbay';

  /** A database of yours, instead of a Postgres of its own. */
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\/\S+$/, {
    message: 'DATABASE_URL must be postgres://user:password@host:port/database',
  })
  readonly DATABASE_URL?: string;

  /** A nats-server of yours with JetStream, instead of one of its own. */
  @IsOptional()
  @Matches(/^(nats|tls):\/\/[^\s,]+(,(nats|tls):\/\/[^\s,]+)*$/, {
    message: 'NATS_URL must be nats://host:port (or tls://), several separated by commas',
  })
  readonly NATS_URL?: string;

  @IsOptional() @IsString() readonly NATS_USER?: string;
  @IsOptional() @IsString() readonly NATS_PASSWORD?: string;
  @IsOptional() @IsString() readonly NATS_NKEY_SEED?: string;
  @IsOptional() @IsString() readonly NATS_INBOX_PREFIX?: string;
  @IsOptional() @IsString() readonly NATS_CA_FILE?: string;

  /** Whether the bus of its own speaks TLS only: clients then need `natsCaFile` of demo.json. */
  @IsIn(['true', 'false']) readonly BUS_TLS: string = 'false';

  @Type(() => Number) @IsInt() @Min(0) @Max(65_535) readonly HTTP_PORT: number = 8080;
  @Type(() => Number) @IsInt() @Min(0) @Max(65_535) readonly NATS_PORT: number = 4222;
  @Type(() => Number) @IsInt() @Min(0) @Max(65_535) readonly POSTGRES_PORT: number = 54_320;
  @Type(() => Number) @IsInt() @Min(0) @Max(65_535) readonly SAMPLE_API_PORT: number = 4010;

  /** A collector of yours for traces, instead of a file. */
  @IsOptional() @IsString() readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;
}
