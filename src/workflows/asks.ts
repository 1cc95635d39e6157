import { proxyActivities } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/orchestrator.ts';

/**
 * What workflows ask of an orchestrator: short calls, made again until one is through.
 *
 * Not as local activities, though these cost less. A query that comes while one is under way, as from a job's page in the Web UI, has its
 * workflow task end before it does, and from then on the SDK takes its result, in a replay, before the messages that in truth came first
 * (core of 1.24): not deterministic, and the job stuck for ever with the next orchestrator.
 */
export const { askGate, dependOn, endBulk, endedAmong, reprioritise, runningOf, tellDependants, withdraw, writePolicy } =
  proxyActivities<OrchestratorActivities>({
    // An orchestrator that has died with one is not waited for any longer.
    startToCloseTimeout: '10s',
    retry: { initialInterval: 100, maximumInterval: 5_000 },
  });
