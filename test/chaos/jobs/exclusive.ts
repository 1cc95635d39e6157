import { defineJob } from 'millrace';
import { payload, work } from './work.ts';

export default defineJob({
  name: 'chaos.exclusive',
  description: 'Work of which one job at a time may run.',
  payload,
  defaults: { exclusive: true },
  run: (context) => work(context),
});
