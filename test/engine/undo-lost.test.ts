import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo } from './fixtures/orders.ts';
import { FAULT_JOBS, Scratch } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
const scratch = new Scratch();
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_JOBS: FAULT_JOBS } });
});
afterAll(async () => {
  await millrace.stop();
  scratch.remove();
});

const FIELDS = `status halts losses failures rollback reason { code message } steps { name status }
  attempts { nodes { number step undo outcome } } events { nodes { kind status } }`;

/** A job whose first undo runs and does not end by itself. */
async function undoing(input: Record<string, unknown> = {}): Promise<{ id: string; pid: number; file: string; open: () => void }> {
  const [file, gate] = [scratch.path(), scratch.path()];
  // What must not run twice is a step, not its undo. The deadline does not count any more.
  const id = await millrace.create({ type: 'test.undo', payload: { file, gate }, maxHalts: 1, onLost: 'FAIL', deadline: '1h', ...input });
  await eventually('its undo runs', () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
  await millrace.until(id, ({ status, attemptCount }) => status === 'ROLLING_BACK' && attemptCount === 3);
  const { lastAttempt } = await millrace.job(id, 'lastAttempt { number pid undo }');
  expect(lastAttempt).toMatchObject({ number: 3, undo: true });
  return { id, pid: lastAttempt.pid, file, open: () => scratch.open(gate) };
}

async function undoneAfter(
  { id, file, open }: { id: string; file: string; open: () => void },
  outcome: 'HALTED' | 'LOST' | 'TIMED_OUT',
): Promise<any> {
  open();
  expect(await millrace.untilFinal(id)).toMatchObject({ status: 'FAILED' });
  const job = await millrace.job(id, FIELDS);
  expect(job).toMatchObject({
    rollback: 'DONE',
    reason: { code: 'HANDLER_ERROR', message: 'as asked' },
    steps: [
      { name: 'first', status: 'UNDONE' },
      { name: 'second', status: 'FAILED' },
    ],
    attempts: {
      nodes: [
        { step: 'first', undo: false, outcome: 'SUCCEEDED' },
        { step: 'second', undo: false, outcome: 'FAILED' },
        { step: 'first', undo: true, outcome },
        { step: 'first', undo: true, outcome: 'SUCCEEDED' },
      ],
    },
  });
  // The job's deadline does not count any more, a timeout does.
  const until = outcome === 'TIMED_OUT' ? 'in time' : 'without a deadline';
  expect(readFileSync(file, 'utf8')).toBe(`undo 3 ${until}\nundo 4 ${until}\n`);
  // From then on it is never anything else before its end.
  const shown: string[] = job.events.nodes.filter(({ kind }: any) => kind !== 'UNDO_ENDED').map(({ status }: any) => status);
  expect(new Set(shown.slice(shown.indexOf('ROLLING_BACK'), -1))).toEqual(new Set(['ROLLING_BACK']));
  return job;
}

test('an undo whose runner is killed runs again, in band 1, and the job ends as it would have', async () => {
  const job = await undoing();
  const halted = millrace.until(job.id, ({ halts }) => halts === 1);
  process.kill(job.pid, 'SIGKILL');
  expect(await halted).toMatchObject({ status: 'ROLLING_BACK', band: 1 });
  expect(await undoneAfter(job, 'HALTED')).toMatchObject({ halts: 1, losses: 0, failures: 1 });
});

test('an undo has a timeout of its own, and is tried again after it although a step of the job would not', async () => {
  const job = await undoing({ timeout: '10s', grace: '0s', retry: { delay: '10ms' } });
  expect(await undoneAfter(job, 'TIMED_OUT')).toMatchObject({ halts: 0, losses: 0, failures: 2 });
});

test('abort with rollback: false kills the undo that runs, and leaves what is not undone', async () => {
  const { id, pid } = await undoing();
  expect(await millrace.job(id, 'waitingFor { kind }')).toEqual({ waitingFor: null });
  expect((await ordersTo(millrace).abort(id, { rollback: false, grace: '0s', message: 'leave it' })).codes).toEqual([]);
  expect(await millrace.untilFinal(id)).toMatchObject({
    status: 'ABORTED',
    reason: { code: 'ABORTED_BY_USER', message: expect.stringContaining('leave it') as string },
  });
  expect(isAlive(pid)).toBe(false);
  const job = await millrace.job(id, FIELDS);
  expect(job).toMatchObject({ rollback: 'INCOMPLETE', steps: [{ status: 'UNDO_FAILED' }, { status: 'FAILED' }] });
  expect(job.attempts.nodes).toHaveLength(3);
  expect(job.attempts.nodes.at(-1)).toMatchObject({ step: 'first', undo: true, outcome: 'ABORTED' });
});

test('an undo whose worker is killed runs again when it is back, in band 1, although a step of the job would not', async () => {
  const job = await undoing();
  const lost = millrace.until(job.id, ({ losses }) => losses === 1);
  await millrace.role('worker').kill();
  await millrace.startRole('worker');
  expect(await lost).toMatchObject({ status: 'ROLLING_BACK', band: 1 });
  expect(await undoneAfter(job, 'LOST')).toMatchObject({ halts: 0, losses: 1, failures: 1 });
});
