import type { JobLife } from './job-life.ts';

/** Why the job is where it is, for its page in Temporal's Web UI. */
export function sentence(job: JobLife): string {
  const counted = `${job.failures} failures, ${job.halts} halts, ${job.losses} losses so far.`;
  switch (job.status) {
    case 'WAITING':
      return `Waits for ${job.missing.length} jobs: ${job.missing.slice(0, 10).join(', ')}. ${counted}`;
    case 'HELD':
      return `On hold, until it is released. ${counted}`;
    case 'QUEUED':
      if (job.atGate) return `Waits to be let in at the gate ${job.atGate.gate}, in band ${job.band}. ${counted}`;
      return `In line in pool ${job.spec.pool}, band ${job.band} (1 is served first), or running: see the pending activity. ${counted}`;
    case 'ROLLING_BACK':
      return `Undoes its step ${job.steps[job.step]?.name}. ${counted}`;
    case 'SCHEDULED':
      return `Waits for its ${job.attemptsEnded > 0 ? 'next try' : 'start time'} until ${new Date(job.startsAt ?? 0).toISOString()}. ${counted}`;
    default:
      return `${job.status}. ${counted}`;
  }
}
