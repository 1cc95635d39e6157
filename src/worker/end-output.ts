import { writeSync } from 'node:fs';
import { endOfOutput } from './protocol.ts';

/**
 * Ends an attempt's output, after what the streams still hold, for they write only as fast as a pipe takes it; past them where the
 * handler has closed them.
 */
export async function endOutput(number: number): Promise<void> {
  const mark = endOfOutput(number);
  await Promise.all(
    outputs.map(({ fd, stream, write }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const past = (): void => {
        try {
          writeSync(fd, mark);
        } catch {
          // Closed for good: the supervisor sees the pipe's end.
        }
        resolve();
      };
      if (!stream.writable) past();
      else {
        while (stream.writableCorked > 0) stream.uncork();
        write(mark, (error) => (error ? past() : resolve()));
      }
      return promise;
    }),
  );
}

/** With their own `write`, from before any handler may put another in its place. */
const outputs = [process.stdout, process.stderr].map((stream, index) => ({ fd: index + 1, stream, write: stream.write.bind(stream) }));
