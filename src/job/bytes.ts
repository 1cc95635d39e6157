/** Parses `512MiB`, `2GB`, `1024` to bytes; undefined where the text is none. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(B|[KMGT]i?B)?$/.exec(text);
  if (!match) return undefined;
  const bytes = Math.round(Number(match[1]) * (FACTORS[match[2] ?? 'B'] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** For people: `1.5 GiB`, `301.2 MiB`. */
export function formatBytes(bytes: number): string {
  const unit = (['GiB', 'MiB', 'KiB'] as const).find((name) => bytes >= FACTORS[name]!) ?? 'B';
  return `${Number((bytes / FACTORS[unit]!).toFixed(1))} ${unit}`;
}

const FACTORS: Record<string, number> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
