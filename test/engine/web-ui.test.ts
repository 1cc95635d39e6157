import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowIdOf } from '../../src/job/ids.ts';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { API_JOBS, Scratch } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

/** What a person sees and does on a job's page in Temporal's Web UI: it only calls what is called here. */
let millrace: Millrace;
let temporal: TemporalView;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } });
  temporal = await TemporalView.of(millrace);
});
const scratch = new Scratch();
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
  scratch.remove();
});

let made = 0;
const create = (input: Record<string, unknown> = {}): Promise<string> =>
  millrace.create({ id: `ui-${++made}`, type: 'sleep', payload: { ms: 0 }, ...input });
const LONG = { payload: { ms: 600_000 } };
const mutate = async (field: string, input: Record<string, unknown>): Promise<void> => {
  const inputType = `${field[0]!.toUpperCase()}${field.slice(1)}Input!`;
  const answer = await millrace.client.data(`mutation ($input: ${inputType}) { ${field}(input: $input) { userErrors { code message } } }`, {
    input,
  });
  expect(answer[field].userErrors).toEqual([]);
};
const closedAs = async (id: string): Promise<string> => (await temporal.handle(id).describe()).status.name;

describe('a job is found', () => {
  async function found(query: string): Promise<string[]> {
    const ids: string[] = [];
    for await (const { workflowId } of temporal.client.workflow.list({ query })) ids.push(workflowId);
    return ids.sort();
  }

  test('by each of its search attributes, and by its status as that changes', async () => {
    const id = await create({
      type: 'fail',
      payload: { times: 1 },
      queue: 'ui-queue',
      pool: 'ui-pool',
      priority: 7,
      tags: ['ui-a', 'ui-b'],
    });
    const other = await create({ pool: 'nobody', tags: ['ui-b'], priority: 7 });
    const mine = [workflowIdOf(id)];
    const both = [workflowIdOf(id), workflowIdOf(other)].sort();
    await eventually('both are in the index', async () => (await found('JobTags = "ui-b"')).length === 2);
    expect(await found('JobTags = "ui-a"')).toEqual(mine);
    expect(await found('JobTags IN ("ui-a", "ui-b")')).toEqual(both);
    expect(await found('JobType = "fail"')).toEqual(mine);
    expect(await found('JobQueue = "ui-queue"')).toEqual(mine);
    expect(await found('JobPool = "ui-pool"')).toEqual(mine);
    expect(await found('JobPriority = 7')).toEqual(both);
    expect(await found('JobPriority > 7')).toEqual([]);
    expect(await found('JobPool = "ui-pool" AND JobStatus = "QUEUED"')).toEqual(mine);
    await mutate('setJobPriority', { id, priority: 9 });
    await eventually('its new priority is in the index', async () => (await found('JobPriority > 7')).includes(mine[0]!));
    await mutate('abortJob', { id });
    await eventually('its end is in the index', async () => (await found('JobPool = "ui-pool" AND JobStatus = "ABORTED"')).length === 1);
    expect(await found('JobPool = "ui-pool" AND JobStatus = "QUEUED"')).toEqual([]);
  });

  test('by how it ended, in the words that Millrace has for it', async () => {
    const failed = await create({ type: 'fail', payload: { times: 1, final: true }, tags: ['ui-end'] });
    const succeeded = await create({ tags: ['ui-end'] });
    await Promise.all([millrace.until(failed, 'FAILED'), millrace.until(succeeded, 'SUCCEEDED')]);
    await eventually(
      'both ends are in the index',
      async () => (await found('JobTags = "ui-end" AND JobStatus IN ("FAILED", "SUCCEEDED")')).length === 2,
    );
    expect(await found('JobTags = "ui-end" AND JobStatus = "FAILED" AND ExecutionStatus = "Failed"')).toEqual([workflowIdOf(failed)]);
    expect(await found('JobTags = "ui-end" AND JobStatus = "SUCCEEDED" AND ExecutionStatus = "Completed"')).toEqual([
      workflowIdOf(succeeded),
    ]);
  });
});

