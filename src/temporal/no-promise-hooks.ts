import { promiseHooks } from 'node:v8';

// The SDK takes this for a Node without promise hooks, and goes on without stack traces.
promiseHooks.createHook = () => {
  throw new Error('promise hooks are off in this thread');
};
