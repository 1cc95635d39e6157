import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import cpuBurn from '../../jobs/cpu-burn.ts';
import crash from '../../jobs/crash.ts';
import fail from '../../jobs/fail.ts';
import sleep from '../../jobs/sleep.ts';
import type { JobContext, JobDefinition, Json } from '../../src/index.ts';

test('every job type is named like its file and describes itself and each field of its payload', async () => {
  const files = await readdir(jobsFolder);
  for (const file of files) {
    const { default: type } = (await import(`${jobsFolder}${file}`)) as { default: JobDefinition };
    expect(file).toBe(`${type.name.replaceAll('.', '-')}.ts`);
    expect(type.description, file).toBeTruthy();
    const schema = z.toJSONSchema(type.payload, { io: 'input' });
    expect(schema.additionalProperties, file).toBe(false);
    expect(undescribed(schema as Fields), file).toEqual([]);
  }
  expect(files).toHaveLength(10);
});

test('cpu.burn takes the CPU time it is asked for without a promise in between', async () => {
  const before = process.cpuUsage();
  const { burnedMs } = cpuBurn.run(contextOf({ ms: 60 })) as { burnedMs: number };
  const { user, system } = process.cpuUsage(before);
  expect(burnedMs).toBeGreaterThanOrEqual(60);
  expect(burnedMs).toBeLessThan(1_000);
  expect((user + system) / 1000).toBeGreaterThanOrEqual(burnedMs);
});

test('sleep waits as long as it is asked to', async () => {
  const { sleptMs } = (await sleep.run(contextOf({ ms: 20 }))) as { sleptMs: number };
  expect(sleptMs).toBeGreaterThanOrEqual(19);
});

test('sleep ends with an error as soon as the job is asked to stop', async () => {
  const stop = new AbortController();
  const run = sleep.run(contextOf({ ms: 60_000 }, { signal: stop.signal }));
  stop.abort();
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
});

test('fail fails as many times as it is asked to, whatever the attempt is called, and then succeeds', async () => {
  const checkpoint = keptCheckpoint();
  const tryOnce = async (attempt: number) => fail.run(contextOf({ times: 2, final: false }, { attempt, checkpoint }));
  await expect(tryOnce(1)).rejects.not.toHaveProperty('final');
  await expect(tryOnce(5)).rejects.toThrow(Error);
  await expect(tryOnce(6)).resolves.toEqual({ failures: 2 });
});

test('fail throws an error that is not retried when it is told so', async () => {
  const run = async () => fail.run(contextOf({ times: 1, final: true }));
  await expect(run()).rejects.toMatchObject({ final: true });
});

test('crash succeeds once enough attempts have died', async () => {
  expect(await crash.run(contextOf({ how: 'exit', times: 0 }))).toEqual({ crashes: 0 });
  expect(await crash.run(contextOf({ how: 'kill', times: 2 }, { attempt: 3 }))).toEqual({ crashes: 2 });
});

test.each([
  { how: 'exit', code: 1, signal: null },
  { how: 'kill', code: null, signal: 'SIGKILL' },
  { how: 'oom', code: null, signal: 'SIGABRT' },
])('crash by $how ends the process', async ({ how, code, signal }) => {
  const script = `const { default: crash } = await import(${JSON.stringify(`${jobsFolder}crash.ts`)});
    await crash.run({ payload: { how: '${how}', times: 1 }, attempt: 1 });`;
  const child = spawn(process.execPath, ['--max-old-space-size=32', '--input-type=module', '--eval', script], { stdio: 'ignore' });
  expect(await once(child, 'exit')).toEqual([code, signal]);
});

const jobsFolder = fileURLToPath(new URL('../../jobs/', import.meta.url));

function contextOf<Payload>(payload: Payload, over: Partial<JobContext<Payload>> = {}): JobContext<Payload> {
  const job = { id: 'a-job', type: 'a.type', queue: 'default', tags: [], metadata: null };
  const quiet = { dependencies: {}, log: () => {}, progress: () => {}, annotate: () => {}, checkpoint: keptCheckpoint() };
  return { payload, job, attempt: 1, deadlineAt: undefined, signal: new AbortController().signal, ...quiet, ...over };
}

function keptCheckpoint(): JobContext<unknown>['checkpoint'] {
  const checkpoint = { value: null as Json, save: (value: Json) => void (checkpoint.value = value) };
  return checkpoint;
}

type Fields = { properties?: Record<string, object> };

/** Names of the fields, at any depth, that have no description. */
const undescribed = ({ properties = {} }: Fields): string[] =>
  Object.entries(properties).flatMap(([name, field]) => [...('description' in field ? [] : [name]), ...undescribed(field)]);
