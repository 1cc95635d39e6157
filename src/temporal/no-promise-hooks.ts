import { promiseHooks } from 'node:v8';

// The SDK takes this for a Node without promise hooks, and goes on without stack traces.
promiseHooks.createHook = () => {
  throw new Error('promise hooks are off in this thread');
};

// It says so, in words that are no line of a log in JSON.
const { warn } = console;
console.warn = (...said: unknown[]): void => {
  if (String(said[0]).startsWith('v8.promiseHooks.createHook is not available')) console.warn = warn;
  else warn(...said);
};
