import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Lines that stay and, below them, some that are drawn anew. Where nobody watches (a pipe, a file) all of them stay. */
export class Screen {
  readonly isLive: boolean;
  readonly #out: NodeJS.WriteStream;
  #drawn: string[] = [];

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.isLive = out.isTTY;
    // Whoever read it has gone (`| head`): the demo still ends in good order.
    out.on('error', () => {});
  }

  say(line: string): void {
    const below = this.#drawn;
    this.#erase();
    this.#out.write(`${line}\n`);
    if (this.isLive) this.draw(below);
  }

  /** Puts these lines in the place of those drawn before. */
  draw(lines: readonly string[]): void {
    this.#erase();
    // One that wraps would be two when it is erased.
    const width = this.isLive ? this.#out.columns - 1 : Infinity;
    this.#drawn = lines.map((line) =>
      stripVTControlCharacters(line).length <= width ? line : stripVTControlCharacters(line).slice(0, width),
    );
    this.#out.write(this.#drawn.map((line) => `${line}\n`).join(''));
  }

  /** What is drawn now stays. */
  leave(): void {
    this.#drawn = [];
  }

  /** In colour where the terminal has it. */
  readonly paint = (style: Style, text: string): string => (this.isLive ? styleText(style, text, { stream: this.#out }) : text);

  #erase(): void {
    if (this.isLive && this.#drawn.length > 0) this.#out.write(`\u001B[${this.#drawn.length}A\u001B[0J`);
    this.#drawn = [];
  }
}
