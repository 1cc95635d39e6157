import { defineJob, FinalError } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'email.send',
  description: 'Sends one e-mail over SMTP. A refusal by the server (5xx) fails the job for good; anything else is retried.',
  payload: z.strictObject({
    to: z.email().describe('The one recipient.'),
    subject: z.string().min(1).max(200).describe('Subject line.'),
    template: z.enum(['welcome', 'receipt', 'reminder']).describe('Which text to send.'),
    smtpUrl: z
      .url({ protocol: /^smtps?$/ })
      .optional()
      .describe('The server, such as smtp://user:password@host:587. Default: MILLRACE_SMTP_URL of the worker.'),
  }),
  defaults: { queue: 'email', timeout: '30s' },
  run: async ({ payload, job, signal, log }) => {
    const smtpUrl = payload.smtpUrl ?? process.env['MILLRACE_SMTP_URL'];
    if (smtpUrl === undefined) throw new FinalError('no SMTP server: set MILLRACE_SMTP_URL for the worker, or smtpUrl in the payload');
    const { createTransport } = await import('nodemailer');
    try {
      const { messageId, response } = await createTransport(smtpUrl).sendMail({
        from: 'Millrace <millrace@localhost>',
        to: payload.to,
        subject: payload.subject,
        text: TEXTS[payload.template],
        // The same id on every attempt, so that a mail sent twice is seen as one.
        messageId: `<${job.id}@millrace>`,
        signal,
      });
      log(response);
      return { messageId, recipient: payload.to, status: 'sent' };
    } catch (error) {
      throw isRefusal(error) ? new FinalError(error.message, { cause: error }) : error;
    }
  },
});

const isRefusal = (error: unknown): error is Error & { responseCode: number } =>
  error instanceof Error && 'responseCode' in error && Number(error.responseCode) >= 500;

const TEXTS = {
  welcome: 'Welcome!\n\nYour account is ready.\n',
  receipt: 'Thank you.\n\nWe have received your payment.\n',
  reminder: 'Hello,\n\nsomething is waiting for your answer.\n',
};
