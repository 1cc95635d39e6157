/** Parses `250ms`, `30s`, `5m`, `2h`, `1d` or a sum of them (`1h30m`) to ms; undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) ms += Number(amount) * UNIT_MS[unit as Unit];
  return ms <= MAX_DURATION_MS ? Math.round(ms) : undefined;
}

/** The shortest form that {@link parseDuration} reads back to the same number of ms. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const unit of UNITS) {
    const amount = Math.floor(rest / UNIT_MS[unit]);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * UNIT_MS[unit];
  }
  return text;
}

type Unit = keyof typeof UNIT_MS;
const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const UNITS = Object.keys(UNIT_MS) as Unit[];
/** Ten years: longer is a slip of the keyboard, and would pass what a timer can hold. */
export const MAX_DURATION_MS = 3650 * UNIT_MS.d;