describe('a job’s page says', () => {
  const details = async (id: string): Promise<string> =>
    (await temporal.handle(id).query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;

  test('what it is', async () => {
    const id = await create({ queue: 'reports', pool: 'nobody' });
    const summary = (await temporal.handle(id).describe()).raw.executionConfig?.userMetadata?.summary;
    expect(JSON.parse(Buffer.from(summary!.data!).toString())).toBe('sleep, queue reports');
  });

  test('why it waits: the line it stands in, with its band as that changes', async () => {
    const id = await create({ pool: 'nobody', priority: 3 });
    await temporal.untilInLine([id]);
    expect(await details(id)).toMatch(/^In line in pool nobody, band 13 /);
    await mutate('setJobPriority', { id, priority: 10 });
    expect(await details(id)).toMatch(/band 6 /);
    await mutate('forceStartJob', { id });
    expect(await details(id)).toMatch(/band 2 /);
  });

  test('why it waits: the time of its next try, and what has gone wrong so far', async () => {
    const id = await create({ type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } });
    const { startsAt } = await millrace.until(id, 'SCHEDULED');
    expect(await details(id)).toBe(`Waits for its next try until ${startsAt}. 1 failures, 0 halts, 0 losses so far.`);
  });

  test('no call stack: noting every promise would cost more than all else that a workflow does', async () => {
    const id = await create({ pool: 'nobody' });
    await expect(temporal.handle(id).query('__stack_trace')).rejects.toThrow('stack traces are not enabled');
  });

  test('how it ended, and why', async () => {
    const failed = await create({ type: 'fail', payload: { times: 1, final: true } });
    const aborted = await create({ pool: 'nobody' });
    await millrace.until(failed, 'FAILED');
    await mutate('abortJob', { id: aborted, message: 'not needed any more' });
    expect(await details(failed)).toBe('FAILED: failure 1 of 1, as asked');
    expect(await details(aborted)).toBe('ABORTED: not needed any more');
    await expect(temporal.handle(failed).result()).rejects.toMatchObject({
      cause: { type: 'HANDLER_ERROR', message: 'failure 1 of 1, as asked' },
    });
    await expect(temporal.handle(aborted).result()).rejects.toMatchObject({ cause: { type: 'ABORTED_BY_USER' } });
  });
});

describe('Cancel', () => {
  const asked = { status: 'ABORTED', reason: { code: 'ABORTED_BY_USER', message: 'cancelled in Temporal' } };

  test('of a job in line is an abort, and Temporal shows what was asked of it', async () => {
    const id = await create({ pool: 'nobody' });
    await temporal.untilInLine([id]);
    await temporal.handle(id).cancel();
    expect(await millrace.untilFinal(id)).toMatchObject({ ...asked, attemptCount: 0 });
    expect(await closedAs(id)).toBe('CANCELLED');
  });

  test('of a running job is an abort with the job’s own grace: its process is gone', async () => {
    const id = await create({ ...LONG, type: 'cpu.burn', grace: '300ms' });
    const { attempts } = await millrace.until(id, 'RUNNING');
    const { pid } = attempts.nodes[0];
    await temporal.handle(id).cancel();
    const job = await millrace.untilFinal(id);
    expect(job).toMatchObject({ ...asked, attempts: { nodes: [{ outcome: 'ABORTED', signal: 'SIGKILL' }] } });
    expect(job.attempts.nodes[0].killMs).toBeGreaterThan(250);
    expect(isAlive(pid)).toBe(false);
    expect(await closedAs(id)).toBe('CANCELLED');
  });

  test('of a job that waits for its retry is an abort', async () => {
    const id = await create({ type: 'fail', payload: { times: 1 }, retry: { delay: '1h', jitter: false } });
    await millrace.until(id, 'SCHEDULED');
    await temporal.handle(id).cancel();
    expect(await millrace.untilFinal(id)).toMatchObject({ ...asked, attemptCount: 1, failures: 1 });
    expect(await closedAs(id)).toBe('CANCELLED');
  });
});

describe('Terminate', () => {
  const ended = { status: 'ABORTED', reason: { code: 'TERMINATED', message: 'terminated in Temporal: by the test' } };
  const events = async (id: string): Promise<any> => (await millrace.job(id, 'events { nodes { kind status } }')).events.nodes.at(-2);

  test('of a running job: it is said to be terminated, and its processes are gone, within seconds', async () => {
    const id = await create({ ...LONG, type: 'cpu.burn' });
    const { attempts } = await millrace.until(id, 'RUNNING');
    const { pid } = attempts.nodes[0];
    await temporal.handle(id).terminate('by the test');
    await eventually('its process is gone', () => !isAlive(pid));
    const job = await millrace.untilFinal(id, 40_000);
    expect(job).toMatchObject(ended);
    expect(job.attempts.nodes).toMatchObject([{ outcome: expect.stringMatching(/^(ABORTED|LOST)$/) as string }]);
    expect(await events(id)).toMatchObject({ kind: 'FINISHED', status: 'ABORTED' });
  });

  test('of a job in line, and of one whose workflow has had no step yet: the same', async () => {
    const inLine = await create({ pool: 'nobody' });
    await temporal.untilInLine([inLine]);
    await millrace.role('orchestrator').stop();
    const untouched = await create();
    await Promise.all([inLine, untouched].map((id) => temporal.handle(id).terminate('by the test')));
    await millrace.startRole('orchestrator');
    for (const id of [inLine, untouched]) expect(await millrace.untilFinal(id, 40_000)).toMatchObject({ ...ended, attemptCount: 0 });
  });
});

