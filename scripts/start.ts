import type { ReceivedSpan } from '#devstack/otlp-sink';
import { Platform } from '#devstack/platform';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { furnishDemo, type DemoKeys } from './demo-organization.js';
import { claimHome, type HomeLock } from './home-lock.js';
import { RestClient } from './rest-client.js';
import { runDemoTool, type DemoRun } from './run-demo-tool.js';

// npm start: everything on this machine, with a demo organization, until Ctrl-C.

const home = resolve('.patchbay');
const demoFile = join(home, 'demo.json');
const tracesFile = join(home, 'traces.jsonl');

const say = (message: string) => process.stdout.write(`${message}\n`);

async function main(): Promise<void> {
  await mkdir(home, { recursive: true });
  const lock = await claimHome(home, say);
  const earlier = await earlierDemo();
  await rm(demoFile, { force: true }); // whoever waits for it waits for this start
  say('Starting Postgres, NATS, five services and a sample API …');
  const starting = startPlatform(lock);
  stopOnSignal(starting, lock);

  const platform = await starting;
  const admin = await platform.firstAdmin();
  const known = earlier?.orgId === admin.orgId ? earlier.executorKey : undefined;
  const keys = await furnishDemo(platform.restUrl, platform.sampleUrl, admin, known);
  const run = await runDemoTool(platform.natsUrl, keys.orgId);
  await untilAudited(platform, keys, run);
  await writeDemo(platform, keys);
  tell(platform, keys, run);
}

function startPlatform(lock: HomeLock): Promise<Platform> {
  const options = {
    home,
    ports: { rest: 8080, nats: 4222, postgres: 54_320, sample: 4010 },
    databaseUrl: process.env.DATABASE_URL,
    natsUrl: process.env.NATS_URL,
    restarts: true,
    say,
    onProcess: (pid: number) => lock.note(pid),
  };
  if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT) return Platform.start(options);
  const traces = createWriteStream(tracesFile, { mode: 0o600 });
  const onSpan = (span: ReceivedSpan) => traces.write(`${JSON.stringify(span)}\n`);
  return Platform.start({ ...options, onSpan });
}

function stopOnSignal(starting: Promise<Platform>, lock: HomeLock): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    say('\nStopping …');
    const platform = await starting.catch(() => undefined);
    await platform?.stop();
    await lock.release();
    say('Stopped. The data stays in .patchbay/; delete that folder to begin anew.');
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
}

async function earlierDemo(): Promise<DemoKeys | undefined> {
  try {
    return JSON.parse(await readFile(demoFile, 'utf8')) as DemoKeys;
  } catch {
    return undefined;
  }
}

/** Records reach audit within a second. */
async function untilAudited(
  { restUrl }: Platform,
  { adminKey }: DemoKeys,
  { execution }: DemoRun,
): Promise<void> {
  const rest = new RestClient(restUrl, adminKey);
  const giveUpAt = Date.now() + 5000;
  while (!(await rest.find(`/v1/executions/${execution.executionId}`))) {
    if (Date.now() > giveUpAt)
      throw new Error(`Execution ${execution.executionId} did not reach audit within 5 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function writeDemo({ restUrl, natsUrl, sampleUrl }: Platform, keys: DemoKeys): Promise<void> {
  const { orgId, adminKey, executorKey } = keys;
  const demo = { restUrl, natsUrl, orgId, adminKey, executorKey, sampleApiUrl: sampleUrl };
  await writeFile(demoFile, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
}

function tell({ restUrl, natsUrl, sampleUrl }: Platform, keys: DemoKeys, run: DemoRun): void {
  const { request, execution, traceId } = run;
  const { timing } = execution;
  const where = process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? '.patchbay/traces.jsonl';
  say(`
Patchbay is ready.

  One tool, executed through NATS:
    request     ${JSON.stringify(request)}
    reply       ${execution.status}, ${execution.outcome}, in ${timing.totalMs} ms (the API took ${timing.upstreamMs ?? '?'} ms)
    variables   ${JSON.stringify(execution.variables)}
    to say      ${execution.say?.complete ?? execution.say?.failure ?? '-'}
    audit row   ${restUrl}/v1/executions/${execution.executionId}
    trace       ${traceId} in ${where}

  REST          ${restUrl}   (try it in the browser: ${restUrl}/docs)
  NATS          ${natsUrl}   subject patchbay.v1.${keys.orgId}.tools.execute
  sample API    ${sampleUrl}
  keys          .patchbay/demo.json

  Run a tool yourself:

    curl -s ${restUrl}/v1/executions \\
      -H 'Authorization: Bearer ${keys.executorKey}' -H 'Content-Type: application/json' \\
      -d '${JSON.stringify(request)}'

Ctrl-C stops everything.`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
