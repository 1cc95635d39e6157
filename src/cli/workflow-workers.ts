import { type CustomSlotSupplier, type NativeConnection, Worker, type WorkerOptions, type WorkflowSlotInfo } from '@temporalio/worker';
import { Changes } from '../worker/changes.ts';

/** What they have in common. */
type WorkflowWorkerOptions = Omit<WorkerOptions, 'connection' | 'tuner'>;

/**
 * The two SDK workers of an orchestrator. They serve one task queue, and each keeps workflows of its own in memory: the first those that
 * came first, as long as it has room; the second those that come then, of which it drops the one that was idle for longest. The second costs
 * some 80 MiB, and is there only once the first is half full.
 *
 * One worker alone would drop the head of a line that is longer than its room, just those that start next: all of the line would be replayed
 * from Temporal's history when their attempts end. Room for all of it is no way out, for the SDK's core looks through all that a worker
 * keeps whenever that does anything (about 1 ms a job and 1,000 of them).
 *
 * It takes a server that brings a worker no others by its polls for those it keeps: `matching.priorityBacklogForwarding` is off. Where it is
 * on, the two mix, which costs replays and nothing else.
 */
export class WorkflowWorkers {
  readonly #options: WorkflowWorkerOptions;
  readonly #workers: Worker[] = [];
  readonly #ended = Promise.withResolvers<void>();
  readonly #changes = new Changes();
  #isStopping = false;

  private constructor(options: WorkflowWorkerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the first one runs; it has the activities as well.
   *
   * @param another makes the connection of the second: the SDK takes but one worker of a task queue on a connection.
   * @param room for how many workflows each has room.
   */
  static async start(
    options: WorkflowWorkerOptions,
    connection: NativeConnection,
    another: () => Promise<NativeConnection>,
    room = ROOM,
  ): Promise<WorkflowWorkers> {
    const all = new WorkflowWorkers(options);
    let kept = 0;
    const hasRoom = (): boolean => kept < room;
    const first = await all.#add(connection, hasRoom, { maxCachedWorkflows: room + UNDER_WAY });
    let isAlone = true;
    const addSecond = async (): Promise<void> => {
      const own = await another();
      await all.#add(own, () => !hasRoom(), { maxCachedWorkflows: room, enableNonLocalActivities: false });
      await all.ended.finally(() => own.close());
    };
    first.numRunningWorkflowInstances$.subscribe((count) => {
      kept = count;
      all.#changes.tell();
      if (!isAlone || count <= room / 2) return;
      isAlone = false;
      addSecond().catch(all.#ended.reject);
    });
    return all;
  }

  /** Resolves when they have shut down; rejects where one of them has failed. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** How many workflows each of them keeps. */
  get kept(): number[] {
    return this.#workers.map((worker) => worker.getStatus().numCachedWorkflows);
  }

  get activitiesUnderWay(): number {
    return this.#workers[0]!.getStatus().numInFlightActivities;
  }

  shutDown(): void {
    this.#isStopping = true;
    for (const worker of this.#workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  }

  async #add(connection: NativeConnection, takesOthers: () => boolean, more: Partial<WorkerOptions>): Promise<Worker> {
    const worker = await Worker.create({
      ...this.#options,
      ...more,
      connection,
      // Few are cheaper than the SDK's defaults on a machine of few cores, and no slower.
      workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 4 },
      nonStickyToStickyPollRatio: 0.5,
      tuner: {
        workflowTaskSlotSupplier: slotsFor(takesOthers, this.#changes),
        activityTaskSlotSupplier: { type: 'fixed-size', numSlots: ACTIVITIES_AT_ONCE },
        localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
        nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
      },
    });
    this.#workers.push(worker);
    worker.run().then(() => {
      if (this.#workers.every((each) => each.getState() === 'STOPPED')) this.#ended.resolve();
    }, this.#ended.reject);
    if (this.#isStopping) worker.shutdown();
    return worker;
  }
}

/** A task of a workflow that is kept comes by its worker's own queue, "sticky" in the SDK's words, and is always taken; any other only while it `takesOthers`. */
function slotsFor(takesOthers: () => boolean, changes: Changes): CustomSlotSupplier<WorkflowSlotInfo> {
  let taken = 0;
  const take = (isSticky: boolean): object | null => {
    if (taken >= TASKS_AT_ONCE || !(isSticky || takesOthers())) return null;
    taken += 1;
    return {};
  };
  return {
    type: 'custom',
    reserveSlot: async ({ isSticky }, signal) => {
      for (;;) {
        const permit = take(isSticky);
        if (permit) return permit;
        await changes.next(signal);
      }
    },
    tryReserveSlot: ({ isSticky }) => take(isSticky),
    markSlotUsed: () => {},
    releaseSlot: () => {
      taken -= 1;
      changes.tell();
    },
  };
}

const ROOM = 1_000;
/** What the first has polled for, or is at, when its last room is taken. */
const UNDER_WAY = 20;
const TASKS_AT_ONCE = 8;
/** Sweeps and bulk operations can be long, and must not keep a gate's questions waiting. */
const ACTIVITIES_AT_ONCE = 100;
