import { EgressServiceConfig } from '#runtime/service.config';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

export class GatewayConfig extends EgressServiceConfig {
  /** Where REST is served; 0 takes any free port. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  readonly HTTP_PORT: number = 8080;

  /** The address REST is served on. */
  @IsString()
  readonly HTTP_HOST: string = '0.0.0.0';

  /** How long an administrative request may take, milliseconds. Executions and tests take as long as they ask for. */
  @Type(() => Number)
  @IsInt()
  @Min(100)
  @Max(120_000)
  readonly REQUEST_TIMEOUT_MS: number = 5000;

  /**
   * Where the first organization's id and admin key are written, `{"orgId", "adminKey"}`, readable by this process's
   * user only. On a start without any organization one is made; without this variable none is.
   */
  @IsOptional()
  @IsString()
  readonly FIRST_ADMIN_KEY_FILE?: string;

  /**
   * Where browsers reach this gateway, `https://patchbay.example.com`: OAuth accounts are connected there, and
   * `<it>/v1/oauth/callback` is the redirect URI to register. Without it none can be connected.
   */
  @IsOptional()
  @Matches(/^https?:\/\/[^\s/?#@]+$/, {
    message: 'PUBLIC_URL must be scheme and host alone, such as https://patchbay.example.com',
  })
  readonly PUBLIC_URL?: string;

  /** What credentials are sealed to on their way to the vault: the public half of its VAULT_INTAKE_KEY. */
  @Matches(/^[A-Za-z0-9_-]{43}$/, {
    message: 'VAULT_PUBLIC_KEY must be 32 bytes of base64url, which is 43 characters',
  })
  readonly VAULT_PUBLIC_KEY!: string;

  /** SHA-256 of the key that whoever runs the deployment shows for `/v1/operations`; nobody may use these without it. */
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/, {
    message: 'OPERATOR_KEY_SHA256 must be a SHA-256, which is 64 hexadecimal digits in lower case',
  })
  readonly OPERATOR_KEY_SHA256?: string;

  /** Origins whose pages may call the API from a browser, separated by commas; none when unset. */
  @IsOptional()
  @Matches(/^https?:\/\/[^\s,/]+(,https?:\/\/[^\s,/]+)*$/, {
    message: 'CORS_ORIGINS must be origins such as https://console.example.com, separated by commas',
  })
  readonly CORS_ORIGINS?: string;
}
