import { CancellationScope } from '@temporalio/workflow';

/**
 * Begins what a cancel in Temporal's Web UI is not to cut off: such a cancel reaches whatever a message has begun, while the job itself goes on
 * to its end (job.ts).
 *
 * It answers with the very promise that was begun: that of the scope is settled some turns later, in which runs of before have gone on.
 */
export function shielded<T>(begin: () => Promise<T>): Promise<T> {
  let begun!: Promise<T>;
  void CancellationScope.nonCancellable(async () => void (begun = begin()));
  return begun;
}
