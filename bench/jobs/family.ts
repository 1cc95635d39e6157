import { spawn } from 'node:child_process';
import { defineJob } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'family',
  description: 'Burns CPU for ever, and starts a shell in a session of its own that does the same.',
  payload: z.strictObject({}),
  run: () => {
    spawn('/bin/sh', ['-c', "trap '' TERM; while :; do :; done"], { detached: true, stdio: 'ignore' });
    for (;;);
  },
});
