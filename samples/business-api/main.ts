import { startBusinessApi, type BusinessApiOptions } from './business-api.js';
import { demoSecrets } from './auth.js';

// The sample API as a process of its own. Its settings, all optional, are described in README.md.
const env = process.env;
const options: BusinessApiOptions = {
  port: Number(env.SAMPLE_API_PORT || 4010),
  host: env.SAMPLE_API_HOST || undefined,
  reportMs: Number(env.SAMPLE_API_REPORT_MS || 2000),
  control: env.SAMPLE_API_CONTROL !== 'off',
  secrets: {
    bearerToken: env.SAMPLE_API_BEARER_TOKEN || demoSecrets.bearerToken,
    basicUser: env.SAMPLE_API_BASIC_USER || demoSecrets.basicUser,
    basicPassword: env.SAMPLE_API_BASIC_PASSWORD || demoSecrets.basicPassword,
    headerKey: env.SAMPLE_API_KEY || demoSecrets.headerKey,
    queryKey: env.SAMPLE_API_QUERY_KEY || demoSecrets.queryKey,
    bodyKey: env.SAMPLE_API_BODY_KEY || demoSecrets.bodyKey,
  },
};

const api = await startBusinessApi(options);
console.log(`sample API listening on ${api.url}`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void api.close().then(() => process.exit(0)));
}