describe('Reset', () => {
  /** To the first completed workflow task: what the Web UI offers as "First Workflow Task". */
  async function reset(id: string): Promise<void> {
    const { events } = await temporal.handle(id).fetchHistory();
    const first = events!.find(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes)!;
    await temporal.client.workflowService.resetWorkflowExecution({
      namespace: millrace.namespace,
      workflowExecution: { workflowId: workflowIdOf(id) },
      workflowTaskFinishEventId: first.eventId!,
      requestId: crypto.randomUUID(),
      reason: 'by the test',
    });
  }
  const JOB =
    'status attemptCount result finishedAt error { message } reason { code } attempts { nodes { number outcome startedAt finishedAt } } events { nodes { kind } }';
  /** The job once its workflow has closed and the journal agrees with how. */
  async function settled(id: string, status: string): Promise<any> {
    await eventually(`${id}: its workflow has closed`, async () => (await closedAs(id)) !== 'RUNNING', 30_000);
    await eventually(`${id} is ${status}`, async () => (await millrace.job(id, 'status')).status === status, 30_000);
    return millrace.job(id, JOB);
  }

  test('of a finished job runs it again, and what is said of it is what happened last', async () => {
    const id = await create({ type: 'test.steps', payload: { count: 3, everyMs: 10 } });
    const before = await millrace.until(id, 'SUCCEEDED').then(() => millrace.job(id, JOB));
    await reset(id);
    // It may have run by the time that anybody looks.
    await eventually('it has ended again', async () => {
      const { finishedAt } = await millrace.job(id, 'finishedAt');
      return finishedAt !== null && finishedAt !== before.finishedAt;
    });
    const after = await settled(id, 'SUCCEEDED');
    expect(after).toMatchObject({ status: 'SUCCEEDED', result: { steps: 3 } });
    expect(Date.parse(after.finishedAt)).toBeGreaterThan(Date.parse(before.finishedAt));
    expect(Date.parse(after.attempts.nodes.at(-1).startedAt)).toBeGreaterThan(Date.parse(before.attempts.nodes[0].finishedAt));
    expect(after.attempts.nodes.at(-1).outcome).toBe('SUCCEEDED');
  });

  test('of a job that had succeeded and is now aborted: it is aborted', async () => {
    const id = await create({ ...LONG, payload: { ms: 200 }, grace: '0s' });
    await millrace.until(id, 'SUCCEEDED');
    // Its pool is full, so that it can be told while it waits.
    const busy = [await create({ ...LONG, grace: '0s' }), await create({ ...LONG, grace: '0s' })];
    for (const each of busy) await millrace.until(each, 'RUNNING');
    await reset(id);
    await temporal.untilInLine([id]);
    await mutate('abortJob', { id, message: 'not again' });
    expect(await settled(id, 'ABORTED')).toMatchObject({ result: null, reason: { code: 'ABORTED_BY_USER' } });
    for (const each of busy) await mutate('abortJob', { id: each });
  });

  test('of a running job: never two at once, and the second run counts', async () => {
    const gates = scratch.path();
    const id = await create({ type: 'test.steps', payload: { count: 4, everyMs: 10, gates }, grace: '0s' });
    const { attempts } = await millrace.until(id, 'RUNNING');
    const { pid } = attempts.nodes[0];
    await reset(id);
    await eventually('the first one’s process is gone', () => !isAlive(pid));
    for (let step = 1; step <= 4; step++) scratch.open(`${gates}.${step}`);
    const after = await settled(id, 'SUCCEEDED');
    expect(after).toMatchObject({ status: 'SUCCEEDED', result: { steps: 4 } });
    expect(after.attempts.nodes.at(-1).outcome).toBe('SUCCEEDED');
  });
});
