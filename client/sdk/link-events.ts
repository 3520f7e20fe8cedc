import type { Result } from '../../server/protocol/methods.ts';
import type { Notification } from '../../server/protocol/notifications.ts';
import type { ReportedTransport } from '../../server/protocol/stats-report.ts';
import type { SignallingError } from './errors.ts';

/** What a link tells its room. */
export type LinkEvents = {
  notification: [Notification];
  /** The signalling broke; media may go on. */
  interrupted: [];
  /** The signalling is back; what has happened meanwhile is in the result. */
  resumed: [Result<'resume'>];
  /** The transport that receives has been replaced: what arrived by it has ended, and can be asked for again. */
  receivingAnew: [];
  /** Another access token has taken the place of the former one, or could not. */
  problem: [unknown];
  /** What the browser's statistics say now. */
  statistics: [readonly ReportedTransport[]];
  /** With a problem, there is no coming back. */
  close: [problem?: SignallingError];
};
