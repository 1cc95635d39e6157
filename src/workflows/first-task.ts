import { patched } from '@temporalio/workflow';

/**
 * Has a run that begins with nothing to do but wait leave an event all the same.
 *
 * The SDK takes a workflow task without any command for one that only bought time, and puts what follows it into the same
 * step, but, in a replay, not where an Update follows. So an Update that another orchestrator than the first has dealt with would
 * come in another step when a third one replays it, its answer in another order with what the job does then: not deterministic,
 * and the job stuck for ever. A task with an event is a step of its own for all of them.
 */
export function fillFirstTask(): void {
  // A patch and not any other command: runs that began without it have no such event.
  patched('first-task-has-an-event');
}
