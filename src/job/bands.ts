/**
 * Where an attempt stands in line: the Temporal priority key it is dispatched with.
 *
 * 1 is served first; inside a band, who has been in it longest. The server is configured for exactly these fifteen
 * (`matching.priorityLevels`).
 */
export const BANDS = 15;

/** The lowest and the highest priority a client can give. Regular jobs have the lowest. */
export const PRIORITY = { min: 1, max: 10, regular: 1 } as const;

/** The first this many losses of a job put it before all others; after that it may be the job that kills its hosts. */
export const LOSSES_SERVED_FIRST = 2;

export type Standing = {
  priority: number;
  forced: boolean;
  halts: number;
  losses: number;
  /** How the attempt before this one ended, where that moves the next one. */
  after: 'HALTED' | 'LOST' | undefined;
  /** What the attempt does in a job of many steps that has begun. */
  step?: 'undo' | 'later' | 'last' | undefined;
};

/** The smallest band that applies, 1 to 15. */
export function bandOf({ priority, forced, halts, losses, after, step }: Standing): number {
  if (step === 'undo' || (after === 'LOST' && losses <= LOSSES_SERVED_FIRST)) return PROBLEMS_BAND;
  if (forced) return FORCED_BAND;
  if (after === 'HALTED' && halts === 1) return HALTED_ONCE_BAND;
  // What has begun is finished before anything new is started.
  if (step === 'last') return LAST_STEP_BAND;
  if (step === 'later') return LATER_STEP_BAND;
  return bandOfPriority(priority);
}

/** Priority 10…1 is band 6…15. */
export const bandOfPriority = (priority: number): number => BANDS + PRIORITY.min - priority;

const PROBLEMS_BAND = 1;
const FORCED_BAND = 2;
const HALTED_ONCE_BAND = 3;
const LAST_STEP_BAND = 4;
const LATER_STEP_BAND = 5;
