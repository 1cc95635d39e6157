/** Ways to draw, from one source. */
export const choices = (random: () => number) => {
  const upTo = (count: number): number => Math.floor(random() * count);
  return { upTo, among: <T>(items: readonly T[]): T => items[upTo(items.length)]!, chance: (share: number): boolean => random() < share };
};
