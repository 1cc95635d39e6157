import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { API_JOBS } from './fixtures/paths.ts';
import { told } from './fixtures/told.ts';
import { Millrace } from './millrace.ts';

/** One job of each kind, which nothing moves any more. */
let millrace: Millrace;
let ids: Record<'succeeded' | 'failed' | 'halted' | 'running', string>;
let workerId: string;

beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: API_JOBS } });
  const create = (input: Record<string, unknown>) => millrace.create({ type: 'sleep', payload: { ms: 0 }, ...input });
  ids = {
    succeeded: await create({ id: 'done-1' }),
    failed: await create({ id: 'Failed-1', type: 'fail', payload: { times: 1, final: true } }),
    halted: await create({ id: 'halted_1', type: 'crash', payload: { how: 'exit', times: 1 } }),
    running: await create({ id: 'running-1', payload: { ms: 600_000 }, grace: '0s' }),
  };
  await Promise.all([
    millrace.until(ids.succeeded, 'SUCCEEDED'),
    millrace.until(ids.failed, 'FAILED'),
    millrace.until(ids.halted, 'SUCCEEDED'),
    millrace.until(ids.running, 'RUNNING'),
  ]);
  workerId = (await millrace.client.data('{ workers { id } }'))['workers'][0].id;
});
afterAll(() => millrace.stop());

