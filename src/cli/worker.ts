import { setMaxListeners } from 'node:events';
import { Client } from '@temporalio/client';
import { Runtime, Worker } from '@temporalio/worker';
import { attemptActivities } from '../activities/attempt.ts';
import type { Config } from '../config.ts';
import { taskQueueOf } from '../job/ids.ts';
import { openJournal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import { startGuardian } from '../process/guardian.ts';
import { keepGuardian } from '../process/keep-guardian.ts';
import { ofWorkerProcess } from '../process/mark.ts';
import { MAX_TIMER_MS } from '../process/within.ts';
import { connectNative } from '../temporal/connect-native.ts';
import { runtimeOptions } from '../temporal/logger.ts';
import { claimIdentity } from '../worker/identity.ts';
import { Meter } from '../worker/meter.ts';
import { giveUpOrphans } from '../worker/orphans.ts';
import { RunnerPool } from '../worker/runner-pool.ts';
import { Runner } from '../worker/runner.ts';
import { SignsOfLife } from '../worker/signs-of-life.ts';
import { claimNamespace } from './claim-namespace.ts';
import type { RunningRole } from './role.ts';
import { untilShutDown } from './until-shut-down.ts';

/** The supervisor: takes attempts from its pool's line and has them run, each in a process of its own. */
export async function startWorker(config: Config, log: Logger): Promise<RunningRole> {
  const { jobsDir, commandsFile, runnerHeapBytes: heapBytes, logCaps, slots, namespace, cacheDir, drainMs } = config;
  // Push cancel needs worker heartbeats; a running job is stopped at its next heartbeat without.
  Runtime.install({ ...runtimeOptions(log), workerHeartbeatInterval: '10s' });
  const identity = claimIdentity(config.dataDir, config.pool);
  const workerId = identity.id;
  const temporalIdentity = `${workerId}@${identity.host}`;
  const mark = ofWorkerProcess(workerId);
  const guardian = keepGuardian(() => startGuardian(mark));
  const meter = new Meter(guardian);
  const pool = new RunnerPool({
    slots,
    maxAttempts: config.runnerAttempts,
    maxMemoryBytes: config.runnerMemoryBytes,
    fork: (skip, own = heapBytes) => new Runner({ jobsDir, commandsFile, skip, heapBytes: own, logCaps, cacheDir, guardian, meter, mark }),
    onProblem: (message) => log.error({ worker: workerId }, `a runner could not start: ${message}`),
  });
  const connect = async () => {
    const [journal, connection] = await Promise.all([
      openJournal(config.journalFile, (message) => log.warn({ worker: workerId, journal: config.journalFile }, message)),
      connectNative(config, taskQueueOf(config.pool), (line) => log.info(line)),
    ]);
    await claimNamespace(config, journal, connection);
    const client = new Client({ connection, namespace });
    await giveUpOrphans({ journal, client, workerId, identity: temporalIdentity, pool: config.pool, slots, mark, log });
    return { journal, connection, client };
  };
  const [{ journal, connection, client }] = await Promise.all([connect(), pool.settled]);
  meter.start((samples) => journal.writer.tell({ kind: 'usage', samples }));
  const cutOff = new AbortController();
  // Each attempt listens.
  setMaxListeners(0, cutOff.signal);

  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: taskQueueOf(config.pool),
    identity: temporalIdentity,
    activities: attemptActivities({
      journal,
      pool,
      meter,
      client,
      connection,
      namespace,
      workerId,
      host: identity.host,
      identity: temporalIdentity,
      cutOff: cutOff.signal,
    }),
    tuner: {
      activityTaskSlotSupplier: pool.slotSupplier,
      workflowTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
      localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
      nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
    },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: slots },
    // Ours to end, by `cutOff`.
    shutdownGraceTime: MAX_TIMER_MS,
  });
  const signs = new SignsOfLife({
    writer: journal.writer,
    identity,
    pool,
    meter,
    slots,
    poolName: config.pool,
    drainMs,
  });
  const published = pool.loaded.then(async ({ types, problems }) => {
    for (const problem of problems) log.error({ worker: workerId }, `a job module cannot be used, the others are served: ${problem}`);
    const publish = () => journal.writer.write({ kind: 'jobTypes', pool: config.pool, workerId, at: Date.now(), types });
    journal.onReplaced(() => void publish());
    await publish();
  });
  // Where no runner can start, the worker is there to say so.
  if (pool.isReady) await published;
  const running = worker.run();
  signs.start();

  const end = async (): Promise<void> => {
    const inFlight = (): number => worker.getStatus().numInFlightActivities;
    const isDown = await untilShutDown(running, () => !cutOff.signal.aborted && inFlight() > 0);
    if (!isDown) log.warn({ worker: workerId, attempts: inFlight() }, LEFT);
    await pool.stop();
    meter.stop();
    await signs.stop();
    await journal.stop(2_000);
    if (isDown) await connection.close();
    guardian.stop();
    identity.release();
  };
  return {
    facts: { slots, jobTypes: pool.types.length },
    ended: running,
    async stop() {
      signs.draining();
      if (Number.isFinite(drainMs)) setTimeout(() => cutOff.abort(), drainMs).unref();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await end();
    },
    stopNow() {
      cutOff.abort();
      // Where Temporal cannot be told, it notices by itself that the attempts are lost; the guardian ends their processes.
      setTimeout(() => process.exit(0), REPORT_MS).unref();
    },
  };
}

const REPORT_MS = 3_000;
const LEFT =
  'ends without a word from Temporal, which does not answer. What its attempts came to is in the journal; an outcome that Temporal has not heard of is taken over, or the attempt is lost, when its heartbeat timeout of 30 s is over';
