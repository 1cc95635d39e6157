/** One measured figure, as it is printed and kept. */
export type Figure = {
  name: string;
  value: string;
  /** `stated` where nothing was promised. */
  bar: string;
  ok: boolean | undefined;
  spread: string;
  /** What it is and how it was measured, for the reader of bench/README.md. */
  how: string;
  /** More that was seen on the way. */
  notes?: string[];
  /** What is many figures: a row each, the first one its heads. `value` says what there is. */
  table?: string[][];
};

/** What every bench is given. */
export type Setting = {
  temporal: { address: string; pids: number[] };
  pairs: number | undefined;
  /** A trial run: few samples, nothing is kept. */
  short: boolean;
  say: (line: string) => void;
};

export type Bench = (setting: Setting) => Promise<Figure[]>;