describe('what can be run', () => {
  test('is listed by name, with what a payload must be and what a job of it has by default', async () => {
    const { jobTypes } = await millrace.client.data(
      '{ jobTypes { name description payloadSchema pools defaults { timeout grace maxHalts retry { maxAttempts delay backoff maxDelay jitter } } } }',
    );
    expect(jobTypes.map(({ name }: { name: string }) => name)).toEqual([
      'cpu.burn',
      'crash',
      'fail',
      'sleep',
      'test.anything',
      'test.steps',
    ]);
    expect(jobTypes[0]).toMatchObject({
      description: expect.stringContaining('CPU') as string,
      payloadSchema: {
        type: 'object',
        properties: { ms: { type: 'integer', minimum: 0, maximum: 86_400_000 } },
        required: ['ms'],
        additionalProperties: false,
      },
      pools: ['default'],
      defaults: {
        timeout: null,
        grace: '5s',
        maxHalts: 3,
        retry: { maxAttempts: 3, delay: '1s', backoff: 2, maxDelay: '1h', jitter: true },
      },
    });
    expect(jobTypes[0].payloadSchema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(jobTypes[1].payloadSchema.properties.how.enum).toEqual(['exit', 'kill', 'oom']);
    // A default of the schema is the handler's to fill in, not the client's to give.
    expect(jobTypes[2].payloadSchema.required).toEqual(['times']);
  });

  test('is known of a job', async () => {
    expect(await millrace.job(ids.failed, 'jobType { name pools } options { grace retry { maxAttempts } }')).toEqual({
      jobType: { name: 'fail', pools: ['default'] },
      options: { grace: '5s', retry: { maxAttempts: 3 } },
    });
  });
});

describe('the workers', () => {
  const list = async (variables: Record<string, unknown> = {}): Promise<any[]> =>
    (
      await millrace.client.data(
        'query ($pool: String, $status: [WorkerStatus!]) { workers(pool: $pool, status: $status) { id host pool pid slots busy status jobTypes problems startedAt lastSeenAt drainsUntil cpuPercent memoryBytes running { job { id } number outcome } } }',
        variables,
      )
    )['workers'];

  test('are listed with what they are and what they do', async () => {
    await eventually('the worker has measured itself, and says what it does', async () => {
      const [{ cpuPercent, busy }] = await list();
      return cpuPercent !== null && busy === 1;
    });
    expect(await list()).toEqual([
      {
        id: workerId,
        host: expect.stringMatching(/./) as string,
        pool: 'default',
        pid: millrace.role('worker').pid,
        slots: 2,
        busy: 1,
        status: 'RUNNING',
        jobTypes: expect.arrayContaining(['cpu.burn', 'crash', 'fail', 'sleep', 'test.anything', 'test.steps']) as string[],
        problems: [],
        startedAt: expect.stringMatching(/Z$/) as string,
        lastSeenAt: expect.stringMatching(/Z$/) as string,
        drainsUntil: null,
        cpuPercent: expect.any(Number) as number,
        memoryBytes: expect.any(Number) as number,
        running: [{ job: { id: ids.running }, number: 1, outcome: null }],
      },
    ]);
  });

  test('are found by pool and by status', async () => {
    expect((await list({ pool: 'default', status: ['RUNNING', 'LOST'] })).map(({ id }) => id)).toEqual([workerId]);
    expect(await list({ pool: 'nobody' })).toEqual([]);
    expect(await list({ status: ['STOPPED', 'DRAINING'] })).toEqual([]);
    expect(await list({ status: [] })).toEqual([]);
  });

  test('are known of the attempts they ran', async () => {
    expect(
      (await millrace.job(ids.succeeded, 'lastAttempt { id number outcome workerId durationMs worker { id status } job { id } }'))
        .lastAttempt,
    ).toEqual({
      id: `${ids.succeeded}/1`,
      number: 1,
      outcome: 'SUCCEEDED',
      workerId,
      durationMs: expect.any(Number) as number,
      worker: { id: workerId, status: 'RUNNING' },
      job: { id: ids.succeeded },
    });
  });
});

test('the server says what it is and what it is connected to, and that nothing is lacking', async () => {
  const { serverInfo } = await millrace.client.data(
    '{ serverInfo { version temporalAddress temporalVersion temporalUiUrl priorityLevels degraded { part message } journal } }',
  );
  expect(serverInfo).toMatchObject({
    version: '0.1.0',
    temporalAddress: millrace.env['TEMPORAL_ADDRESS'],
    temporalUiUrl: null,
    priorityLevels: 15,
    degraded: [],
    journal: `sqlite ${millrace.dataDir}/journal.db`,
  });
  const [major, minor] = serverInfo.temporalVersion.split('.').map(Number);
  expect(major * 1_000 + minor).toBeGreaterThanOrEqual(1_032);
});

test('one job is null where there is none, whatever the id', async () => {
  for (const id of ['no-such', '', 'a b', 'x'.repeat(10_000), "' or 1=1 --"]) expect(await millrace.job(id)).toBeNull();
});

test('a job’s attempts and events go page by page, first one first', async () => {
  const { attempts, events } = await millrace.job(
    ids.halted,
    'attempts(first: 1) { nodes { number outcome exitCode } pageInfo { hasNextPage endCursor } } events(first: 3) { nodes { kind } pageInfo { hasNextPage endCursor } }',
  );
  expect(attempts.nodes).toEqual([{ number: 1, outcome: 'HALTED', exitCode: 1 }]);
  const { job } = await millrace.client.data(
    'query ($id: ID!, $attempt: String, $event: String) { job(id: $id) { attempts(after: $attempt) { nodes { number outcome } pageInfo { hasNextPage } } events(after: $event) { nodes { kind } pageInfo { hasNextPage } } } }',
    { id: ids.halted, attempt: attempts.pageInfo.endCursor, event: events.pageInfo.endCursor },
  );
  expect(job.attempts).toEqual({ nodes: [{ number: 2, outcome: 'SUCCEEDED' }], pageInfo: { hasNextPage: false } });
  expect(told([...events.nodes, ...job.events.nodes])).toEqual(
    told(['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'HALTED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED']),
  );
});

describe('a query right after a mutation sees it, twenty times in a row', () => {
  const after = async (mutation: string, input: Record<string, unknown>): Promise<any> => {
    const inputType = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!`;
    const answer = await millrace.client.data(`mutation ($input: ${inputType}) { ${mutation}(input: $input) { userErrors { code } } }`, {
      input,
    });
    expect(answer[mutation].userErrors).toEqual([]);
    return millrace.job(input['id'] as string, 'status priority forced reason { message }');
  };

  test('createJob, setJobPriority, forceStartJob and abortJob', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const id = `seen-${turn}`;
      expect(await after('createJob', { id, type: 'sleep', payload: { ms: 0 }, pool: 'nobody' })).toMatchObject({
        status: 'QUEUED',
        priority: 1,
      });
      const { jobs } = await millrace.client.data('query ($id: String) { jobs(filter: { idPrefix: $id }) { nodes { id } } }', { id });
      expect(jobs.nodes.map((job: { id: string }) => job.id)).toContain(id);
      expect(await after('setJobPriority', { id, priority: 2 + (turn % 9) })).toMatchObject({ priority: 2 + (turn % 9) });
      expect(await after('forceStartJob', { id })).toMatchObject({ forced: true });
      expect(await after('abortJob', { id, message: `turn ${turn}` })).toMatchObject({
        status: 'ABORTED',
        reason: { message: `turn ${turn}` },
      });
    }
  });
});
