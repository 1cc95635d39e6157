import { createRequire } from 'node:module';
import type { Worker, WorkerOptions } from 'node:worker_threads';

/**
 * Has the threads in which the SDK runs workflow code start without promise hooks. By those the SDK notes the stack of every
 * promise that a workflow makes, source maps and all, so that Temporal's Web UI can show a "call stack": more than half of what
 * a workflow task costs, and most of what a cached workflow keeps. What a job waits for is said by `waitingFor`.
 *
 * The SDK has no option for it, and a thread takes its flags from the one who starts it: so it is handed another class to start
 * them by. To be called before a worker is created.
 */
export function runWorkflowsWithoutPromiseHooks(): void {
  const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
  const Original = threads.Worker;
  // What imports the module (and does not require it, as the SDK does) keeps the original.
  threads.Worker = class extends Original {
    constructor(file: string | URL, options?: WorkerOptions) {
      super(file, { ...options, execArgv: ['--disable-warning=ExperimentalWarning', '--import', PRELOAD] });
    }
  };
}

const PRELOAD = new URL('./no-promise-hooks.ts', import.meta.url).href;
