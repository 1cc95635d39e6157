/** The steps of `chaos.steps`, in their order. */
export const STEPS = ['first', 'second', 'third'] as const;
