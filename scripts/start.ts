import type { NatsAccess } from '#devstack/nats-access';
import { Platform } from '#devstack/platform';
import { loadConfig } from '#runtime/load-config';
import 'reflect-metadata';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { furnishDemo, type DemoKeys } from './demo-organization.js';
import { claimHome, type HomeLock } from './home-lock.js';
import { RestClient } from './rest-client.js';
import { runDemoTool, type DemoRun } from './run-demo-tool.js';
import { StartConfig } from './start.config.js';

// npm start: everything on this machine, with a demo organization, until Ctrl-C.

const say = (message: string) => process.stdout.write(`${message}\n`);

async function main(): Promise<void> {
  const config = loadConfig(StartConfig);
  const home = resolve(config.PATCHBAY_HOME);
  await mkdir(home, { recursive: true });
  const stopping = stopOnSignal();
  const lock = await claimHome(home, say);
  const starting = startPlatform(config, home, lock, stopping.signal);
  try {
    const stopped = once(stopping.signal, 'abort');
    await Promise.race([present(config, home, starting), stopped]);
    await stopped;
  } catch (error) {
    report(error);
    stopping.abort();
  }
  // Also what is only starting: the signal ends that.
  await starting.then((platform) => platform.stop()).catch(() => undefined);
  await lock.release();
  say(`Stopped. The data stays in ${shown(home)}; delete that folder to begin anew.`);
  process.exit();
}

/** Tells when to stop: on Ctrl-C, when the terminal closes, when asked to, when we ourselves are at fault. */
function stopOnSignal(): AbortController {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!stopping.signal.aborted) say('\nStopping …');
      stopping.abort();
    });
  }
  process.on('uncaughtException', (error) => {
    report(error);
    stopping.abort();
  });
  // Whoever read what we say may leave; the processes still have to be ended.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return stopping;
}

function startPlatform(
  config: StartConfig,
  home: string,
  lock: HomeLock,
  signal: AbortSignal,
): Promise<Platform> {
  say('Starting Postgres, NATS, five services and a sample API …');
  const traces = config.OTEL_EXPORTER_OTLP_ENDPOINT
    ? undefined
    : createWriteStream(join(home, 'traces.jsonl'), { mode: 0o600 });
  return Platform.start({
    home,
    ports: {
      rest: config.HTTP_PORT,
      nats: config.NATS_PORT,
      postgres: config.POSTGRES_PORT,
      sample: config.SAMPLE_API_PORT,
    },
    databaseUrl: config.DATABASE_URL,
    natsUrl: config.NATS_URL,
    busTls: config.BUS_TLS === 'true',
    restarts: true,
    say,
    signal,
    onProcess: (pid) => lock.note(pid),
    ...(traces && { onSpan: (span) => traces.write(`${JSON.stringify(span)}\n`) }),
  });
}

/** Furnishes the demo organization, runs one of its tools, and tells what came of it and where to go next. */
async function present(config: StartConfig, home: string, starting: Promise<Platform>): Promise<void> {
  const demoFile = join(home, 'demo.json');
  const earlier = await earlierDemo(demoFile);
  await rm(demoFile, { force: true }); // whoever waits for it waits for this start
  const platform = await starting;
  const { restUrl, sampleUrl } = platform;
  const admin = await platform.firstAdmin();
  const known = earlier?.orgId === admin.orgId ? earlier.executorKey : undefined;
  const keys = await furnishDemo(restUrl, sampleUrl, admin, known);
  const access = platform.orchestrator ?? accessOf(config, platform.natsUrl);
  const run = await runDemoTool(access, keys.orgId);
  await untilAudited(platform, keys, run);
  const { orgId, adminKey, executorKey } = keys;
  const demo = { restUrl, ...access, orgId, adminKey, executorKey, sampleApiUrl: sampleUrl };
  await writeFile(demoFile, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  const traces = config.OTEL_EXPORTER_OTLP_ENDPOINT ?? shown(join(home, 'traces.jsonl'));
  tell(platform, keys, run, { demo: shown(demoFile), traces });
}

/** Of a bus that is not ours: what we were told. */
function accessOf(config: StartConfig, natsUrl: string): NatsAccess {
  const { NATS_USER, NATS_PASSWORD, NATS_NKEY_SEED, NATS_INBOX_PREFIX, NATS_CA_FILE } = config;
  return {
    natsUrl,
    ...(NATS_USER && { natsUser: NATS_USER }),
    ...(NATS_PASSWORD && { natsPassword: NATS_PASSWORD }),
    ...(NATS_NKEY_SEED && { natsSeed: NATS_NKEY_SEED }),
    ...(NATS_INBOX_PREFIX && { natsInboxPrefix: NATS_INBOX_PREFIX }),
    ...(NATS_CA_FILE && { natsCaFile: NATS_CA_FILE }),
  };
}

async function earlierDemo(file: string): Promise<DemoKeys | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as DemoKeys;
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

/** A path as one would type it here. */
function shown(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function report(error: unknown): void {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}

function tell(
  { restUrl, natsUrl, sampleUrl }: Platform,
  keys: DemoKeys,
  run: DemoRun,
  files: { demo: string; traces: string },
): void {
  const { request, execution, traceId } = run;
  const { timing } = execution;
  say(`
Patchbay is ready.

  One tool, executed through NATS:
    request     ${JSON.stringify(request)}
    reply       ${execution.status}, ${execution.outcome}, in ${timing.totalMs} ms (the API took ${timing.upstreamMs ?? '?'} ms)
    variables   ${JSON.stringify(execution.variables)}
    to say      ${execution.say?.complete ?? execution.say?.failure ?? '-'}
    audit row   ${restUrl}/v1/executions/${execution.executionId}
    trace       ${traceId} in ${files.traces}

  REST          ${restUrl}   (try it in the browser: ${restUrl}/docs)
  NATS          ${natsUrl}   subject patchbay.v1.${keys.orgId}.tools.execute
  sample API    ${sampleUrl}
  keys          ${files.demo}

  Run a tool yourself:

    curl -s ${restUrl}/v1/executions \\
      -H 'Authorization: Bearer ${keys.executorKey}' -H 'Content-Type: application/json' \\
      -d '${JSON.stringify(request)}'

Ctrl-C stops everything.`);
}

main().catch((error: unknown) => {
  report(error);
  process.exit();
});
