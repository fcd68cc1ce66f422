import type { Execution } from '#contracts/executor.contract';
import { TestPlatform, type SampleRequest } from '#testing/test-platform';
import type { ToolDefinitionInput } from '#toolcall/tool-definition';
import { randomUUID } from 'node:crypto';
import { demoSecrets } from '../samples/business-api/auth.js';
import { demoCredentials } from '../scripts/demo-tools.js';

/** A tool of the documentation, at the sample API's origin instead of the one it was printed with. */
export type SeedTool = Omit<ToolDefinitionInput, 'request' | 'description'> & {
  description?: string;
  request: Omit<ToolDefinitionInput['request'], 'url'> & { path: string };
};

/** The platform with the sample API's credentials entered; tools are defined by REST and executed by NATS. */
export class SeedWorld {
  readonly callId = randomUUID();
  readonly contact = {
    id: 'C-7',
    first_name: 'Ada',
    last_name: 'Lovelace',
    email: 'ada@example.com',
    phone_number: '+15551234567',
  };

  private constructor(
    readonly test: TestPlatform,
    private readonly credentials: ReadonlyMap<string, string>,
  ) {}

  static async start(): Promise<SeedWorld> {
    const test = await TestPlatform.start();
    const credentials = new Map<string, string>();
    for (const [kind, credential] of Object.entries(demoCredentials(test.platform.sampleUrl, demoSecrets))) {
      credentials.set(kind, await test.addCredential(credential));
    }
    return new SeedWorld(test, credentials);
  }

  get origin(): string {
    return this.test.platform.sampleUrl;
  }

  /** Creates and publishes the tool. @returns its key */
  async publish(
    { request: { path, ...request }, ...definition }: SeedTool,
    credential?: string,
  ): Promise<string> {
    const credentialId = credential && (this.credentials.get(credential) ?? credential);
    await this.test.publish({
      description: 'An example of the documentation.',
      ...definition,
      request: { ...request, url: `${this.origin}${path}`, ...(credentialId && { credentialId }) },
    });
    return definition.key;
  }

  execute(toolKey: string, args: Record<string, unknown>, more: object = {}): Promise<Execution> {
    return this.test.execute({ toolKey, arguments: args, callId: this.callId, ...more });
  }

  /** What the sample API received last. */
  async lastRequest(): Promise<SampleRequest> {
    const request = (await this.test.received()).at(-1);
    if (!request) throw new Error('the API received nothing');
    return request;
  }
}
