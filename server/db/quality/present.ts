import type { LeaveReason } from '../../rooms/call-journal.ts';
import type { PresentParticipant } from '../../stats/asking/stats-records.ts';

/** Somebody who was in a session. */
export interface PresentRow {
  id: string;
  user_id: string;
  display_name: string;
  joined_at: Date;
  left_at: Date | null;
  leave_reason: LeaveReason | null;
  hidden: boolean;
}

export const presentOf = (row: PresentRow): PresentParticipant => ({
  id: row.id,
  userId: row.user_id,
  displayName: row.display_name,
  joinedAt: row.joined_at,
  leftAt: row.left_at ?? undefined,
  leaveReason: row.leave_reason ?? undefined,
  hidden: row.hidden,
});
